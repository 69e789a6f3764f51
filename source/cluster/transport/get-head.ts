/** The head of a GET request as it goes on the wire: RFC 9112 §3. */
import process from 'node:process';
import type {RequestHeaders} from '../credentials/impersonation.ts';

// Not by `import`, which would load its lazy exports as well: one-socket-agent.ts.
const {validateHeaderName, validateHeaderValue} = process.getBuiltinModule('node:http');

/**
The connection is to stay open behind it.
@param target in origin form
@throws TypeError for what would be more than one request, or none
*/
export function getHead(target: string, headers: RequestHeaders): string {
	if (!/^[\u0021-\u007E]+$/.test(target)) {
		throw new TypeError('a path must be percent-coded');
	}

	// Whoever names a header again means another value for it, in whatever case.
	const last = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [name, value] as const]));
	const lines = [...last.values()].flatMap(([name, value]) => [value].flat().map(one => {
		validateHeaderName(name);
		validateHeaderValue(name, one);
		return `${name}: ${one}\r\n`;
	}));
	return `GET ${target} HTTP/1.1\r\n${lines.join('')}Connection: keep-alive\r\n\r\n`;
}
