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
	limitMs: number;
	/** Ends the body, too. */
	signal?: AbortSignal | undefined;
	/** No more is read in a turn of the event loop than leaves time for keys. */
	leavesTime: boolean;
	/** For messages: `the apiserver https://…`. */
	what: string;
	/** The socket is free for the next one, or gone. */
	released(): void;
};

export type StreamedResponse = Omit<ResponseHead, 'last'> & {kind: 'response'; body: ResponseBody};

/**
Nobody else may use the socket until the body has ended; it is kept then, unless the server closes it or not all of the body was wanted.
@throws SpokeError ERR_APISERVER_TIMEOUT, ERR_APISERVER_UNREACHABLE, ERR_CLIENT_CERTIFICATE, ERR_PROTOCOL; the signal's reason
*/
export async function streamGet(socket: Duplex, asked: StreamedGet): Promise<StreamedResponse> {
	try {
		asked.signal?.throwIfAborted();
		const head = encodeGetRequest(asked.target, asked.headers);
		if (socket.destroyed || !socket.writable) {
			throw requestError(new Error('the connection is gone'), asked.what, asked.signal);
		}

		const exchange = new StreamedExchange(socket, asked);
		socket.write(head, 'latin1');
		return await exchange.answer.promise;
	} catch (error) {
		asked.released();
		throw error;
	}
}

class StreamedExchange {
	readonly answer = Promise.withResolvers<StreamedResponse>();
	readonly #socket: Duplex;
	readonly #asked: StreamedGet;
	readonly #timer: NodeJS.Timeout | undefined;
	readonly #batch: ReadCoalescer;
	#body: ResponseBody | undefined;
	#isWhole = false;
	#isLast = false;
	#isReleased = false;

	readonly #parts = new ResponseParser({
		head: head => {
			// More than was asked for: it could be taken for another request's answer.
			if (this.#body) {
				this.#socket.destroy();
				return;
			}

			clearTimeout(this.#timer);
			const {last, ...start} = head;
			this.#isLast = last;
			this.#body = new ResponseBody(this.#batch, this.#release);
			this.answer.resolve({kind: 'response', ...start, body: this.#body});
		},
		body: (bytes, from, to) => {
			if (!this.#isWhole) {
				this.#body!.gather(bytes, from, to);
			}
		},
		end: () => {
			if (!this.#isWhole) {
				this.#isWhole = true;
				this.#body!.finish();
			}
		},
	});

	constructor(socket: Duplex, asked: StreamedGet) {
		this.#socket = socket;
		this.#asked = asked;
		const {limitMs, what, signal} = asked;
		this.#timer =
			limitMs > 0
				? setTimeout(() => {
						this.#fail(responseTimeoutError(what, limitMs));
					}, limitMs)
				: undefined;
		signal?.addEventListener('abort', this.#aborted);
		this.#batch = new ReadCoalescer(socket, this.#arrived, {leavesTime: asked.leavesTime});
		socket.on('end', this.#ended).on('error', this.#broken).on('close', this.#closed);
	}

	readonly #arrived = (bytes: Buffer): void => {
		try {
			this.#parts.push(bytes);
		} catch (error) {
			this.#fail(error as Error);
		}

		this.#body?.give();
		if (this.#isWhole && this.#parts.begun) {
			this.#socket.destroy();
		}
	};

	readonly #ended = (): void => {
		this.#batch.flush();
		try {
			this.#parts.end();
		} catch {
			// A cut, which is told below.
		}

		this.#closed();
	};

	readonly #broken = (error: Error): void => {
		this.#batch.flush();
		this.#fail(error);
	};

	readonly #closed = (): void => {
		this.#batch.flush();
		if (!this.#isWhole) {
			// In Node's words, which tell a body that was broken off from an answer that did not begin.
			this.#fail(Object.assign(new Error(this.#body ? 'aborted' : 'socket hang up'), {code: 'ECONNRESET'}));
		}
	};

	readonly #aborted = (): void => {
		this.#fail(this.#asked.signal!.reason as Error);
	};

	readonly #fail = (error: Error): void => {
		this.answer.reject(requestError(error, this.#asked.what, this.#asked.signal));
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
		this.#asked.signal?.removeEventListener('abort', this.#aborted);
		this.#batch.end();
		this.#socket.off('end', this.#ended).off('error', this.#broken).off('close', this.#closed);
		if (!this.#isWhole || this.#isLast) {
			this.#socket.destroy();
		}

		this.#asked.released();
	};
}

const mostHeld = 256 * 1024;

class ResponseBody extends Readable {
	readonly #flow: {hold(): void; want(): void};
	readonly #done: () => void;
	/** What is put together stands in it, between the two. */
	#bytes: Buffer | undefined;
	#from = 0;
	#to = 0;

	/** `flow` holds back what comes while nobody reads. `done` is called when the body has come whole, and when nobody wants the rest of it. */
	constructor(flow: {hold(): void; want(): void}, done: () => void) {
		super({highWaterMark: mostHeld});
		this.#flow = flow;
		this.#done = done;
		// A cut that nobody looks for must not bring the process down.
		this.on('error', noop);
	}

	/** A piece stands in `bytes` from `from` to `to`. Until `give` what stands before it may be written over: a followed log has a chunk a line. */
	gather(bytes: Buffer, from: number, to: number): void {
		if (bytes !== this.#bytes) {
			this.give();
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
	give(): void {
		const bytes = this.#bytes;
		this.#bytes = undefined;
		if (bytes && this.#to > this.#from && !this.push(bytes.subarray(this.#from, this.#to))) {
			this.#flow.hold();
		}
	}

	/** All has come. */
	finish(): void {
		this.give();
		this.push(null);
		this.#done();
	}

	/** Nothing more will come, and not all has: what has come is read first. */
	fail(error: Error): void {
		this.give();
		// What was pushed in this turn is there to be read until the next one.
		setImmediate(() => {
			this.destroy(error);
		});
	}

	override _read(): void {
		this.#flow.want();
	}

	override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
		this.#done();
		callback(error);
	}
}
