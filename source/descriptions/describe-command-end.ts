/** Ends of remote commands in words, for exec, attach and the shells of the session. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {formatDuration} from '../text/formats.ts';
import type {Part} from './parts.ts';

export type CommandEnd =
	| {kind: 'exited'; exitCode: number; isPodDeleted?: boolean}
	/** An attach whose container stopped; `null`: its exit code is unknown. */
	| {kind: 'output-ended'; exitCode: number | null}
	| {kind: 'detached'}
	| {kind: 'failed'; error: Pick<SpokeError, 'message'>};

export type CommandEndPart = Part<'subject' | 'statement' | 'duration' | 'detail' | 'code'>;

/** `subject`: what ran. The end of an exec is kubectl's line. */
export function describeCommandEnd(end: CommandEnd, subject: string, tookMs: number): readonly CommandEndPart[] {
	const duration = {role: 'duration' as const, text: ` after ${formatDuration(tookMs)}`};
	switch (end.kind) {
		case 'exited': {
			return [
				{role: 'subject', text: subject},
				statement(` terminated with exit code ${end.exitCode}`),
				duration,
				...(end.isPodDeleted ? [{role: 'detail' as const, text: '; the pod was deleted'}] : []),
				{role: 'code', text: ' [ERR_REMOTE_EXIT]'},
			];
		}

		case 'output-ended': {
			return end.exitCode === null
				? [{role: 'subject', text: subject}, statement(' ended'), duration, {role: 'detail', text: '; exit status unknown'}]
				: [{role: 'subject', text: 'the container'}, statement(` terminated with exit code ${end.exitCode}`), duration];
		}

		case 'detached': {
			return [statement(`left the ${subject}`), duration, {role: 'detail', text: '; it may still be running in the container'}];
		}

		case 'failed': {
			return [statement(end.error.message), {...duration, text: `,${duration.text}`}];
		}
	}
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

function statement(text: string): CommandEndPart {
	return {role: 'statement', text};
}
