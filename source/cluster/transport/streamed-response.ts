/** One GET on an open socket, and its answer as it comes. Of a log that is followed, whose every line is a chunk in a TLS record, Node's own client would make a stream's chunk each. */
import type {Duplex} from 'node:stream';
import type {ResponseHead} from '../../wire/response-head.ts';
import {ResponseParser} from '../../wire/response-parser.ts';
import type {RequestHeaders} from '../credentials/impersonation.ts';
import {ResponseBody} from './response-body.ts';
import {responseTimeoutError, requestError} from './http-request.ts';
import {encodeGetRequest} from './encode-get-request.ts';
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
