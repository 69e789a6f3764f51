/** The body of a proxy response as it is shown. */
import {parseLosslessJson} from '../../text/lossless-json.ts';
import {sanitizeText} from '../../text/sanitize.ts';

/** Cached, because a response is drawn many times. */
let laidOut = {body: '', readable: false, shown: ''};

/** `readable` formats JSON. The result is sanitized. */
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
		return body;
	}
}
