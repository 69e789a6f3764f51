/** A kubelet's own reason why a log cannot be read. */
import {parseStatus, statusMessage} from './unwrap-message.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';
import {messageRules} from './explain-message.ts';

/**
Does not match the apiserver's own messages, which name containers without quotes.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_pods.go validateContainerLogStatus
*/
const noLogPattern = new RegExp(
	[
		String.raw`container "[\w.-]+" in pod "[\w.-]+" is (?:not available|terminated|waiting to start(?: - no logs yet|: (?:\w*|image can't be pulled|trying and failing to pull image)))`,
		String.raw`previous terminated container "[\w.-]+" in pod "[\w.-]+" not found`,
		String.raw`pod "[\w.-]+" cannot be found - no logs available`,
	]
		.map(message => `^${message}$`)
		.join('|'),
);

/** @see k8s.io/apimachinery pkg/api/errors NewNotFound */
const objectNotFound = /^[a-z.]+ ".+" not found$/;

/**
Returns the kubelet's message, or `null` if the response can be the apiserver's own. The apiserver turns a kubelet's error into a Status: a
400 keeps the message; any other except a 500 has details that the apiserver's own Status never has.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/registry/generic/rest/response_checker.go
*/
export function kubeletLogRefusal(status: number, body: string): string | null {
	const {message, details} = parseStatus(body) ?? {};
	if (typeof message !== 'string') {
		return null;
	}

	const isFromKubelet = status === 400 ? noLogPattern.test(message.trim()) : status > 400 && details?.kind === 'pods/log';
	return isFromKubelet ? message.trim() : null;
}

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
