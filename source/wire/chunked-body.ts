/** Which bytes are the body where it comes in chunks: each its size, a line's end, its bytes, a line's end; then one of no bytes and the trailer? RFC 9112 §7.1. */
import {endOfHead, assertMaxSize, refuseLongerHead} from './response-limits.ts';
import type {BodyReader, OnBodyChunk} from './body-reader.ts';
import {endOfDigits, sizeOfDigits, sizeOfLine} from './chunk-size.ts';
import {protocolError} from './protocol-error.ts';

const [carriageReturn, lineFeed] = [0x0d, 0x0a];

export class ChunkedBody implements BodyReader {
	readonly endsWithConnection = false;
	isWhole = false;
	readonly #give: OnBodyChunk;
	readonly #largest: number;
	/** Behind what is missing. */
	#next: 'size' | 'line-end' | 'trailer' = 'size';
	/** Of the chunk that is being read. */
	#missing = 0;
	/** Of all chunks whose sizes are known. */
	#size = 0;
	#trailerBytes = 0;

	constructor(give: OnBodyChunk, largest: number) {
		this.#give = give;
		this.#largest = largest;
	}

	/** @throws SpokeError ERR_PROTOCOL for what are no chunks, or too many */
	read(bytes: Buffer, from: number): number {
		let at = from;
		for (let before = -1; at !== before && at < bytes.length && !this.isWhole;) {
			before = at;
			if (this.#missing > 0) {
				at = this.#readBytes(bytes, at);
			} else if (this.#next === 'size') {
				at = this.#readSize(bytes, at);
			} else if (this.#next === 'line-end') {
				at = this.#readLineEnd(bytes, at);
			} else {
				at = this.#readTrailer(bytes, at);
			}
		}

		return at;
	}

	#readSize(bytes: Buffer, at: number): number {
		const digits = endOfDigits(bytes, at);
		const isPlain = digits > at && bytes[digits] === carriageReturn && bytes[digits + 1] === lineFeed;
		const end = isPlain ? digits : endOfHead(bytes, at, '\r\n');
		if (end === -1) {
			return at;
		}

		this.#missing = isPlain ? sizeOfDigits(bytes, at, end) : sizeOfLine(bytes.toString('latin1', at, end));
		this.#size += this.#missing;
		assertMaxSize(this.#size, this.#largest);
		this.#next = this.#missing === 0 ? 'trailer' : 'line-end';
		return end + 2;
	}

	#readBytes(bytes: Buffer, at: number): number {
		const end = Math.min(bytes.length, at + this.#missing);
		this.#missing -= end - at;
		this.#give(bytes, at, end);
		return end;
	}

	#readLineEnd(bytes: Buffer, at: number): number {
		if (bytes[at] === carriageReturn && at + 1 === bytes.length) {
			return at;
		}

		if (bytes[at] !== carriageReturn || bytes[at + 1] !== lineFeed) {
			throw protocolError('a chunk is longer than its size');
		}

		this.#next = 'size';
		return at + 2;
	}

	/** Its fields are read over (RFC 9112 §7.1.2): it ends with an empty line. */
	#readTrailer(bytes: Buffer, at: number): number {
		const end = endOfHead(bytes, at, '\r\n');
		this.#trailerBytes += end === -1 ? 0 : end - at;
		refuseLongerHead(this.#trailerBytes);
		if (end === at) {
			this.isWhole = true;
		}

		return end === -1 ? at : end + 2;
	}
}
