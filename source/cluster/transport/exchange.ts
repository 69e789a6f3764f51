/** One request and its response. */
import {pipeline, Readable, type Duplex, Writable} from 'node:stream';
import type {IncomingHttpHeaders} from 'node:http';
import {afterTurns, systemClock} from '../../base/async/clock.ts';
import type {BodyLimits} from '../../wire/response-parser.ts';
import type {ResponseHead} from '../../wire/response-head.ts';
import {noop} from './dial-tcp.ts';
import {ConnectionClosedError, requestError, responseTimeoutError, ResponseBody} from './response-body.ts';
import type {RequestOptions} from '../cluster-client.ts';
import type {RequestHeaders} from '../credentials/request-headers.ts';

export type HttpRequest = EncodableRequest & {
	/**
	`pipelined`: sent before earlier pipelined requests are answered; a request that the server can handle twice. Its response is read whole.
	*/
	kind?: 'pipelined' | 'upgrade';
	/** Sent before earlier pipelined requests are answered. */
	canFollowPipelined?: boolean | undefined;
	/** Time for the response head, since the end of the previous response or the last chunk of a streamed body; 0 means no limit. */
	timeoutMs: number;
	/** Time for the whole response since the end of the previous one. */
	wholeTimeoutMs?: number | undefined;
	signal?: AbortSignal | undefined;
};

export type ResponseStart = {status: number; statusText: string; headers: IncomingHttpHeaders};

export type HttpResult = (ResponseStart & {kind: 'response'; body: Readable}) | (ResponseStart & {kind: 'upgrade'; socket: Duplex});

/** Of a response that is read whole. */
const maxWholeBytes = 16 * 1024 * 1024;

type EncodableRequest = {
	method: string;
	/** In origin form; in absolute form for a plain HTTP proxy. */
	target: string;
	headers: RequestHeaders;
	body?: RequestOptions['body'];
};

/** `text` is Latin-1. A body without length is chunked. */
type EncodedHead = {text: string; hasLength: boolean};

/** Servers expect a length of these even without a body (RFC 9110 §8.6). */
const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

export class Exchange {
	readonly kind: HttpRequest['kind'];
	readonly canFollowPipelined: boolean;
	body: ResponseBody | undefined;
	readonly #request: HttpRequest;
	readonly #encodedHead: EncodedHead;
	readonly #peerName: string;
	readonly #onFailed: (exchange: Exchange, error: Error) => void;
	readonly #response = Promise.withResolvers<HttpResult>();
	#upload: StreamedRequest | undefined;
	#head: ResponseHead | undefined;
	#isOver = false;
	#cancelTimer = noop;
	#cancelWholeTimer = noop;

	/**
	@param onFailed of this exchange alone: a timeout, an abort, or a body that failed or is not wanted
	@throws TypeError for text that would not be exactly one request
	*/
	constructor(request: HttpRequest, peerName: string, onFailed: (exchange: Exchange, error: Error) => void) {
		this.#encodedHead = encodeHead(request);
		this.kind = request.kind;
		this.canFollowPipelined = request.kind === 'pipelined' || request.canFollowPipelined === true;
		this.#request = request;
		this.#peerName = peerName;
		this.#onFailed = onFailed;
		request.signal?.addEventListener('abort', this.#onAbort);
	}

	/**
	At the response head; at the end of a pipelined response.
	@throws SpokeError ERR_APISERVER_TIMEOUT, ERR_APISERVER_UNREACHABLE, ERR_CLIENT_CERTIFICATE, ERR_PROTOCOL; the signal's reason
	*/
	get response(): Promise<HttpResult> {
		return this.#response.promise;
	}

	get limits(): BodyLimits {
		return {hasBody: this.#request.method !== 'HEAD', maxBodyBytes: this.kind === 'pipelined' ? maxWholeBytes : Infinity};
	}

	/** Whether another request can follow on the connection. */
	get keepsConnection(): boolean {
		return this.#head?.closesConnection === false && this.#upload?.writableFinished !== false;
	}

	send(socket: Duplex): void {
		const {body} = this.#request;
		this.#cancelTimer();
		if (body instanceof Readable) {
			this.#sendStream(socket, body);
			return;
		}

		socket.cork();
		socket.write(this.#encodedHead.text, 'latin1');
		if (body !== undefined) {
			socket.write(body);
		}

		socket.uncork();
	}

	/** Limits the time until it is sent. */
	startWaiting(): void {
		if (this.#cancelTimer === noop) {
			this.#startTimer();
		}
	}

	/** It was sent, and the previous response has ended. */
	startTimers(): void {
		const {wholeTimeoutMs = 0} = this.#request;
		this.#startTimer();
		this.#cancelWholeTimer = wholeTimeoutMs > 0 ? this.#failAfter(wholeTimeoutMs) : noop;
	}

	/** @param flow the socket, which a slow reader of the body pauses */
	begin(head: ResponseHead, flow: {pause(): void; resume(): void}): void {
		this.#cancelTimer();
		this.#head = head;
		this.body = new ResponseBody(this.kind === 'pipelined' ? null : flow, this.#onBodyDestroyed);
		if (this.kind !== 'pipelined') {
			this.#resolve(head, this.body);
		}
	}

	finish(): void {
		this.#end();
		this.body!.finish();
		if (this.kind === 'pipelined') {
			this.#resolve(this.#head!, this.body!);
		}
	}

	/** @param socket whose next bytes are of the new protocol */
	switchProtocols({status, statusText, headers}: ResponseHead, socket: Duplex): void {
		this.#end();
		this.#response.resolve({kind: 'upgrade', status, statusText, headers, socket});
	}

	/** Without `error`, the connection closed. */
	fail(error: Error = new ConnectionClosedError({inResponse: this.body !== undefined && this.kind !== 'pipelined'})): void {
		this.#end();
		this.#response.reject(requestError(error, this.#peerName, this.#request.signal));
		this.body?.fail(error);
		this.#upload?.destroy();
	}

	readonly #onAbort = (): void => {
		this.#onFailed(this, this.#request.signal!.reason as Error);
	};

	readonly #onBodyDestroyed = (): void => {
		if (!this.#isOver) {
			this.#onFailed(this, new ConnectionClosedError({inResponse: true}));
		}
	};

	#sendStream(socket: Duplex, body: Readable): void {
		const upload = new StreamedRequest(socket, this.#encodedHead, () => {
			this.#startTimer();
		});
		this.#upload = upload;
		pipeline(body, upload, error => {
			if (error && !this.#isOver) {
				this.#onFailed(this, error);
			}
		});
	}

