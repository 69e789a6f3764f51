/** Ends of remote commands and of copies in words, for the one-shots and the session. */
import type {SpokeError} from '../../base/errors/spoke-error.ts';
import {formatDuration, formatBytes, formatQuantity} from '../../base/text/formats.ts';
import type {CopiedEntry, CopyTally} from '../../streams/copy/copy-passes.ts';

export type CommandEnd =
	| {kind: 'exited'; exitCode: number; isPodDeleted?: boolean}
	/** An attach whose container stopped; `null`: its exit code is unknown. */
	| {kind: 'output-ended'; exitCode: number | null}
	| {kind: 'detached'}
	| {kind: 'failed'; error: Pick<SpokeError, 'message'>};

/** What the session says of the end. `subject`: what ran. */
export function describeCommandEnd(end: CommandEnd, subject: string, tookMs: number): string {
	const after = ` after ${formatDuration(tookMs)}`;
	switch (end.kind) {
		case 'exited': {
			return `${describeExit(subject, end.exitCode)}${after}${end.isPodDeleted ? '; the pod was deleted' : ''}`;
		}

		case 'output-ended': {
			return end.exitCode === null
				? `${subject} ended${after}; exit status unknown`
				: `${describeExit('the container', end.exitCode)}${after}`;
		}

		case 'detached': {
			return `left the ${subject}${after}; it may still be running in the container`;
		}

		case 'failed': {
			return `${end.error.message},${after}`;
		}
	}
}

/** kubectl's line at the end of an exec. */
export function describeExit(subject: string, exitCode: number): string {
	return `${subject} terminated with exit code ${exitCode}`;
}

/**
kubectl's message at the end of an attach with a terminal; `null` if the container will not run again.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/attach/attach.go reattachMessage
*/
export function describeReattach(command: string, {isEphemeral, canRunAgain}: {isEphemeral: boolean; canRunAgain: boolean}): string | null {
	if (isEphemeral) {
		return `Session ended, the ephemeral container will not be restarted but may be reattached using '${command}' if it is still running`;
	}

	return canRunAgain ? `Session ended, resume using '${command}' command when the pod is running` : null;
}

/** `copied 3 files, 1 directory, 1.2 MB in 0.4 s · same sha256 checksum on both ends`. */
export function describeCopied(
	{files, directories, links, bytes}: CopyTally,
	{durationMs, destination}: {durationMs: number; destination?: string},
): string {
	const counted = [
		formatQuantity(files, 'file'),
		...(directories > 0 ? [formatQuantity(directories, 'directory', 'directories')] : []),
		...(links > 0 ? [formatQuantity(links, 'link')] : []),
	].join(', ');
	const verified = files > 0 ? ' · same sha256 checksum on both ends' : '';
	const to = destination === undefined ? '' : ` to ${destination}`;
	return `copied ${counted}, ${formatBytes(bytes)}${to} in ${formatDuration(durationMs)}${verified}`;
}

/** `source` is the name of an entry that is the source itself. */
export function describeNotCopied({path, reason}: CopiedEntry, source: string): string {
	return `not copied: ${path.length === 0 ? source : path.toString()}: ${reason ?? 'unknown reason'}`;
}
