/** Reads a terminated container's log until its end is certain. */
import {abortableDelay} from '../../base/async/clock.ts';
import type {Semaphore} from '../../base/async/queues.ts';
import {isSpokeError} from '../../base/errors/spoke-error.ts';
import type {ResumableLog, DrainRead, DrainResult} from './resumable-log.ts';
import type {GapReason} from './log-events.ts';
import {isContainerRemoved} from './open-log.ts';
import type {LogOutage} from './log-outage.ts';

export type DrainOptions = {semaphore: Semaphore; outage: LogOutage; signal?: AbortSignal | undefined};

/** Responses without the last line before it counts as missing. */
const lastLineAttempts = 3;
const lastLineRetryDelayMs = 200;
/** Consecutive reports of a missing container: the kubelet also sends this while its runtime restarts. */
const removedAttempts = 6;

/** Reports `gap` unless the last line is found. `replaced`: the log already belongs to the next instance; nothing was emitted. */
export async function drainTerminated(
	log: ResumableLog,
	read: DrainRead,
	{semaphore, outage, signal}: DrainOptions,
): Promise<'drained' | 'unavailable' | 'replaced'> {
	const endCheck = new EndOfLogCheck();
	for (let removed = 0; ;) {
		let drained: DrainResult;
		try {
			drained = await semaphore.run(async () => log.drain(read));
		} catch (thrown) {
			signal?.throwIfAborted();
			if (!isSpokeError(thrown)) {
				throw thrown;
			}

			if (thrown.code === 'ERR_NOT_FOUND' || thrown.code === 'ERR_TARGET_GONE') {
				await log.reportGap(unavailableGap(read.gap));
				return 'unavailable';
			}

			await outage.handleLoss(thrown);
			continue;
		}

		if (drained.replaced) {
			return 'replaced';
		}

		removed = isContainerRemoved(drained.result?.text ?? '') ? removed + 1 : 0;
		if (removed === removedAttempts) {
			await log.reportGap(unavailableGap(read.gap));
			return 'unavailable';
		}

		const ending = endCheck.classify(drained);
		if (ending === 'interrupted') {
			await outage.handleLoss(drained.result!);
		} else if (ending === 'not-found') {
			await abortableDelay(lastLineRetryDelayMs, signal);
		} else if (ending === 'end') {
			const foundLastLine = drained.foundLastLine !== false;
			if (!foundLastLine && (await read.isReplaced())) {
				return 'replaced';
			}

			await (foundLastLine ? undefined : log.reportGap(read.gap));
			await log.emitRemainder(drained.remainder);
			await outage.reportResumed({proven: endCheck.isComplete && foundLastLine, foundLastLine: drained.foundLastLine === true});
			return 'drained';
		}
	}
}

function unavailableGap(gap: GapReason | null): GapReason | null {
	return gap === 'last-line-not-met' ? 'log-gone' : gap;
}

/**
A response can also end because a tunnel ended. So the last line must be found without new lines after it. Without a known line, or with a
remainder, two responses must be the same.
*/
export class EndOfLogCheck {
	/** No emitted line can follow a gap. */
	isComplete = true;
	#missedCount = 0;
	#previousRemainder: Buffer | null = null;

	/** `not-found`: the next response may have the last line. `unconfirmed`: it must end the same way again. */
	classify({hasNewLines, foundLastLine, remainder, result}: DrainResult): 'interrupted' | 'not-found' | 'unconfirmed' | 'end' {
		this.isComplete &&= foundLastLine !== false || !hasNewLines;
		if (result !== null) {
			return 'interrupted';
		}

		if (hasNewLines) {
			this.#previousRemainder = null;
			return 'unconfirmed';
		}

		if (foundLastLine === false && this.#missedCount + 1 < lastLineAttempts) {
			this.#missedCount++;
			return 'not-found';
		}

		const needsConfirmation = foundLastLine === null || remainder.length > 0;
		if (needsConfirmation && !this.#previousRemainder?.equals(remainder)) {
			this.#previousRemainder = remainder;
			return 'unconfirmed';
		}

		return 'end';
	}
}
