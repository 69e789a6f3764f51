/** What a request line asks for, whatever a client wrote there: nothing in it throws. */
import type {IncomingMessage} from 'node:http';

/** Only path and query say something. */
export function requestUrl({url = '/'}: IncomingMessage): URL {
	return URL.parse(`http://host${url}`) ?? new URL('http://host/');
}

/** A part of a path without its percent codes, or as it is where they are none. */
export function decodePart(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}
