/** The head of a GET request, or of a POST with its body, as it goes on the wire: RFC 9112 §3. */
import process from 'node:process';
import type {RequestHeaders} from '../credentials/request-headers.ts';

// Not by `import`, which would load its lazy exports as well: one-socket-agent.ts.
const {validateHeaderName, validateHeaderValue} = process.getBuiltinModule('node:http');

/**
The connection is to stay open behind it.
@param target in origin form
@param body of a POST, in JSON
@throws TypeError for what would be more than one request, or none
*/
export function encodeGetRequest(target: string, headers: RequestHeaders, body?: string): string {
	if (!/^[\u0021-\u007E]+$/.test(target)) {
		throw new TypeError('a path must be percent-coded');
	}

	// Whoever names a header again means another value for it, in whatever case.
	const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [name, value] as const]));
	const lines = [...byName.values()].flatMap(([name, value]) =>
		[value].flat().map(one => {
			validateHeaderName(name);
			validateHeaderValue(name, one);
			return `${name}: ${one}\r\n`;
		}),
	);
	const content = body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
	return `${body === undefined ? 'GET' : 'POST'} ${target} HTTP/1.1\r\n${lines.join('')}${content}Connection: keep-alive\r\n\r\n`;
}
