/** Errors of log reads: error responses, and kubelet errors inside a log body (status 200). */
import {errorFromResponse, type ErrorResponse, type ErrorResponseContext} from '../../cluster/error-from-response.ts';
import {SpokeError, isSpokeError} from '../../errors/spoke-error.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import {kubectlLine, statusMessage} from '../../server-messages/unwrap-message.ts';
import {rejectOnAbort, abortableDelay} from '../../async/abortable.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {ConnectionClosedError} from '../../cluster/transport/request-errors.ts';
import {locateResponseLoss, unlocatedLoss} from '../locate-loss.ts';

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/cri-client/pkg/logs/logs.go ReadLogs */
const failures =
	/(?:failed to (?:create fsnotify watcher|watch directory|read log file|open log file|try resolving symlinks|tail -?\d+ lines|seek|reset seek in log file|get parse function|get container status)\b|unable to retrieve container logs for |rpc error: code = |context cancelled$)[^\n]*$/;

/**
Splits a kubelet error from the end of a log body. A follow can fail in the middle of a line. In any other read, error text after the start
of a line belongs to that line, which a terminated container can leave unfinished.
*/
export function splitKubeletError(remainder: Buffer, {follows}: {follows: boolean}): {log: Buffer; message: string | null} {
	// A failure is short and at the very end.
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

export function kubeletErrorRemedy(message: string): string | null {
	return message.includes('too many open files') ? 'raise fs.inotify.max_user_instances on the node' : null;
}

/**
Whether the kubelet has removed the container. The pod object can still exist, for example because of a finalizer. @see
https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kuberuntime/kuberuntime_container.go GetContainerLogs
*/
export function isContainerRemoved(message: string): boolean {
	return message.startsWith('unable to retrieve container logs for ');
}

/** Kubelet refusals have status 400; failures of leg 2 have 500 and the kubelet's URL. */
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

	const location = kubeletLogRefusal(response.status, response.body) === null ? {} : ({leg: 3} as const);
	if (
		response.status === 400 &&
		/previous terminated container .* not found|is not valid for pod|a container name must be specified|container not found/.test(text)
	) {
		return new SpokeError('ERR_NOT_FOUND', line, {text, asKubectl, ...location});
	}

	return error.code === 'ERR_APISERVER_ANSWER' && secondLeg.test(text) ? new SpokeError('ERR_SECOND_LEG', line, {text}) : error;
}

/** `Get "https://HOST:PORT/containerLogs/…": …`, or failures of the apiserver's route to a node. */
const secondLeg =
	/^Get "https?:\/\/[^"]+\/containerLogs\/|no preferred addresses found|No agent available|proxy error from|dial timeout, backstop|^nodes? "[^"]*" not found/;

/** ERR_STREAM_LOST without a leg; use `locateInterruption` before showing it. */
export class LogInterruptedError extends SpokeError {
	constructor(description: string, cause: Error) {
		const text = isSpokeError(cause) ? cause.text : cause.message;
		const isClosed = cause instanceof ConnectionClosedError && cause.inResponse;
		const why = isClosed ? 'the connection was closed in the middle of the response' : cause.message;
		super('ERR_STREAM_LOST', `${description}: ${why}`, {cause, text});
	}
}

/** Returns other errors unchanged. @throws the signal's reason */
export async function locateInterruption(
	cluster: Pick<ClusterClient, 'connect' | 'records'>,
	error: SpokeError,
	signal?: AbortSignal,
): Promise<SpokeError> {
	return error instanceof LogInterruptedError ? rejectOnAbort(async () => locateResponseLoss(cluster, error), signal) : error;
}

/** The leg stays unknown after `timeoutMs`. @throws the signal's reason */
export async function locateInterruptionWithin(
	cluster: Pick<ClusterClient, 'connect' | 'records'>,
	error: SpokeError,
	timeoutMs: number,
	signal?: AbortSignal,
): Promise<SpokeError> {
	return Promise.race([
		locateInterruption(cluster, error, signal),
		abortableDelay(timeoutMs, signal).then(() => (error instanceof LogInterruptedError ? unlocatedLoss(error) : error)),
	]);
}
