/** The fewest words that name a failure, for a row: the innermost of the other side's own. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {statusMessage} from '../server-messages/parse-status.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

/** `Get "https://…": No agent available` is `No agent available`; what has no short end is our own message. */
export function shortError({message, text}: Pick<SpokeError, 'message' | 'text'>): string {
	const own = withoutStrayEnd(
		sanitizeLine(messageOf(text?.trim() ?? ''))
			.split(': ')
			.at(-1) ?? '',
	);
	return /^.{8,48}$/.test(own) ? own : sanitizeLine(message);
}

/** What is cut out of quotes or brackets leaves their end behind: `desc = "transport: dial unix /x: connection refused"`. */
function withoutStrayEnd(words: string): string {
	const count = (sign: string) => words.split(sign).length - 1;
	const isStray = (words.endsWith('"') && count('"') % 2 === 1) || (words.endsWith(')') && count(')') > count('('));
	return isStray ? withoutStrayEnd(words.slice(0, -1)) : words;
}

/** The innermost words first: where a line is cut, they are what is read. */
export function shortErrorFirst(error: Pick<SpokeError, 'message' | 'text'>): string {
	const [short, whole] = [shortError(error), sanitizeLine(error.message)];
	return short === whole ? whole : `${short}: ${whole.endsWith(`: ${short}`) ? whole.slice(0, -short.length - 2) : whole}`;
}

/** Of an apiserver's Status its message; of other JSON nothing. */
function messageOf(text: string): string {
	return text.startsWith('{') ? (statusMessage(text) ?? '') : text;
}
