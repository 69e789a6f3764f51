/** Where does one HTTP/1.1 answer end and the next begin, when requests were sent without waiting for each other? RFC 9112 §6 and §9.3.2. */
import {protocolError} from './protocol-error.ts';

export type WholeAnswer = {
	status: number;
	statusText: string;
	/** Names in lower case; fields that came several times are joined by a comma, but for `set-cookie`. */
	headers: Record<string, string | string[]>;
	/** As it came: a `Content-Encoding` is not undone. */
	body: Buffer;
	/** The server closes behind it. */
	last: boolean;
};

const longestHead = 64 * 1024;
const emptyLine = Buffer.from('\r\n\r\n');

type Head = Omit<WholeAnswer, 'body'>;
type Part = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close';

/** Of answers to GET requests: one to HEAD or to an upgrade has other ends. */
export class AnswerDecoder {
	readonly #largestBody: number;
	/** Not understood yet. */
	#held: Buffer = Buffer.alloc(0);
	#part: Part = 'head';
	#head: Head | undefined;
	#body: Buffer[] = [];
	#size = 0;
	/** Of the body or the chunk that is being read. */
	#missing = 0;

	constructor({largestBody}: {largestBody: number}) {
		this.#largestBody = largestBody;
	}

	/** Some of an answer came, and not all. */
	get begun(): boolean {
		return this.#part !== 'head' || this.#held.length > 0;
	}

	/** The answers that are whole now. @throws SpokeError ERR_PROTOCOL for what is no HTTP/1 answer, or has a larger body */
	push(bytes: Buffer): WholeAnswer[] {
		this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
		const whole: WholeAnswer[] = [];
		for (let before = -1; this.#held.length !== before;) {
			before = this.#held.length;
			this.#step(whole);
		}

		return whole;
	}

	/** The answer that only the connection's end completes. @throws SpokeError ERR_PROTOCOL when one was cut short */
	end(): WholeAnswer | undefined {
		if (this.#part === 'until-close') {
			return this.#finish();
		}

		if (this.begun) {
			throw protocolError('an answer was cut short');
		}

		return undefined;
	}

	#step(whole: WholeAnswer[]): void {
		switch (this.#part) {
			case 'head': {
				const length = this.#readHead();
				// A body of no bytes needs no more of them.
				if (length === 0) {
					whole.push(this.#finish());
				}

				break;
			}

			case 'length':
			case 'chunk':
			case 'until-close': {
				if (this.#take() && this.#part === 'length') {
					whole.push(this.#finish());
				}

				break;
			}

			case 'chunk-size': {
				this.#readChunkSize();
				break;
			}

			case 'chunk-end': {
				this.#readChunkEnd();

				break;
			}

			case 'trailer': {
				if (this.#line() === '') {
					whole.push(this.#finish());
				}

				break;
			}
		}
	}

	/** The body's length where it is known, `undefined` where it is not, or there is no whole head yet. */
	#readHead(): number | undefined {
		const end = this.#held.indexOf(emptyLine);
		if (end === -1) {
			this.#refuseLong(this.#held.length);
			return undefined;
		}

		this.#refuseLong(end);
		const head = parseHead(this.#held.toString('latin1', 0, end));
		this.#held = this.#held.subarray(end + emptyLine.length);
		// An interim answer (103) comes before the one that is meant.
		if (head.status < 200) {
			return undefined;
		}

		this.#head = head;
		const coding = head.headers['transfer-encoding'];
		if (head.status === 204 || head.status === 304) {
			return 0;
		}

		if (coding !== undefined) {
			if (String(coding).toLowerCase() !== 'chunked') {
				throw protocolError(`an answer in the transfer coding ${String(coding)}`);
			}

			this.#part = 'chunk-size';
			return undefined;
		}

		const length = lengthOf(head);
		this.#part = length === undefined ? 'until-close' : 'length';
		this.#missing = length ?? Infinity;
		this.#refuseLarge(length ?? 0);
		return length;
	}

	#readChunkSize(): void {
		const line = this.#line();
		if (line === undefined) {
			return;
		}

		const [, digits] = /^([\da-f]{1,8})[\t ]*(?:;.*)?$/i.exec(line) ?? [];
		if (digits === undefined) {
			throw protocolError(`${JSON.stringify(line.slice(0, 100))} is no size of a chunk`);
		}

		this.#missing = Number.parseInt(digits, 16);
		this.#refuseLarge(this.#size + this.#missing);
		this.#part = this.#missing === 0 ? 'trailer' : 'chunk';
	}

	#readChunkEnd(): void {
		const line = this.#line();
		if (line !== undefined && line !== '') {
			throw protocolError('a chunk is longer than its size');
		}

		if (line === '') {
			this.#part = 'chunk-size';
		}
	}

	/** What there is of the body. True when none is missing. */
	#take(): boolean {
		const piece = this.#held.subarray(0, this.#missing);
		this.#held = this.#held.subarray(piece.length);
		this.#missing -= piece.length;
		this.#size += piece.length;
		this.#refuseLarge(this.#size);
		if (piece.length > 0) {
			this.#body.push(piece);
		}

		if (this.#missing === 0 && this.#part === 'chunk') {
			this.#part = 'chunk-end';
		}

		return this.#missing === 0;
	}

	#line(): string | undefined {
		const end = this.#held.indexOf('\r\n');
		this.#refuseLong(end === -1 ? this.#held.length : end);
		if (end === -1) {
			return undefined;
		}

		const line = this.#held.toString('latin1', 0, end);
		this.#held = this.#held.subarray(end + 2);
		return line;
	}

	#finish(): WholeAnswer {
		const answer = {...this.#head!, body: Buffer.concat(this.#body), last: this.#head!.last || this.#part === 'until-close'};
		this.#part = 'head';
		this.#head = undefined;
		this.#body = [];
		this.#size = 0;
		return answer;
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

function parseHead(text: string): Head {
	const [first = '', ...lines] = text.split('\r\n');
	const [, minor, status, statusText = ''] = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(first) ?? [];
	if (status === undefined) {
		throw protocolError(`${JSON.stringify(first.slice(0, 100))} is no answer of HTTP/1.1`);
	}

	const headers: Head['headers'] = {};
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

function add(headers: Head['headers'], name: string, value: string): void {
	const before = headers[name];
	if (name === 'set-cookie') {
		headers[name] = [...before ?? [], value];
	} else {
		headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
	}
}

function lengthOf({headers}: Head): number | undefined {
	const text = headers['content-length'];
	if (text === undefined) {
		return undefined;
	}

	if (!/^\d{1,15}$/.test(String(text))) {
		throw protocolError(`${JSON.stringify(text)} is no length of a body`);
	}

	return Number(text);
}
