/** An error's message and server text as one text. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import {statusMessage} from './parse-status.ts';
import {unwrapMessage} from './unwrap-message.ts';

/** Appends the server's text (of a Status, its message) unless `message` contains it. Not sanitized. */
export function fullMessage({message, text}: Pick<ErrorObject, 'message' | 'text'>): string {
	const words = text === null ? '' : (statusMessage(text) ?? text).trim();
	const innermost = unwrapMessage(words, [], {isStream: false, code: 0}).message;
	return message.includes(innermost.trim()) ? message : `${message}: ${words}`;
}
