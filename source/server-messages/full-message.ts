/** A failure in one text. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import {statusMessage} from './parse-status.ts';
import {unwrapMessage} from './unwrap-message.ts';

/** The message, and the other side's words (of a Status its message) where the message does not have those within the apiserver's frame. Raw: sanitise it where it meets a terminal. */
export function fullMessage({message, text}: Pick<ErrorObject, 'message' | 'text'>): string {
	const words = text === null ? '' : (statusMessage(text) ?? text).trim();
	const innermost = unwrapMessage(words, [], {isStream: false, code: 0}).words;
	return message.includes(innermost.trim()) ? message : `${message}: ${words}`;
}
