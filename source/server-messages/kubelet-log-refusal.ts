/** A kubelet's own reason why a log cannot be read. */
import {parseStatus} from './parse-status.ts';

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