	#resolve({status, statusText, headers}: ResponseHead, body: Readable): void {
		this.#response.resolve({kind: 'response', status, statusText, headers, body});
	}

	#startTimer(): void {
		const {timeoutMs} = this.#request;
		this.#cancelTimer();
		this.#cancelTimer = timeoutMs > 0 && !this.#head ? this.#failAfter(timeoutMs) : noop;
	}

	#failAfter(timeoutMs: number): () => void {
		const fail = () => {
			this.#onFailed(this, responseTimeoutError(this.#peerName, timeoutMs));
		};

		// The short limits of probes must not fail because this process was busy.
		if (this.kind === 'pipelined') {
			return afterTurns(systemClock, timeoutMs, fail);
		}

		const timer = setTimeout(fail, timeoutMs);
		return () => {
			clearTimeout(timer);
		};
	}

	#end(): void {
		this.#isOver = true;
		this.#cancelTimer();
		this.#cancelWholeTimer();
		this.#request.signal?.removeEventListener('abort', this.#onAbort);
	}
}

/**
Sets the headers that frame the body, and Connection, unless they are given. The last value of a repeated header wins.
@throws TypeError for text that would not be exactly one request
*/
function encodeHead({method, target, headers, body}: EncodableRequest): EncodedHead {
	if (!/^[\u0021-\u007E]+$/.test(target)) {
		throw new TypeError('a path must be percent-encoded');
	}

	if (!isToken(method)) {
		throw new TypeError('a method must be a token');
	}

	const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [name, value] as const]));
	const isFramed = byName.has('content-length') || byName.has('transfer-encoding');
	for (const [name, value] of [...(isFramed ? [] : bodyFraming(method, body)), ['Connection', 'keep-alive'] as const]) {
		if (!byName.has(name.toLowerCase())) {
			byName.set(name.toLowerCase(), [name, value]);
		}
	}

	const lines = [...byName.values()].flatMap(([name, value]) => [value].flat().map(one => encodeField(name, one)));
	return {text: `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, hasLength: byName.has('content-length')};
}

/** A stream can be sent only once. */
export function isReplayable({body}: {body?: RequestOptions['body']}): boolean {
	return !(body instanceof Readable);
}

/**
Writes a request with a streamed body as fast as the socket takes it, without ending the socket. The head waits for the first chunk, because
a body can fail before.
*/
class StreamedRequest extends Writable {
	readonly #socket: Duplex;
	readonly #isChunked: boolean;
	readonly #onChunk: () => void;
	#head: string;

	constructor(socket: Duplex, {text, hasLength}: EncodedHead, onChunk: () => void) {
		super();
		this.#socket = socket;
		this.#head = text;
		this.#isChunked = !hasLength;
		this.#onChunk = onChunk;
	}

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.#onChunk();
		// A chunk of length zero would end the body.
		if (chunk.length === 0 || this.#send(this.#isChunked ? [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n'] : [chunk])) {
			done();
		} else {
			this.#socket.once('drain', done);
		}
	}

	override _final(done: () => void): void {
		this.#send(this.#isChunked ? ['0\r\n\r\n'] : []);
		done();
	}

	#send(parts: ReadonlyArray<string | Buffer>): boolean {
		let isTaken = true;
		this.#socket.cork();
		for (const part of this.#head === '' ? parts : [this.#head, ...parts]) {
			isTaken = this.#socket.write(part, 'latin1');
		}

		this.#head = '';
		this.#socket.uncork();
		return isTaken;
	}
}

function bodyFraming(method: string, body: RequestOptions['body']): ReadonlyArray<readonly [name: string, value: string]> {
	if (body instanceof Readable) {
		return [['Transfer-Encoding', 'chunked']];
	}

	return body !== undefined || methodsWithBody.has(method) ? [['Content-Length', String(Buffer.byteLength(body ?? ''))]] : [];
}

function encodeField(name: string, value: string): string {
	if (!isToken(name) || /[^\t\u0020-\u007E\u0080-\u00FF]/.test(value)) {
		throw new TypeError(`invalid header ${JSON.stringify(name)}`);
	}

	return `${name}: ${value}\r\n`;
}

/** RFC 9110 §5.6.2. */
function isToken(text: string): boolean {
	return /^[!#$%&'*+\-.^\w`|~]+$/.test(text);
}
