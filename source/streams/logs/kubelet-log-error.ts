/** Separates an error of the kubelet from the log body that contains it (status 200). */

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
