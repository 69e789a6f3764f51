/** Where does one HTTP/1.1 answer end and the next begin? Of requests that were sent without waiting for each other: RFC 9112 §9.3.2. */
import {parseResponseHead, type ResponseHead, endOfHead, assertMaxInterim} from './response-head.ts';
import {bodyFraming, type BodyReader, type OnBodyChunk, ChunkedBody, UnchunkedBody} from './body-reader.ts';
import {protocolError} from './protocol-error.ts';

/** Told in the order of the wire, while `push` or `end` runs. */
export type ResponseCallbacks = {
	onHead(head: ResponseHead): void;
	/** A piece of the body as it came: a `Content-Encoding` is not undone. `bytes` is what was pushed or holds a copy of it. */
	onBodyChunk: OnBodyChunk;
	/** The answer is whole. */
	onEnd(): void;
};

const emptyLine = Buffer.from('\r\n\r\n');
const noBytes = Buffer.alloc(0);

/** Of answers to GET requests: one to HEAD or to an upgrade has other ends. */
export class ResponseParser {
	readonly #callbacks: ResponseCallbacks;
	readonly #maxBodyBytes: number;
	/** The beginning of a head or of a line. */
	#buffered: Buffer = noBytes;
	/** `null` until the head has come. */
	#body: BodyReader | null = null;
	#interimCount = 0;

	/** `maxBodyBytes`: bytes of one answer; a larger one is refused as soon as its size is known. */
	constructor(callbacks: ResponseCallbacks, {maxBodyBytes = Infinity}: {maxBodyBytes?: number} = {}) {
		this.#callbacks = callbacks;
		this.#maxBodyBytes = maxBodyBytes;
	}

	/** Some of an answer came, and not all. */
	get hasStarted(): boolean {
		return this.#body !== null || this.#buffered.length > 0;
	}

	/** @throws SpokeError ERR_PROTOCOL for what is no HTTP/1 answer, or has a larger body */
	push(bytes: Buffer): void {
		const all = this.#buffered.length === 0 ? bytes : Buffer.concat([this.#buffered, bytes]);
		this.#buffered = noBytes;
		let at = 0;
		for (let before = -1; at !== before && at < all.length;) {
			before = at;
			at = this.#body === null ? this.#readHead(all, at) : this.#readBody(this.#body, all, at);
		}

		this.#buffered = at === all.length ? noBytes : all.subarray(at);
	}

	/** The connection ended: some answers end with it. @throws SpokeError ERR_PROTOCOL when one was cut short */
	end(): void {
		if (this.#body?.endsWithConnection) {
			this.#finish();
		} else if (this.hasStarted) {
			throw protocolError('an answer was cut short');
		}
	}

	/** Where to go on; `at` itself when more bytes are needed. */
	#readHead(all: Buffer, at: number): number {
		const end = endOfHead(all, at, emptyLine);
		if (end === -1) {
			return at;
		}

		const head = parseResponseHead(all.toString('latin1', at, end));
		// An interim answer (103) comes before the one that is meant (RFC 9110 §15.2).
		if (head.status >= 200) {
			this.#interimCount = 0;
			this.#startBody(head);
		} else {
			this.#interimCount++;
			assertMaxInterim(this.#interimCount);
		}

		return end + emptyLine.length;
	}

	#startBody(head: ResponseHead): void {
		this.#body = this.#createReader(head);
		this.#callbacks.onHead({...head, closesConnection: head.closesConnection || this.#body.endsWithConnection});
		// A body of no bytes needs no more of them.
		if (this.#body.isComplete) {
			this.#finish();
		}
	}

	#createReader(head: ResponseHead): BodyReader {
		const framing = bodyFraming(head);
		return framing === 'chunked'
			? new ChunkedBody(this.#callbacks.onBodyChunk, this.#maxBodyBytes)
			: new UnchunkedBody(framing === 'until-close' ? Infinity : framing, this.#callbacks.onBodyChunk, this.#maxBodyBytes);
	}

	#readBody(body: BodyReader, all: Buffer, at: number): number {
		const to = body.read(all, at);
		if (body.isComplete) {
			this.#finish();
		}

		return to;
	}

	#finish(): void {
		this.#body = null;
		this.#callbacks.onEnd();
	}
}
