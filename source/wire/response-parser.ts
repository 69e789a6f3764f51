/** Incremental parser of HTTP/1.1 responses to pipelined requests (RFC 9112 §9.3.2). */
import {bodyFraming, type BodyReader, ChunkedBody, type OnBodyChunk, UnchunkedBody} from './body-reader.ts';
import {ByteCollector} from './byte-collector.ts';
import {protocolError} from './protocol-error.ts';
import {assertMaxInterim, endOfHead, parseResponseHead, type ResponseHead} from './response-head.ts';

export type ResponseCallbacks = {
	onHead(head: ResponseHead): void;
	/** `Content-Encoding` is not decoded. `bytes` is the pushed buffer or a copy. */
	onBodyChunk: OnBodyChunk;
	onEnd(): void;
};

const emptyLine = Buffer.from('\r\n\r\n');
const noBytes = Buffer.alloc(0);

/** Parses responses, except to HEAD and upgrades. */
export class ResponseParser {
	readonly #callbacks: ResponseCallbacks;
	readonly #maxBodyBytes: number;
	/** The start of a head or a line. */
	#buffered: Buffer = noBytes;
	#body: BodyReader | null = null;
	#interimCount = 0;

	constructor(callbacks: ResponseCallbacks, {maxBodyBytes = Infinity}: {maxBodyBytes?: number} = {}) {
		this.#callbacks = callbacks;
		this.#maxBodyBytes = maxBodyBytes;
	}

	get hasStarted(): boolean {
		return this.#body !== null || this.#buffered.length > 0;
	}

	/** @throws SpokeError ERR_PROTOCOL */
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
		// Interim responses precede the final one (RFC 9110 §15.2).
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

export type CompleteResponse = ResponseHead & {
	/** `Content-Encoding` is not decoded. */
	body: Buffer;
};

/** Collects complete responses. */
export class ResponseDecoder {
	readonly #parser: ResponseParser;
	#complete: CompleteResponse[] = [];
	#head: ResponseHead | undefined;
	readonly #body = new ByteCollector();

	constructor({maxBodyBytes}: {maxBodyBytes: number}) {
		this.#parser = new ResponseParser(
			{
				onHead: head => {
					this.#head = head;
				},
				onBodyChunk: (bytes, from, to) => {
					this.#body.add(bytes.subarray(from, to));
				},
				onEnd: () => {
					this.#complete.push({...this.#head!, body: this.#body.take()});
				},
			},
			{maxBodyBytes},
		);
	}

	get hasStarted(): boolean {
		return this.#parser.hasStarted;
	}

	/** @throws SpokeError ERR_PROTOCOL for invalid HTTP/1 or a body above the maximum */
	push(bytes: Buffer): CompleteResponse[] {
		this.#parser.push(bytes);
		return this.#takeComplete();
	}

	/** @throws SpokeError ERR_PROTOCOL for a truncated response */
	end(): CompleteResponse | undefined {
		this.#parser.end();
		return this.#takeComplete()[0];
	}

	#takeComplete(): CompleteResponse[] {
		const whole = this.#complete;
		this.#complete = [];
		return whole;
	}
}
