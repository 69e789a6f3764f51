/** URL of a request; never throws. */
import type {IncomingMessage} from 'node:http';

/** Only path and query are meaningful. */
export function requestUrl({url = '/'}: IncomingMessage): URL {
	return URL.parse(`http://host${url}`) ?? new URL('http://host/');
}

/** Returns an invalid segment unchanged. */
export function decodePart(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}
