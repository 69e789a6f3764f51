/** Streaming GET with fewer chunks than Node's HTTP client, which emits one per TLS record. */
import {type Duplex, Readable} from 'node:stream';
import type {ResponseHead} from '../../wire/response-head.ts';
import {ResponseParser} from '../../wire/response-parser.ts';
import type {RequestHeaders} from '../credentials/request-headers.ts';
import {encodeRequest} from './encode-request.ts';
import {requestError, responseTimeoutError} from './http-request.ts';
import {noop} from './noop.ts';
import {ReadCoalescer} from './read-coalescer.ts';

export type StreamedGet = {
	target: string;
	headers: RequestHeaders;
	/** Time for the response head; 0 means no limit. */
	timeoutMs: number;
	signal?: AbortSignal | undefined;
	/** Bounds the bytes handled per event loop turn, so that key presses are not delayed. */
	isInteractive: boolean;
	peerName: string;
	onReleased(): void;
};

export type StreamedResponse = Omit<ResponseHead, 'closesConnection'> & {kind: 'response'; body: ResponseBody};

/**
Do not use the socket until the body has ended. It stays open, unless the server closes it or the body was not read fully.
@throws SpokeError ERR_APISERVER_TIMEOUT, ERR_APISERVER_UNREACHABLE, ERR_CLIENT_CERTIFICATE, ERR_PROTOCOL; the signal's reason
*/
export async function streamGet(socket: Duplex, request: StreamedGet): Promise<StreamedResponse> {
	try {
		request.signal?.throwIfAborted();
		const head = encodeRequest(request.target, request.headers);
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
		onHead: head => {
			// An extra response could be taken for that of another request.
			if (this.#body) {
				this.#socket.destroy();
				return;
			}

			clearTimeout(this.#timer);
			const {closesConnection, ...start} = head;
			this.#closesConnection = closesConnection;
			this.#body = new ResponseBody(this.#reads, this.#release);
			this.response.resolve({kind: 'response', ...start, body: this.#body});
		},
		onBodyChunk: (bytes, from, to) => {
			if (!this.#isComplete) {
				this.#body!.gather(bytes, from, to);
			}
		},
		onEnd: () => {
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
		if (this.#isComplete && this.#parser.hasStarted) {
			this.#socket.destroy();
		}
	};

	readonly #onEnd = (): void => {
		this.#reads.flush();
		try {
			this.#parser.end();
		} catch {
			// The call below reports the truncation.
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
			// Node's messages distinguish a truncated body from a missing response.
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
	#bytes: Buffer | undefined;
	#from = 0;
	#to = 0;

	constructor(flow: {pause(): void; resume(): void}, onDone: () => void) {
		super({highWaterMark: maxBufferedBytes});
		this.#flow = flow;
		this.#onDone = onDone;
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
		if (bytes && this.#to > this.#from && !this.push(bytes.subarray(this.#from, this.#to))) {
			this.#flow.pause();
		}
	}

	finish(): void {
		this.flush();
		this.push(null);
		this.#onDone();
	}

	fail(error: Error): void {
		this.flush();
		// Bytes pushed in this turn stay readable until the next one.
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
