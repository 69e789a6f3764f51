/** How is a log told whose answer was cut, and on which leg? */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {rejectOnAbort, abortableDelay} from '../../cluster/abortable.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {answerLoss, unaskedLoss} from '../lost-leg.ts';

/** ERR_STREAM_LOST of which nobody has asked yet where it was: `legOfCut` before it is shown. */
export class LogCut extends SpokeError {
	constructor(what: string, cause: Error) {
		const text = cause instanceof SpokeError ? cause.text : cause.message;
		super('ERR_STREAM_LOST', `${what}: ${cause.message === 'aborted' ? 'the connection was closed in the middle of the answer' : cause.message}`, {cause, text});
	}
}

/** Other errors are given back as they are. Waits a few seconds at most, and not behind `signal`. @throws the signal's reason */
export async function legOfCut(cluster: Pick<ClusterClient, 'connect'>, error: SpokeError, signal?: AbortSignal): Promise<SpokeError> {
	return error instanceof LogCut ? rejectOnAbort(async () => answerLoss(cluster, error), signal) : error;
}

/** The same for who goes on meanwhile: told within `withinMs`, as not known where that is too soon. @throws the signal's reason */
export async function legOfCutWithin(cluster: Pick<ClusterClient, 'connect'>, error: SpokeError, withinMs: number, signal?: AbortSignal): Promise<SpokeError> {
	return Promise.race([legOfCut(cluster, error, signal), abortableDelay(withinMs, signal).then(() => error instanceof LogCut ? unaskedLoss(error) : error)]);
}
