/** Continues a copy after the stream was lost. */
import {abortableDelay} from '../../async/abortable.ts';
import {backoffMs} from '../../async/clock.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {isConnectionLoss} from '../locate-loss.ts';
import type {CopyListener} from './copy-events.ts';

type RetryOptions = {
	signal: AbortSignal;
	/** Losses in a row without a file that is done before the copy fails. Negative: no limit. */
	retries: number;
	listener: Pick<CopyListener, 'onRetry'>;
};

export type CopyPass = {
	/** `true` when nothing remains. */
	run(): Promise<boolean>;
	/** Files that are not sent again. */
	readonly doneCount: number;
	/** Whether a pass got as far as a list of files. Before that, a failure is final. */
	readonly hasStarted: boolean;
};

const retryBackoff = {initialMs: 500, maxMs: 10_000};

/** @throws SpokeError of the last loss, or one that no retry helps; the signal's reason */
export async function continueAfterLoss(pass: CopyPass, {signal, retries, listener}: RetryOptions): Promise<void> {
	let lossCount = 0;
	for (let isDone = false; !isDone;) {
		const doneBefore = pass.doneCount;
		try {
			isDone = await pass.run();
			lossCount = 0;
		} catch (thrown) {
			signal.throwIfAborted();
			const error = toSpokeError(thrown);
			lossCount = pass.doneCount > doneBefore ? 1 : lossCount + 1;
			if (!pass.hasStarted || !isConnectionLoss(error) || (retries >= 0 && lossCount > retries)) {
				throw error;
			}

			const retryInMs = backoffMs(lossCount, retryBackoff);
			listener.onRetry(error, {attempt: lossCount, retryInMs});
			await abortableDelay(retryInMs, signal);
			signal.throwIfAborted();
		}
	}
}
