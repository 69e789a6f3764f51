/** A failure in one text. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import {statusMessage} from './message-of-status.ts';
import {takeOffFrame} from './take-off-frame.ts';

/** The message, and the other side's words (of a Status its message) where the message does not have those within the apiserver's frame. Raw: sanitise it where it meets a terminal. */
export function wholeFailure({message, text}: Pick<ErrorObject, 'message' | 'text'>): string {
	const words = text === null ? '' : (statusMessage(text) ?? text).trim();
	const innermost = takeOffFrame(words, [], {isStream: false, code: 0}).words;
	return message.includes(innermost.trim()) ? message : `${message}: ${words}`;
}
