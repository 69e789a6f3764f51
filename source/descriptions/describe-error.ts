/** Failures in words. */
import type {ErrorObject, SpokeError} from '../errors/spoke-error.ts';
import {statusMessage} from '../server-messages/parse-status.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';
import type {Part} from './parts.ts';

/** `where`: who or which leg failed. `server` and `error`: verbatim text, of a server or of this machine. */
export type ErrorPart = Part<'where' | 'message' | 'server' | 'error' | 'code' | 'fix'>;

export function describeError(error: ErrorObject): readonly ErrorPart[] {
	const {message, text, code, remedy} = error;
	return [
		{role: 'where', text: describeFailedPlace(error)},
		{role: 'message', text: message},
		...(text === null || message.includes(text.trim()) ? [] : [{role: textRole(error), text}]),
		{role: 'code', text: code},
		...(remedy === null ? [] : [{role: 'fix' as const, text: remedy}]),
	];
}

/** If the apiserver responded, no leg failed. */
function describeFailedPlace({code, leg, legKnown}: ErrorObject): string {
	switch (code) {
		case 'ERR_FORBIDDEN':
		case 'ERR_CREDENTIALS': {
			return 'Refused by the apiserver';
		}

		case 'ERR_NOT_FOUND':
		case 'ERR_APISERVER_ANSWER': {
			return 'Error from the apiserver';
		}

		default: {
			if (!legKnown) {
				return 'Failed; leg unknown';
			}

			return leg === 0 ? 'Failed locally' : `Leg ${leg} failed`;
		}
	}
}

/** Who wrote the verbatim text of an error. */
export function textRole({code}: Pick<ErrorObject, 'code'>): 'server' | 'error' {
	return serverErrors.has(code) ? 'server' : 'error';
}

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

/** Errors whose text comes from the apiserver, the kubelet, the runtime or the backend. */
const serverErrors: ReadonlySet<ErrorObject['code']> = new Set([
	'ERR_FORBIDDEN',
	'ERR_CREDENTIALS',
	'ERR_NOT_FOUND',
	'ERR_APISERVER_ANSWER',
	'ERR_SECOND_LEG',
	'ERR_UPGRADE_REFUSED',
	'ERR_COMMAND_NOT_STARTED',
	'ERR_TARGET_GONE',
	'ERR_PORT_REFUSED',
	'ERR_BACKEND_ANSWER',
]);
