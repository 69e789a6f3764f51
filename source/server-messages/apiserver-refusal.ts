/** Requests that an apiserver refuses itself, before it uses leg 2. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import {messageRules} from './explain-message.ts';
import {statusMessage} from './parse-status.ts';

/** No leg failed. Not evidence: the response can be that of a backend of a proxy request. */
export function isApiserverRefusal({code, leg, legKnown, text}: Pick<ErrorObject, 'code' | 'leg' | 'legKnown' | 'text'>): boolean {
	return leg === 1 && legKnown && (code === 'ERR_FORBIDDEN' || code === 'ERR_CREDENTIALS' || isApiserverMessage(text));
}

/** Whether it is a message of the apiserver, although a backend could send the same text. */
function isApiserverMessage(text: string | null): boolean {
	const message = (text === null ? '' : (statusMessage(text) ?? text)).trim();
	return (
		message !== '' &&
		(objectNotFound.test(message) ||
			messageRules.some(({speaker, wrappers, pattern}) => speaker === 'apiserver' && wrappers.includes('answer') && pattern.test(message)))
	);
}

/** @see k8s.io/apimachinery pkg/api/errors NewNotFound */
const objectNotFound = /^[a-z.]+ ".+" not found$/;
