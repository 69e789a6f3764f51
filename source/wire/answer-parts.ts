/** Where does one HTTP/1.1 answer end and the next begin, and which bytes are its body? RFC 9112 §6, §7.1 and §9.3.2. */
import {protocolError} from './protocol-error.ts';

export type AnswerHead = {
	status: number;
	statusText: string;
	/** Names in lower case; fields that came several times are joined by a comma, but for `set-cookie`. */
	headers: Record<string, string | string[]>;
	/** The server closes behind it. */
	last: boolean;
};

/** Told in the order of the wire, while `push` or `end` runs. */
export type AnswerTells = {
	head(head: AnswerHead): void;
	/** A piece of the body as it came: a `Content-Encoding` is not undone. It stands in `bytes`, which is what was pushed or holds a copy of it; what stands before it is not looked at any more. */
	body(bytes: Buffer, from: number, to: number): void;
	/** The answer is whole. */
	end(): void;
};

const longestHead = 64 * 1024;
const emptyLine = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);
const [carriageReturn, lineFeed] = [0x0D, 0x0A];
const mostSizeDigits = 8;

type Part = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close';

/** Of answers to GET requests: one to HEAD or to an upgrade has other ends. */
export class AnswerParts {
	readonly #tells: AnswerTells;
	readonly #largestBody: number;
	/** The beginning of a head or of a line. */
	#held: Buffer = nothing;
	#part: Part = 'head';
	#size = 0;
	/** Of the body or the chunk that is being read. */
	#missing = 0;

	/** `largestBody`: bytes of one answer; a larger one is refused as soon as its size is known. */
	constructor(tells: AnswerTells, {largestBody = Infinity}: {largestBody?: number} = {}) {
		this.#tells = tells;
		this.#largestBody = largestBody;
	}

	/** Some of an answer came, and not all. */
	get begun(): boolean {
		return this.#part !== 'head' || this.#held.length > 0;
	}

	/** @throws SpokeError ERR_PROTOCOL for what is no HTTP/1 answer, or has a larger body */
	push(bytes: Buffer): void {
		const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
		this.#held = nothing;
		let at = 0;
		for (let before = -1; at !== before && at < all.length;) {
			before = at;
			at = this.#step(all, at);
		}

		this.#held = at === all.length ? nothing : all.subarray(at);
	}

	/** The connection ended: some answers end with it. @throws SpokeError ERR_PROTOCOL when one was cut short */
	end(): void {
		if (this.#part === 'until-close') {
			this.#finish();
		} else if (this.begun) {
			throw protocolError('an answer was cut short');
		}
	}

