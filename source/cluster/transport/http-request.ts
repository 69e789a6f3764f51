/** HTTP requests on an open socket, by Node's HTTP client. */
import type {ClientRequest, IncomingHttpHeaders, IncomingMessage} from 'node:http';
import process from 'node:process';
import {pipeline, Readable, type Duplex} from 'node:stream';
import {createGunzip} from 'node:zlib';
import {afterTurns, systemClock} from '../../async/clock.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {assertMaxInterim} from '../../wire/response-head.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import type {RequestHeaders} from '../credentials/request-headers.ts';
import type {RequestOptions} from '../connection.ts';
import {noop} from './noop.ts';
import type {SingleSocketAgent} from './single-socket-agent.ts';

// Not by `import`, which would load lazy exports too: see single-socket-agent.ts.
const {request: httpRequest} = process.getBuiltinModule('node:http');

export type OutgoingRequest = {
	method: string;
	/** Request target; in absolute form for a plain HTTP proxy. */
	target: string;
	headers: RequestHeaders;
	body?: RequestOptions['body'];
	signal?: AbortSignal | undefined;
	/** Time for the response head, counted from the last byte of a streamed request body; 0 means no limit. */
	timeoutMs: number;
	peerName: string;
};

export type ResponseStart = {status: number; statusText: string; headers: IncomingHttpHeaders};

export type HttpResult =
	(ResponseStart & {kind: 'response'; body: Readable}) | (ResponseStart & {kind: 'upgrade'; socket: Duplex; head: Buffer});

/**
Resolves at the response head.
@throws SpokeError ERR_APISERVER_TIMEOUT, ERR_APISERVER_UNREACHABLE, ERR_CLIENT_CERTIFICATE; the signal's reason
*/
export async function sendHttpRequest(
	agent: SingleSocketAgent,
	{method, target, headers, body, signal, timeoutMs, peerName}: OutgoingRequest,
): Promise<HttpResult> {
	signal?.throwIfAborted();
	const {promise, resolve, reject} = Promise.withResolvers<HttpResult>();
	const request = httpRequest({
		agent,
		method,
		path: target,
		headers: withBodyLength(headers, body) as Record<string, string | string[]>,
		setHost: false,
		setDefaultHeaders: true,
	});
	const timer =
		timeoutMs > 0
			? setTimeout(() => {
					request.destroy(responseTimeoutError(peerName, timeoutMs));
				}, timeoutMs)
			: undefined;
	const aborted = () => {
		request.destroy(signal!.reason as Error);
	};

	signal?.addEventListener('abort', aborted, {once: true});
	let interimCount = 0;
	request.on('information', () => {
		interimCount++;
		try {
			assertMaxInterim(interimCount);
		} catch (error) {
			request.destroy(error as Error);
		}
	});
	request.once('response', message => {
		message.once('close', () => signal?.removeEventListener('abort', aborted));
		resolve({kind: 'response', ...startOf(message), body: message});
	});
	request.once('upgrade', (message, socket: Duplex, head) => {
		signal?.removeEventListener('abort', aborted);
		resolve({kind: 'upgrade', ...startOf(message), socket, head});
	});
	request.on('error', error => {
		signal?.removeEventListener('abort', aborted);
		// Node reports only the socket when a request body fails.
		const reason = body instanceof Readable && body.errored instanceof SpokeError ? body.errored : error;
		reject(requestError(reason, peerName, signal));
	});
	sendBody(request, body, () => timer?.refresh());
	try {
		return await promise;
	} finally {
		clearTimeout(timer);
	}
}

/** Node omits the length for GET, HEAD, DELETE and OPTIONS: the server would take the body for the next request. */
function withBodyLength(headers: RequestHeaders, body: RequestOptions['body']): RequestHeaders {
	const isFramed = Object.keys(headers).some(name => ['content-length', 'transfer-encoding'].includes(name.toLowerCase()));
	if (body === undefined || isFramed) {
		return headers;
	}

	return body instanceof Readable
		? {...headers, 'Transfer-Encoding': 'chunked'}
		: {...headers, 'Content-Length': String(Buffer.byteLength(body))};
}

function startOf({statusCode, statusMessage, headers}: IncomingMessage): ResponseStart {
	return {status: statusCode!, statusText: statusMessage ?? '', headers};
}

/** A stream can be sent only once. */
export function isReplayable({body}: {body?: RequestOptions['body']}): boolean {
	return !(body instanceof Readable);
}

