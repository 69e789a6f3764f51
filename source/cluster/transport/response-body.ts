/** Body of a response, and the errors and retries of its request. */
import type {IncomingHttpHeaders} from 'node:http';
import {pipeline, Readable} from 'node:stream';
import {createGunzip} from 'node:zlib';
import {isSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
import {noop} from './dial-tcp.ts';
import {anySignal, afterTurns, systemClock} from '../../base/async/clock.ts';
import type {RequestOptions, ApiResponse} from '../cluster-client.ts';

const maxBufferedBytes = 256 * 1024;

/** A page of 5,000 pods has about 40 MiB. */
export const maxObjectBytes = 256 * 1024 * 1024;

/** Of an error response whose object is parsed; a longer one is an error itself. */
export const maxErrorBytes = 1024 * 1024;

/** Of an error response whose beginning is enough. */
export const maxErrorPrefixBytes = 64 * 1024;

/** Of an HTML page, whose title names its sender. */
export const maxWebPagePrefixBytes = 8 * 1024;

/** Ample, because the body of an error response follows its head at once. */
const prefixTimeoutMs = 10_000;

/** As client-go. @see k8s.io/client-go rest/with_retry.go */
export const maxRetries = 10;
/** A request that should wait longer fails. */
export const maxRetryAfterMs = 60_000;

/** A stream with fewer chunks than the response has: a followed log has one per line. */
export class ResponseBody extends Readable {
	readonly #flow: {pause(): void; resume(): void} | null;
	readonly #onDestroyed: () => void;
	#bytes: Buffer | undefined;
	#from = 0;
	#to = 0;

	/** `flow`: the socket or HTTP/2 stream, paused while the reader is behind; `null` buffers the whole body. */
	constructor(flow: {pause(): void; resume(): void} | null, onDestroyed: () => void) {
		super({highWaterMark: maxBufferedBytes});
		this.#flow = flow;
		this.#onDestroyed = onDestroyed;
		// Without a listener a truncation would end the process.
		this.on('error', noop);
	}

	/** Collects bytes; until `flush`, earlier bytes of the buffer may be overwritten. */
	gather(bytes: Buffer, from: number, to: number): void {
		if (bytes !== this.#bytes) {
			this.flush();
			this.#bytes = bytes;
			this.#from = from;
			this.#to = from;
		}

		if (this.#to < from) {
			bytes.copyWithin(this.#to, from, to);
		}

		this.#to += to - from;
	}

	flush(): void {
		const bytes = this.#bytes;
		this.#bytes = undefined;
		if (bytes && this.#to > this.#from) {
			this.add(bytes.subarray(this.#from, this.#to));
		}
	}

	/** Unlike those of `gather`, these bytes must not be overwritten. */
	add(bytes: Buffer): void {
		if (!this.push(bytes)) {
			this.#flow?.pause();
		}
	}

	finish(): void {
		this.flush();
		this.push(null);
	}

	fail(error: Error): void {
		this.flush();
		// Bytes pushed in this turn stay readable until the next one.
		setImmediate(() => {
			this.destroy(error);
		});
	}

	override _read(): void {
		this.#flow?.resume();
	}

	override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
		this.#onDestroyed();
		callback(error);
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
		reject(body.errored ?? new ConnectionClosedError({inResponse: true}));
	};

	body.once('end', resolve).once('error', reject).once('close', closed);
	if (body.destroyed) {
		closed();
	}

	try {
		await promise;
	} catch (error) {
		throw isSpokeError(error) || ['AbortError', 'TimeoutError'].includes((error as Error).name)
			? error
			: new SpokeError('ERR_APISERVER_UNREACHABLE', `the response of ${peerName} was truncated: ${(error as Error).message}`, {
					cause: error,
				});
	} finally {
		clearTimeout(timer);
	}

	return collected.take();
}

/** UTF-8. Destroys a longer body, because the rest would block the connection. Never throws. */
export async function readBodyPrefix(
	body: NodeJS.ReadableStream & {destroy(): void},
	maxBytes: number,
	{timeoutMs = prefixTimeoutMs}: {timeoutMs?: number} = {},
): Promise<string> {
	const collected = new ByteCollector(maxBytes);
	const timer = setTimeout(() => {
		body.destroy();
	}, timeoutMs);
	try {
		for await (const chunk of body as AsyncIterable<Buffer>) {
			collected.add(chunk.subarray(0, maxBytes - collected.length));
			if (collected.length === maxBytes) {
				break;
			}
		}
	} catch {
		// The bytes before the interruption are still useful.
	} finally {
		clearTimeout(timer);
	}

	return collected.take().toString('utf8');
}

/** @param error of the socket, of the parser, or of another request on the connection */
export function requestError(error: NodeJS.ErrnoException, peerName: string, signal: AbortSignal | undefined): Error {
	if (isSpokeError(error) || signal?.aborted) {
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

	const text = lossText(error);
	return new SpokeError('ERR_APISERVER_UNREACHABLE', `the connection to ${peerName} was lost: ${text}`, {text, cause: error});
}

export function responseTimeoutError(peerName: string, timeoutMs: number): SpokeError {
	return new SpokeError('ERR_APISERVER_TIMEOUT', `${peerName} did not respond within ${timeoutMs / 1000} s`);
}

/** Turns `wholeTimeoutMs` into an abort, for a request that waits for no other. */
export function withWholeTimeout({wholeTimeoutMs, ...options}: RequestOptions, peerName: string): RequestOptions {
	if (wholeTimeoutMs === undefined) {
		return options;
	}

	const limit = new AbortController();
	afterTurns(systemClock, wholeTimeoutMs, () => {
		limit.abort(responseTimeoutError(peerName, wholeTimeoutMs));
	});
	return {...options, signal: anySignal(options.signal, limit.signal)};
}

/** The connection closed. Code and message are those of Node.js. */
export class ConnectionClosedError extends Error {
	readonly code = 'ECONNRESET';
	readonly inResponse: boolean;

	constructor({inResponse}: {inResponse: boolean}) {
		super(inResponse ? 'aborted' : 'socket hang up');
		this.inResponse = inResponse;
	}
}

/** The server has not processed the request, so it can be sent again on another connection (RFC 9113 §8.7). */
export class NotProcessedError extends ConnectionClosedError {
	constructor() {
		super({inResponse: false});
	}
}

export function wasNotProcessed(error: unknown): boolean {
	return error instanceof Error && error.cause instanceof NotProcessedError;
}

/** Go's error texts, which users search for. */
function lossText(error: NodeJS.ErrnoException): string {
	const isClose = error instanceof ConnectionClosedError && !error.inResponse;
	return isClose
		? 'EOF'
		: error.code === 'ECONNRESET'
			? 'connection reset by peer'
			: error.code === 'EPIPE'
				? 'broken pipe'
				: error.message;
}

/** `null` unless the failure is temporary and the header has seconds. */
export function retryAfterMs({status, headers}: Pick<ApiResponse, 'status' | 'headers'>): number | null {
	const isTemporary = status === 429 || status >= 500;
	const seconds = headers['retry-after'];
	return isTemporary && seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : null;
}
