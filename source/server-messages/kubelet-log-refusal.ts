/** Is what came in place of a log the kubelet's own word on it, passed on by the apiserver? */
import {parseStatus} from './parse-status.ts';

/**
What a kubelet says of a container that has no log. An apiserver knows a container that is not in the pod, and names it without quotes; nothing else.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_pods.go validateContainerLogStatus
*/
const noLog = new RegExp(
	[
		String.raw`container "[\w.-]+" in pod "[\w.-]+" is (?:not available|terminated|waiting to start(?: - no logs yet|: (?:\w*|image can't be pulled|trying and failing to pull image)))`,
		String.raw`previous terminated container "[\w.-]+" in pod "[\w.-]+" not found`,
		String.raw`pod "[\w.-]+" cannot be found - no logs available`,
	]
		.map(words => `^${words}$`)
		.join('|'),
);

/**
Why a kubelet gives no log, in its words; `null` where that may be the apiserver's own answer. Whatever a kubelet answers instead of a log, the apiserver makes
a Status of: of a 400 the words are kept, any other but a 500 has details that no Status of the apiserver's own has.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/registry/generic/rest/response_checker.go
*/
export function kubeletLogRefusal(status: number, body: string): string | null {
	const {message, details} = parseStatus(body) ?? {};
	if (typeof message !== 'string') {
		return null;
	}

	const isPassedOn = status === 400 ? noLog.test(message.trim()) : status > 400 && details?.kind === 'pods/log';
	return isPassedOn ? message.trim() : null;
}
