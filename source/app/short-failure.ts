/** The fewest words that name a failure, for a row: the other side's own where they are few. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';

const few = 40;

export function shortFailure({message, text}: Pick<SpokeError, 'message' | 'text'>): string {
	const own = text === null ? '' : sanitiseLine(text.trim());
	return own !== '' && own.length <= few ? own : sanitiseLine(message);
}
