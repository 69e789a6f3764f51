/** The error for a log request that the server refused. */
import {errorFromResponse, type ErrorResponseContext, type ErrorResponse} from '../../cluster/error-from-response.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import {kubectlLine, statusMessage} from '../../server-messages/parse-status.ts';

/**
Never throws. The kubelet's refusals come as 400 by way of the apiserver, a second leg that failed as 500 with the kubelet's URL.
*/
export function errorFromLogResponse(
	response: ErrorResponse,
	context: Pick<ErrorResponseContext, 'namespace' | 'identity'> = {},
): SpokeError {
	const error = errorFromResponse(response, {verb: 'get', resource: 'pods/log', ...context});
	const text = statusMessage(response.body) || (error.text ?? error.message);
	const asKubectl = kubectlLine(response.body);
	const line = text.replaceAll(/\s*\n\s*/g, ' ').trim();
	if (response.status === 400 && /is waiting to start|is not available|is terminated/.test(text)) {
		return new SpokeError('ERR_TARGET_GONE', line, {text, asKubectl, remedy: 'use -f to wait for it'});
	}

	// What the kubelet says was met behind both legs.
	const location = kubeletLogRefusal(response.status, response.body) === null ? {} : ({leg: 3} as const);
	if (
		response.status === 400 &&
		/previous terminated container .* not found|is not valid for pod|a container name must be specified|container not found/.test(text)
	) {
		return new SpokeError('ERR_NOT_FOUND', line, {text, asKubectl, ...location});
	}

	return error.code === 'ERR_APISERVER_ANSWER' && secondLeg.test(text) ? new SpokeError('ERR_SECOND_LEG', line, {text}) : error;
}

/** `Get "https://HOST:PORT/containerLogs/…": …` and the failures of the apiserver's own way to a node. */
const secondLeg =
	/^Get "https?:\/\/[^"]+\/containerLogs\/|no preferred addresses found|No agent available|proxy error from|dial timeout, backstop|^nodes? "[^"]*" not found/;
