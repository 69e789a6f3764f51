/** One GET on an open socket, and its answer as it comes. Of a log that is followed, whose every line is a chunk in a TLS record, Node's own client would make a stream's chunk each. */
import {type Duplex, Readable} from 'node:stream';
import type {ResponseHead} from '../../wire/response-head.ts';
import {ResponseParser} from '../../wire/response-parser.ts';
import type {RequestHeaders} from '../credentials/request-headers.ts';
import {encodeGetRequest} from './encode-get-request.ts';
import {requestError, responseTimeoutError} from './http-request.ts';
import {noop} from './noop.ts';
import {ReadCoalescer} from './read-coalescer.ts';

export type StreamedGet = {
	/** In origin form. */
	target: string;
	headers: RequestHeaders;
	/** Until the answer's head, milliseconds; 0 is none. */
	timeoutMs: number;
	/** Ends the body, too. */
	signal?: AbortSignal | undefined;
	/** No more is read in a turn of the event loop than leaves time for keys. */
	isInteractive: boolean;
	/** For messages: `the apiserver https://…`. */
	peerName: string;
	/** The socket is free for the next one, or gone. */
	onReleased(): void;
};

export type StreamedResponse = Omit<ResponseHead, 'last'> & {kind: 'response'; body: ResponseBody};

/**
Nobody else may use the socket until the body has ended; it is kept then, unless the server closes it or not all of the body was wanted.
@throws SpokeError ERR_APISERVER_TIMEOUT, ERR_APISERVER_UNREACHABLE, ERR_CLIENT_CERTIFICATE, ERR_PROTOCOL; the signal's reason
*/
export async function streamGet(socket: Duplex, request: StreamedGet): Promise<StreamedResponse> {
	try {
		request.signal?.throwIfAborted();
		const head = encodeGetRequest(request.target, request.headers);
		if (socket.destroyed || !socket.writable) {
			throw requestError(new Error('the connection is gone'), request.peerName, request.signal);
		}

		const exchange = new StreamedExchange(socket, request);
		socket.write(head, 'latin1');
		return await exchange.response.promise;
	} catch (error) {
		request.onReleased();
		throw error;
	}
}

class StreamedExchange {
	readonly response = Promise.withResolvers<StreamedResponse>();
	readonly #socket: Duplex;
	readonly #request: StreamedGet;
	readonly #timer: NodeJS.Timeout | undefined;
	readonly #reads: ReadCoalescer;
	#body: ResponseBody | undefined;
	#isComplete = false;
	#closesConnection = false;
	#isReleased = false;

	readonly #parser = new ResponseParser({
		head: head => {
			// More than was asked for: it could be taken for another request's answer.
			if (this.#body) {
				this.#socket.destroy();
				return;
			}

			clearTimeout(this.#timer);
			const {last, ...start} = head;
			this.#closesConnection = last;
			this.#body = new ResponseBody(this.#reads, this.#release);
			this.response.resolve({kind: 'response', ...start, body: this.#body});
		},
		body: (bytes, from, to) => {
			if (!this.#isComplete) {
				this.#body!.gather(bytes, from, to);
			}
		},
		end: () => {
			if (!this.#isComplete) {
				this.#isComplete = true;
				this.#body!.finish();
			}
		},
	});

	constructor(socket: Duplex, request: StreamedGet) {
		this.#socket = socket;
		this.#request = request;
		const {timeoutMs, peerName, signal} = request;
		this.#timer =
			timeoutMs > 0
				? setTimeout(() => {
						this.#fail(responseTimeoutError(peerName, timeoutMs));
					}, timeoutMs)
				: undefined;
		signal?.addEventListener('abort', this.#onAbort);
		this.#reads = new ReadCoalescer(socket, this.#onBytes, {isInteractive: request.isInteractive});
		socket.on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
	}

	readonly #onBytes = (bytes: Buffer): void => {
		try {
			this.#parser.push(bytes);
		} catch (error) {
			this.#fail(error as Error);
		}

		this.#body?.flush();
		if (this.#isComplete && this.#parser.begun) {
			this.#socket.destroy();
		}
	};

	readonly #onEnd = (): void => {
		this.#reads.flush();
		try {
			this.#parser.end();
		} catch {
			// A cut, which is told below.
		}

		this.#onClose();
	};

	readonly #onError = (error: Error): void => {
		this.#reads.flush();
		this.#fail(error);
	};

	readonly #onClose = (): void => {
		this.#reads.flush();
		if (!this.#isComplete) {
			// In Node's words, which tell a body that was broken off from an answer that did not begin.
			this.#fail(Object.assign(new Error(this.#body ? 'aborted' : 'socket hang up'), {code: 'ECONNRESET'}));
		}
	};

	readonly #onAbort = (): void => {
		this.#fail(this.#request.signal!.reason as Error);
	};

	readonly #fail = (error: Error): void => {
		this.response.reject(requestError(error, this.#request.peerName, this.#request.signal));
		if (this.#body) {
			this.#body.fail(error);
		} else {
			this.#release();
		}
	};

	/** Also called when nobody wants the rest of a body. */
	readonly #release = (): void => {
		if (this.#isReleased) {
			return;
		}

		this.#isReleased = true;
		clearTimeout(this.#timer);
		this.#request.signal?.removeEventListener('abort', this.#onAbort);
		this.#reads.end();
		this.#socket.off('end', this.#onEnd).off('error', this.#onError).off('close', this.#onClose);
		if (!this.#isComplete || this.#closesConnection) {
			this.#socket.destroy();
		}

		this.#request.onReleased();
	};
}

const maxBufferedBytes = 256 * 1024;

class ResponseBody extends Readable {
	readonly #flow: {pause(): void; resume(): void};
	readonly #onDone: () => void;
	/** What is put together stands in it, between the two. */
	#bytes: Buffer | undefined;
	#from = 0;
	#to = 0;

	/** `flow` holds back what comes while nobody reads. `done` is called when the body has come whole, and when nobody wants the rest of it. */
	constructor(flow: {pause(): void; resume(): void}, onDone: () => void) {
		super({highWaterMark: maxBufferedBytes});
		this.#flow = flow;
		this.#onDone = onDone;
		// A cut that nobody looks for must not bring the process down.
		this.on('error', noop);
	}

	/** A piece stands in `bytes` from `from` to `to`. Until `give` what stands before it may be written over: a followed log has a chunk a line. */
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

	/** Gives on what was gathered. */
	flush(): void {
		const bytes = this.#bytes;
		this.#bytes = undefined;
		if (bytes && this.#to > this.#from && !this.push(bytes.subarray(this.#from, this.#to))) {
			this.#flow.pause();
		}
	}

	/** All has come. */
	finish(): void {
		this.flush();
		this.push(null);
		this.#onDone();
	}

	/** Nothing more will come, and not all has: what has come is read first. */
	fail(error: Error): void {
		this.flush();
		// What was pushed in this turn is there to be read until the next one.
		setImmediate(() => {
			this.destroy(error);
		});
	}

	override _read(): void {
		this.#flow.resume();
	}

	override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
		this.#onDone();
		callback(error);
	}
}
