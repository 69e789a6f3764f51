/** Head of an HTTP/1.1 response (RFC 9112 §4 and §5, RFC 9110 §5). */
import {createHash} from 'node:crypto';
import {protocolError} from './protocol-error.ts';

export type ResponseHead = {
	status: number;
	statusText: string;
	/** Names are in lower case; repeated fields are joined by a comma (RFC 9110 §5.3), except `set-cookie`. */
	headers: Record<string, string | string[]>;
	closesConnection: boolean;
};

/** @throws SpokeError ERR_PROTOCOL */
export function parseResponseHead(text: string): ResponseHead {
	const [first = '', ...lines] = text.split(/\r\n(?![\t ])/);
	const [, minor, status, statusText = ''] = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(first) ?? [];
	if (status === undefined) {
		throw protocolError(`invalid HTTP/1.1 response: ${JSON.stringify(first.slice(0, 100))}`);
	}

	const headers = parseFields(lines);
	return {status: Number(status), statusText, headers, closesConnection: closesConnection(headers, minor === '0')};
}

function parseFields(lines: readonly string[]): ResponseHead['headers'] {
	const headers: ResponseHead['headers'] = {};
	for (const line of lines) {
		const [, name, value = ''] = /^([!#$%&'*+\-.^\w`|~]+):[\t ]*(.*?)[\t ]*$/.exec(unfold(line)) ?? [];
		if (name === undefined) {
			throw protocolError(`invalid HTTP header: ${JSON.stringify(line.slice(0, 100))}`);
		}

		addField(headers, name.toLowerCase(), value);
	}

	return headers;
}

/** RFC 9112 §5.2. */
function unfold(line: string): string {
	return line.replaceAll(/\r\n[\t ]+/g, ' ');
}

function addField(headers: ResponseHead['headers'], name: string, value: string): void {
	const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
	if (name === 'set-cookie') {
		headers[name] = [...(before ?? []), value];
	} else if (name !== 'content-length' || value !== before) {
		// A repeated equal length is one length (RFC 9112 §6.3).
		headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
	}
}

/** HTTP/1.0 connections persist only with keep-alive (RFC 9112 §9.3). */
function closesConnection(headers: ResponseHead['headers'], isOld: boolean): boolean {
	const tokens = String(headers['connection'] ?? '')
		.toLowerCase()
		.split(',')
		.map(token => token.trim());
	return tokens.includes('close') || (isOld && !tokens.includes('keep-alive'));
}

const maxHeadBytes = 64 * 1024;

/** Interim responses (1xx) before one response; Go's client allows 5. */
const maxInterimResponses = 100;

/** @throws SpokeError ERR_PROTOCOL */
export function assertMaxInterim(count: number): void {
	if (count > maxInterimResponses) {
		throw protocolError(`more than ${maxInterimResponses} interim responses`);
	}
}

/** -1 if incomplete. @throws SpokeError ERR_PROTOCOL above the maximum */
export function endOfHead(bytes: Buffer, at: number, mark: Buffer | string): number {
	const end = bytes.indexOf(mark, at);
	assertMaxHeadBytes((end === -1 ? bytes.length : end) - at);
	return end;
}

/** @throws SpokeError ERR_PROTOCOL */
export function assertMaxHeadBytes(length: number): void {
	if (length > maxHeadBytes) {
		throw protocolError(`a response head, chunk header or trailer is longer than ${maxHeadBytes} bytes`);
	}
}

/** @throws SpokeError ERR_PROTOCOL */
export function assertMaxSize(size: number, maxBytes: number): void {
	if (size > maxBytes) {
		throw protocolError(`response larger than ${maxBytes} bytes`);
	}
}

/** Proves that the server has read the key (RFC 6455 §4.2.2). */
export function webSocketAccept(key: string): string {
	return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