function sendBody(request: ClientRequest, body: RequestOptions['body'], onSent: () => void): void {
	if (body instanceof Readable) {
		pipeline(body, request, noop);
		body.on('data', onSent);
	} else {
		request.end(body);
	}
}

export function responseTimeoutError(peerName: string, timeoutMs: number): SpokeError {
	return new SpokeError('ERR_APISERVER_TIMEOUT', `${peerName} did not respond within ${timeoutMs / 1000} s`);
}

/** Turns `wholeTimeoutMs` into an abort, for a request that waits for no other. */
export function withWholeTimeout({wholeTimeoutMs, ...options}: RequestOptions): RequestOptions {
	if (wholeTimeoutMs === undefined) {
		return options;
	}

	const limit = new AbortController();
	afterTurns(systemClock, wholeTimeoutMs, () => {
		limit.abort(new DOMException('The response took too long', 'TimeoutError'));
	});
	return {...options, signal: options.signal ? AbortSignal.any([options.signal, limit.signal]) : limit.signal};
}

export function requestError(error: NodeJS.ErrnoException, peerName: string, signal: AbortSignal | undefined): Error {
	if (error instanceof SpokeError || signal?.aborted) {
		return error;
	}

	// With TLS 1.3 a server rejects a client certificate only after the handshake, by an alert.
	const alert =
		/alert (bad certificate|unsupported certificate|certificate revoked|certificate expired|certificate unknown|unknown ca|certificate required)/i.exec(
			error.message,
		);
	if (alert) {
		return new SpokeError(
			'ERR_CLIENT_CERTIFICATE',
			`${peerName} refused the client certificate: remote error: tls: ${alert[1]!.toLowerCase()}`,
			{leg: 1, text: error.message, cause: error},
		);
	}

	// A numeric code is the abort of another request on the socket.
	const code = typeof error.code === 'string' ? error.code : '';
	const text = lossText(code, error.message);
	return code.startsWith('HPE_')
		? new SpokeError('ERR_PROTOCOL', `${peerName} does not speak HTTP/1.1: ${error.message}`, {text: error.message, cause: error})
		: new SpokeError('ERR_APISERVER_UNREACHABLE', `the connection to ${peerName} was lost: ${text}`, {text, cause: error});
}

function lossText(code: string, message: string): string {
	switch (code) {
		case 'ECONNRESET': {
			return message === 'socket hang up' ? 'EOF' : 'connection reset by peer';
		}

		case 'EPIPE': {
			return 'broken pipe';
		}

		default: {
			return message;
		}
	}
}

export function decompressBody(body: Readable, headers: IncomingHttpHeaders): Readable {
	if (headers['content-encoding']?.toLowerCase() !== 'gzip') {
		return body;
	}

	delete headers['content-encoding'];
	delete headers['content-length'];
	const plain = createGunzip();
	pipeline(body, plain, noop);
	return plain;
}

const maxPauseMs = 30_000;

/**
@throws SpokeError ERR_PROTOCOL beyond `maxBytes` (after decompression); ERR_APISERVER_UNREACHABLE for a truncated body;
ERR_APISERVER_TIMEOUT
*/
export async function readFully(body: Readable, maxBytes: number, peerName: string, pauseMs = maxPauseMs): Promise<Buffer> {
	const collected = new ByteCollector(maxBytes);
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const timer = setTimeout(() => {
		body.destroy(
			new SpokeError(
				'ERR_APISERVER_TIMEOUT',
				`the response of ${peerName} stopped after ${collected.length} bytes: no more data for ${pauseMs / 1000} s`,
			),
		);
	}, pauseMs);
	// The first iterator over a stream costs milliseconds.
	body.on('data', (chunk: Buffer) => {
		timer.refresh();
		if (!collected.add(chunk)) {
			body.destroy(new SpokeError('ERR_PROTOCOL', `the response of ${peerName} is larger than ${maxBytes} bytes`));
		}
	});
	const closed = () => {
		reject(body.errored ?? new Error('aborted'));
	};

	body.once('end', resolve).once('error', reject).once('close', closed);
	if (body.destroyed) {
		closed();
	}

	try {
		await promise;
	} catch (error) {
		throw error instanceof SpokeError || (error as Error).name === 'AbortError'
			? error
			: new SpokeError('ERR_APISERVER_UNREACHABLE', `the response of ${peerName} was truncated: ${(error as Error).message}`, {
					cause: error,
				});
	} finally {
		clearTimeout(timer);
	}

	return collected.take();
}
