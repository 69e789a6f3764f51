/** What does the head of an HTTP/1.1 answer say? RFC 9112 §4 (status line) and §5 (fields), RFC 9110 §5. */
import {protocolError} from './protocol-error.ts';

export type ResponseHead = {
	status: number;
	statusText: string;
	/** Names in lower case; fields that came several times are joined by a comma (RFC 9110 §5.3), but for `set-cookie`. */
	headers: Record<string, string | string[]>;
	/** The server closes behind it. */
	closesConnection: boolean;
};

/**
`text` is all before the empty line.
@throws SpokeError ERR_PROTOCOL; a folded field is none (RFC 9112 §5.2)
*/
export function parseResponseHead(text: string): ResponseHead {
	const [first = '', ...lines] = text.split('\r\n');
	const [, minor, status, statusText = ''] = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(first) ?? [];
	if (status === undefined) {
		throw protocolError(`${JSON.stringify(first.slice(0, 100))} is no answer of HTTP/1.1`);
	}

	const headers = parseFields(lines);
	return {status: Number(status), statusText, headers, closesConnection: closesConnection(headers, minor === '0')};
}

function parseFields(lines: readonly string[]): ResponseHead['headers'] {
	const headers: ResponseHead['headers'] = {};
	for (const line of lines) {
		const [, name, value = ''] = /^([!#$%&'*+\-.^\w`|~]+):[\t ]*(.*?)[\t ]*$/.exec(line) ?? [];
		if (name === undefined) {
			throw protocolError(`${JSON.stringify(line.slice(0, 100))} is no header`);
		}

		addField(headers, name.toLowerCase(), value);
	}

	return headers;
}

function addField(headers: ResponseHead['headers'], name: string, value: string): void {
	const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
	if (name === 'set-cookie') {
		headers[name] = [...(before ?? []), value];
	} else {
		headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
	}
}

/** A connection persists unless it is said to close, in HTTP/1.0 only where it is said to stay (RFC 9112 §9.3). */
function closesConnection(headers: ResponseHead['headers'], isOld: boolean): boolean {
	const tokens = String(headers['connection'] ?? '')
		.toLowerCase()
		.split(',')
		.map(token => token.trim());
	return tokens.includes('close') || (isOld && !tokens.includes('keep-alive'));
}

const maxHeadBytes = 64 * 1024;

/** Interim responses (100, 103) before one answer; Go's client gives up after 5 without a limit of its own. */
const maxInterimResponses = 100;

/** @throws SpokeError ERR_PROTOCOL */
export function assertMaxInterim(count: number): void {
	if (count > maxInterimResponses) {
		throw protocolError(`more than ${maxInterimResponses} interim responses before an answer`);
	}
}

/** Where `mark` stands from `at` on, behind a head or a line of one; -1 when it has not come. @throws SpokeError ERR_PROTOCOL when it is too far off */
export function endOfHead(bytes: Buffer, at: number, mark: Buffer | string): number {
	const end = bytes.indexOf(mark, at);
	assertMaxHeadBytes((end === -1 ? bytes.length : end) - at);
	return end;
}

/** Of a head, a line of one, or all of a trailer. @throws SpokeError ERR_PROTOCOL */
export function assertMaxHeadBytes(length: number): void {
	if (length > maxHeadBytes) {
		throw protocolError('an answer whose headers do not end');
	}
}

/** @throws SpokeError ERR_PROTOCOL */
export function assertMaxSize(size: number, maxBytes: number): void {
	if (size > maxBytes) {
		throw protocolError(`an answer larger than ${maxBytes} bytes`);
	}
}
