/** Errors of log reads: in the response, or of the kubelet inside a log body (status 200). */
import {errorFromResponse, type ErrorResponse, type ErrorResponseContext} from '../../cluster/error-from-response.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import {kubectlLine, statusMessage} from '../../server-messages/parse-status.ts';

/**
The log reader's failures, as they stand behind the last line of a body.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/cri-client/pkg/logs/logs.go ReadLogs
*/
const failures =
	/(?:failed to (?:create fsnotify watcher|watch directory|read log file|open log file|try resolving symlinks|tail -?\d+ lines|seek|reset seek in log file|get parse function|get container status)\b|unable to retrieve container logs for |rpc error: code = |context cancelled$)[^\n]*$/;

/**
What stood behind the last line feed, parted into the log's own bytes and the kubelet's words.
A follow may fail in the middle of a line, when the kubelet goes over to waiting for more; in any other read words that stand behind a
line's beginning
are the end of that line, which a container that ended may well have left so.
*/
export function splitKubeletError(remainder: Buffer, {follows}: {follows: boolean}): {log: Buffer; message: string | null} {
	// A failure is one short line at the very end; a longer tail is the log's.
	const tail = remainder.subarray(Math.max(0, remainder.length - 2048));
	const match = failures.exec(tail.toString('latin1'));
	if (!match) {
		return {log: remainder, message: null};
	}

	const start = remainder.length - tail.length + match.index;
	if (start > 0 && !follows) {
		return {log: remainder, message: null};
	}

	return {log: remainder.subarray(0, start), message: remainder.subarray(start).toString('utf8')};
}

/** What to do about them, where it is known. */
export function kubeletErrorRemedy(message: string): string | null {
	return message.includes('too many open files') ? 'raise fs.inotify.max_user_instances on the node' : null;
}

/**
 * Of an ended container whose pod stays, as with a finalizer: the node has removed it with its log. @see
 * https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kuberuntime/kuberuntime_container.go GetContainerLogs
 */
export function isContainerRemoved(message: string): boolean {
	return message.startsWith('unable to retrieve container logs for ');
}

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
