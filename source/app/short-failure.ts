/** The fewest words that name a failure, for a row: the innermost of the other side's own. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';

/** `Get "https://…": No agent available` is `No agent available`; what has no short end is our own message. */
export function shortFailure({message, text}: Pick<SpokeError, 'message' | 'text'>): string {
	const own = sanitiseLine(messageOf(text?.trim() ?? '')).split(': ').at(-1) ?? '';
	return /^.{8,48}$/.test(own) ? own : sanitiseLine(message);
}

/** An apiserver's Status says it in its `message`. */
function messageOf(text: string): string {
	if (!text.startsWith('{')) {
		return text;
	}

	try {
		const {message} = JSON.parse(text) as {message?: unknown};
		return typeof message === 'string' ? message : '';
	} catch {
		return '';
	}
}
