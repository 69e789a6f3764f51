/** A failure in one text. */
import type {ErrorObject} from './spoke-error.ts';

/** The message, and the other side's words where the message does not have them. Raw: sanitise it where it meets a terminal. */
export function wholeFailure({message, text}: Pick<ErrorObject, 'message' | 'text'>): string {
	const words = text?.trim() ?? '';
	return message.includes(words) ? message : `${message}: ${words}`;
}
