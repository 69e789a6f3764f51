/** Where does one HTTP/1.1 answer end and the next begin? Of requests that were sent without waiting for each other: RFC 9112 §9.3.2. */
import {parseResponseHead, type ResponseHead} from './response-head.ts';
import {endOfHead, refuseMoreInterim} from './response-limits.ts';
import {bodyFraming} from './body-framing.ts';
import type {BodyReader, OnBodyChunk} from './body-reader.ts';
import {ChunkedBody} from './chunked-body.ts';
import {UnchunkedBody} from './unchunked-body.ts';
import {protocolError} from './protocol-error.ts';

/** Told in the order of the wire, while `push` or `end` runs. */
export type ResponseCallbacks = {
	head(head: ResponseHead): void;
	/** A piece of the body as it came: a `Content-Encoding` is not undone. `bytes` is what was pushed or holds a copy of it. */
	body: OnBodyChunk;
	/** The answer is whole. */
	end(): void;
};

const emptyLine = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);

/** Of answers to GET requests: one to HEAD or to an upgrade has other ends. */
export class ResponseParser {
	readonly #tells: ResponseCallbacks;
	readonly #largestBody: number;
	/** The beginning of a head or of a line. */
	#held: Buffer = nothing;
	/** `null` until the head has come. */
	#body: BodyReader | null = null;
	#interimCount = 0;

	/** `largestBody`: bytes of one answer; a larger one is refused as soon as its size is known. */
	constructor(tells: ResponseCallbacks, {largestBody = Infinity}: {largestBody?: number} = {}) {
		this.#tells = tells;
		this.#largestBody = largestBody;
	}

	/** Some of an answer came, and not all. */
	get begun(): boolean {
		return this.#body !== null || this.#held.length > 0;
	}

	/** @throws SpokeError ERR_PROTOCOL for what is no HTTP/1 answer, or has a larger body */
	push(bytes: Buffer): void {
		const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
		this.#held = nothing;
		let at = 0;
		for (let before = -1; at !== before && at < all.length;) {
			before = at;
			at = this.#body === null ? this.#readHead(all, at) : this.#readBody(this.#body, all, at);
		}

		this.#held = at === all.length ? nothing : all.subarray(at);
	}

	/** The connection ended: some answers end with it. @throws SpokeError ERR_PROTOCOL when one was cut short */
	end(): void {
		if (this.#body?.endsWithConnection) {
			this.#finish();
		} else if (this.begun) {
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
			this.#begin(head);
		} else {
			this.#interimCount++;
			refuseMoreInterim(this.#interimCount);
		}

		return end + emptyLine.length;
	}

	#begin(head: ResponseHead): void {
		this.#body = this.#readerOf(head);
		this.#tells.head({...head, last: head.last || this.#body.endsWithConnection});
		// A body of no bytes needs no more of them.
		if (this.#body.isWhole) {
			this.#finish();
		}
	}

	#readerOf(head: ResponseHead): BodyReader {
		const framing = bodyFraming(head);
		return framing === 'chunked'
			? new ChunkedBody(this.#tells.body, this.#largestBody)
			: new UnchunkedBody(framing === 'until-close' ? Infinity : framing, this.#tells.body, this.#largestBody);
	}

	#readBody(body: BodyReader, all: Buffer, at: number): number {
		const to = body.read(all, at);
		if (body.isWhole) {
			this.#finish();
		}

		return to;
	}

	#finish(): void {
		this.#body = null;
		this.#tells.end();
	}
}
