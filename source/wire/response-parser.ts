/** Incremental parser of HTTP/1.1 responses to requests on one connection (RFC 9112 §9.3). */
import {bodyFraming, type BodyReader, ChunkedBody, type OnBodyChunk, UnchunkedBody} from './body-reader.ts';
import {assertMaxInterim, endOfHead, parseResponseHead, type ResponseHead} from './response-head.ts';
import {protocolError} from './protocol-error.ts';

/** What the request allows. */
export type BodyLimits = {
	/** False for HEAD, whose response has the head of another response only (RFC 9110 §9.3.2). */
	hasBody: boolean;
	maxBodyBytes: number;
};

export type ResponseCallbacks = {
	/** Called when a response begins, for the limits of its request. Can throw if no request is open. */
	limits(): BodyLimits;
	/** After status 101 nothing is parsed: `rest` belongs to the new protocol. */
	onHead(head: ResponseHead): void;
	/** `Content-Encoding` is not decoded. `bytes` is the pushed buffer or a copy. */
	onBodyChunk: OnBodyChunk;
	onEnd(): void;
};

const emptyLine = Buffer.from('\r\n\r\n');
const noBytes = Buffer.alloc(0);
const switchingProtocols = 101;

export class ResponseParser {
	readonly #callbacks: ResponseCallbacks;
	/** The start of a head or a line. */
	#buffered: Buffer = noBytes;
	#body: BodyReader | null = null;
	#interimCount = 0;
	#hasSwitched = false;

	constructor(callbacks: ResponseCallbacks) {
		this.#callbacks = callbacks;
	}

	get hasStarted(): boolean {
		return this.#body !== null || this.#buffered.length > 0;
	}

	/** Bytes that are not parsed. */
	get rest(): Buffer {
		return this.#buffered;
	}

	/** @throws SpokeError ERR_PROTOCOL */
	push(bytes: Buffer): void {
		const all = this.#buffered.length === 0 ? bytes : Buffer.concat([this.#buffered, bytes]);
		this.#buffered = noBytes;
		let at = 0;
		for (let before = -1; at !== before && at < all.length && !this.#hasSwitched;) {
			before = at;
			at = this.#body === null ? this.#readHead(all, at) : this.#readBody(this.#body, all, at);
		}

		this.#buffered = at === all.length ? noBytes : all.subarray(at);
	}

	/** @throws SpokeError ERR_PROTOCOL for a truncated response */
	end(): void {
		if (this.#body?.endsWithConnection) {
			this.#finish();
		} else if (this.hasStarted) {
			throw protocolError('the response was truncated');
		}
	}

	/** Returns `at` if more bytes are needed. */
	#readHead(all: Buffer, at: number): number {
		const end = endOfHead(all, at, emptyLine);
		if (end === -1) {
			return at;
		}

		const head = parseResponseHead(all.toString('latin1', at, end));
		if (head.status === switchingProtocols) {
			this.#hasSwitched = true;
			this.#callbacks.onHead(head);
		} else if (head.status < 200) {
			// Interim responses precede the final one (RFC 9110 §15.2).
			this.#interimCount++;
			assertMaxInterim(this.#interimCount);
		} else {
			this.#interimCount = 0;
			this.#startBody(head);
		}

		return end + emptyLine.length;
	}

	#startBody(head: ResponseHead): void {
		this.#body = this.#createReader(head);
		this.#callbacks.onHead({...head, closesConnection: head.closesConnection || this.#body.endsWithConnection});
		if (this.#body.isComplete) {
			this.#finish();
		}
	}

	#createReader(head: ResponseHead): BodyReader {
		const {hasBody, maxBodyBytes} = this.#callbacks.limits();
		const framing = hasBody ? bodyFraming(head) : 0;
		return framing === 'chunked'
			? new ChunkedBody(this.#callbacks.onBodyChunk, maxBodyBytes)
			: new UnchunkedBody(framing === 'until-close' ? Infinity : framing, this.#callbacks.onBodyChunk, maxBodyBytes);
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
