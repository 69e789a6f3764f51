/** One request and its response. */
import {pipeline, Readable, type Duplex} from 'node:stream';
import type {IncomingHttpHeaders} from 'node:http';
import {afterTurns, systemClock} from '../../async/clock.ts';
import type {BodyLimits} from '../../wire/response-parser.ts';
import type {ResponseHead} from '../../wire/response-head.ts';
import {encodeHead, StreamedRequest, type EncodableRequest, type EncodedHead} from './encode-request.ts';
import {noop} from './dial-tcp.ts';
import {ConnectionClosedError, requestError, responseTimeoutError} from './request-errors.ts';
import {ResponseBody} from './response-body.ts';

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
