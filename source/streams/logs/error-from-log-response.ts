/** Why a log could not be read: the pod's state, the second leg, or what the apiserver says of us. */
import {errorFromResponse, type ErrorResponseContext, type ErrorResponse} from '../../cluster/error-from-response.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import {kubectlLine, statusMessage} from '../../server-messages/parse-status.ts';

/**
Never throws. The kubelet's refusals come as 400 by way of the apiserver, a second leg that failed as 500 with the kubelet's URL.
*/
export function errorFromLogResponse(answer: ErrorResponse, asked: Pick<ErrorResponseContext, 'namespace' | 'identity'> = {}): SpokeError {
	const told = errorFromResponse(answer, {verb: 'get', resource: 'pods/log', ...asked});
	const text = statusMessage(answer.body) || (told.text ?? told.message);
	const asKubectl = kubectlLine(answer.body);
	const line = text.replaceAll(/\s*\n\s*/g, ' ').trim();
	if (answer.status === 400 && /is waiting to start|is not available|is terminated/.test(text)) {
		return new SpokeError('ERR_TARGET_GONE', line, {text, asKubectl, remedy: 'it can be waited for with -f'});
	}

	// What the kubelet says was met behind both legs.
	const place = kubeletLogRefusal(answer.status, answer.body) === null ? {} : ({leg: 3} as const);
	if (
		answer.status === 400 &&
		/previous terminated container .* not found|is not valid for pod|a container name must be specified|container not found/.test(text)
	) {
		return new SpokeError('ERR_NOT_FOUND', line, {text, asKubectl, ...place});
	}

	return told.code === 'ERR_APISERVER_ANSWER' && secondLeg.test(text) ? new SpokeError('ERR_SECOND_LEG', line, {text}) : told;
}

/** `Get "https://HOST:PORT/containerLogs/…": …` and the failures of the apiserver's own way to a node. */
const secondLeg =
	/^Get "https?:\/\/[^"]+\/containerLogs\/|no preferred addresses found|No agent available|proxy error from|dial timeout, backstop|^nodes? "[^"]*" not found/;
