/** Shortest description of an error. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {statusMessage} from '../server-messages/parse-status.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

/** `Get "https://…": No agent available` → `No agent available`. */
export function shortError({message, text}: Pick<SpokeError, 'message' | 'text'>): string {
	const own = withoutStrayEnd(
		sanitizeLine(messageOf(text?.trim() ?? ''))
			.split(': ')
			.at(-1) ?? '',
	);
	return /^.{8,48}$/.test(own) ? own : sanitizeLine(message);
}

/** A quoted part may keep the closing quotes: `desc = "transport: dial unix /x: connection refused"`. */
function withoutStrayEnd(words: string): string {
	const count = (sign: string) => words.split(sign).length - 1;
	const isStray = (words.endsWith('"') && count('"') % 2 === 1) || (words.endsWith(')') && count(')') > count('('));
	return isStray ? withoutStrayEnd(words.slice(0, -1)) : words;
}

/** The innermost part comes first, because the end can be cut. */
export function shortErrorFirst(error: Pick<SpokeError, 'message' | 'text'>): string {
	const [short, whole] = [shortError(error), sanitizeLine(error.message)];
	return short === whole ? whole : `${short}: ${whole.endsWith(`: ${short}`) ? whole.slice(0, -short.length - 2) : whole}`;
}

function messageOf(text: string): string {
	return text.startsWith('{') ? (statusMessage(text) ?? '') : text;
}
