/** What does the head of an HTTP/1.1 answer say? RFC 9112 §4 (status line) and §5 (fields), RFC 9110 §5. */
import {protocolError} from './protocol-error.ts';

export type ResponseHead = {
	status: number;
	statusText: string;
	/** Names in lower case; fields that came several times are joined by a comma (RFC 9110 §5.3), but for `set-cookie`. */
	headers: Record<string, string | string[]>;
	/** The server closes behind it. */
	last: boolean;
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
	return {status: Number(status), statusText, headers, last: isLast(headers, minor === '0')};
}

function parseFields(lines: readonly string[]): ResponseHead['headers'] {
	const headers: ResponseHead['headers'] = {};
	for (const line of lines) {
		const [, name, value = ''] = /^([!#$%&'*+\-.^\w`|~]+):[\t ]*(.*?)[\t ]*$/.exec(line) ?? [];
		if (name === undefined) {
			throw protocolError(`${JSON.stringify(line.slice(0, 100))} is no header`);
		}

		add(headers, name.toLowerCase(), value);
	}

	return headers;
}

function add(headers: ResponseHead['headers'], name: string, value: string): void {
	const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
	if (name === 'set-cookie') {
		headers[name] = [...(before ?? []), value];
	} else {
		headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
	}
}

/** A connection persists unless it is said to close, in HTTP/1.0 only where it is said to stay (RFC 9112 §9.3). */
function isLast(headers: ResponseHead['headers'], isOld: boolean): boolean {
	const tokens = String(headers['connection'] ?? '')
		.toLowerCase()
		.split(',')
		.map(token => token.trim());
	return tokens.includes('close') || (isOld && !tokens.includes('keep-alive'));
}
