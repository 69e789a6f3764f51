/** Body framing of HTTP/1.1 (RFC 9112 §6 and §7.1). */

import {type ResponseHead, assertMaxSize, endOfHead, assertMaxHeadBytes} from './response-head.ts';
import {protocolError} from './protocol-error.ts';

/** The chunk is `bytes` from `from` to `to`. */
export type OnBodyChunk = (bytes: Buffer, from: number, to: number) => void;

export type BodyReader = {
	/** Returns the position after the body. Prepend the rest to the next bytes, or give it to the next response. */
	read(bytes: Buffer, at: number): number;
	readonly isComplete: boolean;
	readonly endsWithConnection: boolean;
};

export type BodyFraming = number | 'chunked' | 'until-close';

/** @throws SpokeError ERR_PROTOCOL for a transfer coding other than chunked, or an invalid length */
export function bodyFraming({status, headers}: Pick<ResponseHead, 'status' | 'headers'>): BodyFraming {
	if (status === 204 || status === 304) {
		return 0;
	}

	const coding = headers['transfer-encoding'];
	// Takes precedence over a length (RFC 9112 §6.3).
	if (coding !== undefined) {
		if (String(coding).toLowerCase() !== 'chunked') {
			throw protocolError(`the response has an unsupported transfer coding: ${String(coding)}`);
		}

		return 'chunked';
	}

	const length = headers['content-length'];
	return length === undefined ? 'until-close' : parseLength(length);
}

/** Two different lengths are invalid (RFC 9110 §8.6); 15 digits are a safe integer. */
function parseLength(text: string | string[]): number {
	if (!/^\d{1,15}$/.test(String(text))) {
		throw protocolError(`invalid Content-Length: ${JSON.stringify(text)}`);
	}

	return Number(text);
}

export class UnchunkedBody implements BodyReader {
	readonly endsWithConnection: boolean;
	isComplete: boolean;
	readonly #onChunk: OnBodyChunk;
	readonly #maxBytes: number;
	#missing: number;
	#size = 0;

	constructor(length: number, onChunk: OnBodyChunk, maxBytes: number) {
		this.endsWithConnection = length === Infinity;
		if (!this.endsWithConnection) {
			assertMaxSize(length, maxBytes);
		}

		this.#missing = length;
		this.isComplete = length === 0;
		this.#onChunk = onChunk;
		this.#maxBytes = maxBytes;
	}

	/** @throws SpokeError ERR_PROTOCOL above `maxBytes` */
	read(bytes: Buffer, at: number): number {
		const end = Math.min(bytes.length, at + this.#missing);
		this.#missing -= end - at;
		this.#size += end - at;
		assertMaxSize(this.#size, this.#maxBytes);
		this.isComplete = this.#missing === 0;
		this.#onChunk(bytes, at, end);
		return end;
	}
}

const [carriageReturn, lineFeed] = [0x0d, 0x0a];

export class ChunkedBody implements BodyReader {
	readonly endsWithConnection = false;
	isComplete = false;
	readonly #onChunk: OnBodyChunk;
	readonly #maxBytes: number;
	/** The state after the missing bytes. */
	#next: 'size' | 'line-end' | 'trailer' = 'size';
	#missing = 0;
	#size = 0;
	#trailerBytes = 0;

	constructor(onChunk: OnBodyChunk, maxBytes: number) {
		this.#onChunk = onChunk;
		this.#maxBytes = maxBytes;
	}

	/** @throws SpokeError ERR_PROTOCOL for invalid chunks or above `maxBytes` */
	read(bytes: Buffer, from: number): number {
		let at = from;
		for (let before = -1; at !== before && at < bytes.length && !this.isComplete;) {
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

		this.#missing = isPlain ? parseHexDigits(bytes, at, end) : parseSizeLine(bytes.toString('latin1', at, end));
		this.#size += this.#missing;
		assertMaxSize(this.#size, this.#maxBytes);
		this.#next = this.#missing === 0 ? 'trailer' : 'line-end';
		return end + 2;
	}

	#readBytes(bytes: Buffer, at: number): number {
		const end = Math.min(bytes.length, at + this.#missing);
		this.#missing -= end - at;
		this.#onChunk(bytes, at, end);
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

	/** Fields are ignored (RFC 9112 §7.1.2). */
	#readTrailer(bytes: Buffer, at: number): number {
		const end = endOfHead(bytes, at, '\r\n');
		this.#trailerBytes += end === -1 ? 0 : end - at;
		assertMaxHeadBytes(this.#trailerBytes);
		if (end === at) {
			this.isComplete = true;
		}

		return end === -1 ? at : end + 2;
	}
}

const maxDigits = 8;

export function endOfDigits(bytes: Buffer, at: number): number {
	let end = at;
	while (end - at < maxDigits && hexDigit(bytes[end]) >= 0) {
		end++;
	}

	return end;
}

/** Avoids a string per chunk, because a followed log has one chunk per line. */
export function parseHexDigits(bytes: Buffer, from: number, to: number): number {
	let size = 0;
	for (let at = from; at < to; at++) {
		size = size * 16 + hexDigit(bytes[at]);
	}

	return size;
}

/** @throws SpokeError ERR_PROTOCOL */
export function parseSizeLine(line: string): number {
	const [, digits] = /^([\da-f]{1,8})[\t ]*(?:;.*)?$/i.exec(line) ?? [];
	if (digits === undefined) {
		throw protocolError(`invalid chunk size: ${JSON.stringify(line.slice(0, 100))}`);
	}

	return Number.parseInt(digits, 16);
}

function hexDigit(byte = 0): number {
	if (byte >= 0x30 && byte <= 0x39) {
		return byte - 0x30;
	}

	const lower = byte | 0x20;
	return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
