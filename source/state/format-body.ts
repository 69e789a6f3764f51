/** How is the body of an answer shown that came through the proxy? */
import {parseLosslessJson} from '../text/lossless-json.ts';
import {sanitizeText} from '../text/sanitize-text.ts';

/** The one that was made last: an answer is drawn many times. */
let laidOut = {body: '', readable: false, shown: ''};

/** Safe to show; `readable` lays JSON out. */
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
		// Not JSON after all: shown as it came.
		return body;
	}
}
