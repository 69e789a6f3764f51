/** The body of a proxy response as it is shown. */
import {parseLosslessJson} from '../text/lossless-json.ts';
import {sanitizeText} from '../text/sanitize-line.ts';

/** The last result: a response is drawn many times. */
let laidOut = {body: '', readable: false, shown: ''};

/** Sanitized; `readable` formats JSON. */
export function formatBody(body: string, {readable}: {readable: boolean}): string {
	if (laidOut.body !== body || laidOut.readable !== readable) {
		laidOut = {body, readable, shown: sanitizeText(readable ? asReadable(body) : body)};
	}

	return laidOut.shown;
}

function asReadable(body: string): string {
	try {
		return /^\s*[[{]/.test(body) ? JSON.stringify(parseLosslessJson(body), null, 2) : body;
	} catch {
		// Not JSON: shown unchanged.
		return body;
	}
}