	/** Where to go on; `at` itself when more bytes are needed. */
	#step(all: Buffer, at: number): number {
		switch (this.#part) {
			case 'head': {
				return this.#readHead(all, at);
			}

			case 'length':
			case 'chunk':
			case 'until-close': {
				return this.#readBody(all, at);
			}

			case 'chunk-size': {
				return this.#readChunkSize(all, at);
			}

			case 'chunk-end': {
				return this.#readChunkEnd(all, at);
			}

			case 'trailer': {
				const end = this.#lineEnd(all, at);
				if (end === at) {
					this.#finish();
				}

				return end === -1 ? at : end + 2;
			}
		}
	}

	#readHead(all: Buffer, at: number): number {
		const end = all.indexOf(emptyLine, at);
		this.#refuseLong((end === -1 ? all.length : end) - at);
		if (end === -1) {
			return at;
		}

		const head = parseHead(all.toString('latin1', at, end));
		// An interim answer (103) comes before the one that is meant.
		if (head.status >= 200) {
			this.#begin(head);
		}

		return end + emptyLine.length;
	}

	#begin(head: AnswerHead): void {
		const coding = head.headers['transfer-encoding'];
		const isEmpty = head.status === 204 || head.status === 304;
		if (!isEmpty && coding !== undefined && String(coding).toLowerCase() !== 'chunked') {
			throw protocolError(`an answer in the transfer coding ${String(coding)}`);
		}

		const length = isEmpty ? 0 : (coding === undefined ? lengthOf(head) : undefined);
		this.#refuseLarge(length ?? 0);
		this.#part = coding !== undefined && !isEmpty ? 'chunk-size' : (length === undefined ? 'until-close' : 'length');
		this.#missing = length ?? Infinity;
		this.#tells.head({...head, last: head.last || this.#part === 'until-close'});
		// A body of no bytes needs no more of them.
		if (length === 0) {
			this.#finish();
		}
	}

	#readBody(all: Buffer, at: number): number {
		const end = Math.min(all.length, at + this.#missing);
		this.#missing -= end - at;
		this.#size += end - at;
		this.#refuseLarge(this.#size);
		this.#tells.body(all, at, end);
		if (this.#missing === 0 && this.#part === 'chunk') {
			this.#part = 'chunk-end';
		} else if (this.#missing === 0) {
			this.#finish();
		}

		return end;
	}

	/** A followed log has a chunk a line: what nearly every size looks like is read without a string. */
	#readChunkSize(all: Buffer, at: number): number {
		let size = 0;
		let position = at;
		for (let digit = hexDigit(all[position]); digit >= 0 && position - at < mostSizeDigits; digit = hexDigit(all[position])) {
			size = (size * 16) + digit;
			position++;
		}

		if (position === at || all[position] !== carriageReturn || all[position + 1] !== lineFeed) {
			const end = this.#lineEnd(all, at);
			if (end === -1) {
				return at;
			}

			size = sizeOf(all.toString('latin1', at, end));
			position = end;
		}

		this.#missing = size;
		this.#refuseLarge(this.#size + size);
		this.#part = size === 0 ? 'trailer' : 'chunk';
		return position + 2;
	}

	#readChunkEnd(all: Buffer, at: number): number {
		if (all[at] === carriageReturn && at + 1 === all.length) {
			return at;
		}

		if (all[at] !== carriageReturn || all[at + 1] !== lineFeed) {
			throw protocolError('a chunk is longer than its size');
		}

		this.#part = 'chunk-size';
		return at + 2;
	}

	/** Where the line's CRLF stands, -1 when it has not come. */
	#lineEnd(all: Buffer, at: number): number {
		const end = all.indexOf('\r\n', at);
		this.#refuseLong((end === -1 ? all.length : end) - at);
		return end;
	}

	#finish(): void {
		this.#part = 'head';
		this.#size = 0;
		this.#tells.end();
	}

	#refuseLong(length: number): void {
		if (length > longestHead) {
			throw protocolError('an answer whose headers do not end');
		}
	}

	#refuseLarge(size: number): void {
		if (size > this.#largestBody) {
			throw protocolError(`an answer larger than ${this.#largestBody} bytes`);
		}
	}
}

/** -1 for any other byte, or none. */
function hexDigit(byte: number | undefined): number {
	if (byte === undefined) {
		return -1;
	}

	if (byte >= 0x30 && byte <= 0x39) {
		return byte - 0x30;
	}

	const lower = byte | 0x20;
	return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** With an extension, or white space behind it. */
function sizeOf(line: string): number {
	const [, digits] = /^([\da-f]{1,8})[\t ]*(?:;.*)?$/i.exec(line) ?? [];
	if (digits === undefined) {
		throw protocolError(`${JSON.stringify(line.slice(0, 100))} is no size of a chunk`);
	}

	return Number.parseInt(digits, 16);
}

function parseHead(text: string): AnswerHead {
	const [first = '', ...lines] = text.split('\r\n');
	const [, minor, status, statusText = ''] = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(first) ?? [];
	if (status === undefined) {
		throw protocolError(`${JSON.stringify(first.slice(0, 100))} is no answer of HTTP/1.1`);
	}

	const headers: AnswerHead['headers'] = {};
	for (const line of lines) {
		const [, name, value = ''] = /^([!#$%&'*+\-.^\w`|~]+):[\t ]*(.*?)[\t ]*$/.exec(line) ?? [];
		if (name === undefined) {
			throw protocolError(`${JSON.stringify(line.slice(0, 100))} is no header`);
		}

		add(headers, name.toLowerCase(), value);
	}

	const connection = String(headers['connection'] ?? '').toLowerCase().split(',').map(token => token.trim());
	return {status: Number(status), statusText, headers, last: connection.includes('close') || (minor === '0' && !connection.includes('keep-alive'))};
}

function add(headers: AnswerHead['headers'], name: string, value: string): void {
	const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
	if (name === 'set-cookie') {
		headers[name] = [...before ?? [], value];
	} else {
		headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
	}
}

function lengthOf({headers}: AnswerHead): number | undefined {
	const text = headers['content-length'];
	if (text === undefined) {
		return undefined;
	}

	if (!/^\d{1,15}$/.test(String(text))) {
		throw protocolError(`${JSON.stringify(text)} is no length of a body`);
	}

	return Number(text);
}
