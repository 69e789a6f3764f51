/** An interrupted log response and its leg. */
import {rejectOnAbort, abortableDelay} from '../../async/abortable.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {ConnectionClosedError} from '../../cluster/transport/request-errors.ts';
import {isSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {locateResponseLoss, unlocatedLoss} from '../locate-loss.ts';

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
