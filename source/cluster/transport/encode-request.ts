/** Encoder of requests (RFC 9112 §3, §6 and §7.1). */
import {Readable, Writable, type Duplex} from 'node:stream';
import type {RequestOptions} from '../cluster-client.ts';
import type {RequestHeaders} from '../credentials/request-headers.ts';

export type EncodableRequest = {
	method: string;
	/** In origin form; in absolute form for a plain HTTP proxy. */
	target: string;
	headers: RequestHeaders;
	body?: RequestOptions['body'];
};

/** `text` is Latin-1. A body without length is chunked. */
export type EncodedHead = {text: string; hasLength: boolean};

/**
Sets the headers that frame the body, and Connection, unless they are given. The last value of a repeated header wins.
@throws TypeError for text that would not be exactly one request
*/
export function encodeHead({method, target, headers, body}: EncodableRequest): EncodedHead {
	if (!/^[\u0021-\u007E]+$/.test(target)) {
		throw new TypeError('a path must be percent-encoded');
	}

	if (!isToken(method)) {
		throw new TypeError('a method must be a token');
	}

	const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [name, value] as const]));
	const isFramed = byName.has('content-length') || byName.has('transfer-encoding');
	for (const [name, value] of [...(isFramed ? [] : bodyFraming(method, body)), ['Connection', 'keep-alive'] as const]) {
		if (!byName.has(name.toLowerCase())) {
			byName.set(name.toLowerCase(), [name, value]);
		}
	}

	const lines = [...byName.values()].flatMap(([name, value]) => [value].flat().map(one => encodeField(name, one)));
	return {text: `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, hasLength: byName.has('content-length')};
}

/** A stream can be sent only once. */
export function isReplayable({body}: {body?: RequestOptions['body']}): boolean {
	return !(body instanceof Readable);
}

/**
Writes a request with a streamed body as fast as the socket takes it, without ending the socket. The head waits for the first chunk, because
a body can fail before.
*/
export class StreamedRequest extends Writable {
	readonly #socket: Duplex;
	readonly #isChunked: boolean;
	readonly #onChunk: () => void;
	#head: string;

	constructor(socket: Duplex, {text, hasLength}: EncodedHead, onChunk: () => void) {
		super();
		this.#socket = socket;
		this.#head = text;
		this.#isChunked = !hasLength;
		this.#onChunk = onChunk;
	}

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.#onChunk();
		// A chunk of length zero would end the body.
		if (chunk.length === 0 || this.#send(this.#isChunked ? [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n'] : [chunk])) {
			done();
		} else {
			this.#socket.once('drain', done);
		}
	}

	override _final(done: () => void): void {
		this.#send(this.#isChunked ? ['0\r\n\r\n'] : []);
		done();
	}

	#send(parts: ReadonlyArray<string | Buffer>): boolean {
		let isTaken = true;
		this.#socket.cork();
		for (const part of this.#head === '' ? parts : [this.#head, ...parts]) {
			isTaken = this.#socket.write(part, 'latin1');
		}

		this.#head = '';
		this.#socket.uncork();
		return isTaken;
	}
}

/** Servers expect a length of these even without a body (RFC 9110 §8.6). */
const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

function bodyFraming(method: string, body: RequestOptions['body']): ReadonlyArray<readonly [name: string, value: string]> {
	if (body instanceof Readable) {
		return [['Transfer-Encoding', 'chunked']];
	}

	return body !== undefined || methodsWithBody.has(method) ? [['Content-Length', String(Buffer.byteLength(body ?? ''))]] : [];
}

function encodeField(name: string, value: string): string {
	if (!isToken(name) || /[^\t\u0020-\u007E\u0080-\u00FF]/.test(value)) {
		throw new TypeError(`invalid header ${JSON.stringify(name)}`);
	}

	return `${name}: ${value}\r\n`;
}

/** RFC 9110 §5.6.2. */
function isToken(text: string): boolean {
	return /^[!#$%&'*+\-.^\w`|~]+$/.test(text);
}
