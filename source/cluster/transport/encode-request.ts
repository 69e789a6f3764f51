/** Encoder of GET requests and POST requests with a body (RFC 9112 §3). */
import process from 'node:process';
import type {RequestHeaders} from '../credentials/request-headers.ts';

// Not by `import`, which would load lazy exports too: see single-socket-agent.ts.
const {validateHeaderName, validateHeaderValue} = process.getBuiltinModule('node:http');

/**
@param target in origin form
@throws TypeError for text that would not be exactly one request
*/
export function encodeRequest(target: string, headers: RequestHeaders, body?: string): string {
	if (!/^[\u0021-\u007E]+$/.test(target)) {
		throw new TypeError('a path must be percent-encoded');
	}

	// The last value of a repeated header wins.
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
