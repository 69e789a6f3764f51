/** Reads what the log of a life that has ended still holds, until its end can be believed. */
import {abortableDelay} from '../../cluster/abortable.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {ResumableLog, DrainResult} from './resumable-log.ts';
import type {GapReason} from './log-events.ts';
import {isContainerRemoved} from './kubelet-log-error.ts';
import type {LogOutage} from './log-outage.ts';
import type {Semaphore} from './semaphore.ts';

export type DrainOptions = {gate: Semaphore; outage: LogOutage; signal?: AbortSignal | undefined};

/** So often a log must end without the last line before that is believed. */
const unmetTries = 3;
const unmetPauseMs = 200;
/** So often in a row the kubelet must say that it has no such container: while its runtime restarts it says so, too. */
const removedTries = 6;

/** Gives whether the life's log was read to its end; false where it can be read no more. `gap` is told unless the last line is met. */
export async function drainTerminated(
	reads: ResumableLog,
	read: {previous: boolean; gap: GapReason | null},
	{gate, outage, signal}: DrainOptions,
): Promise<boolean> {
	const proof = new EndOfLogCheck();
	for (let removed = 0; ;) {
		let drained: DrainResult;
		try {
			drained = await gate.run(async () => reads.drain(read));
		} catch (thrown) {
			signal?.throwIfAborted();
			if (!(thrown instanceof SpokeError)) {
				throw thrown;
			}

			if (thrown.code === 'ERR_NOT_FOUND' || thrown.code === 'ERR_TARGET_GONE') {
				await reads.tellGap(ofGone(read.gap));
				return false;
			}

			await outage.lost(thrown);
			continue;
		}

		removed = isContainerRemoved(drained.result?.text ?? '') ? removed + 1 : 0;
		if (removed === removedTries) {
			await reads.tellGap(ofGone(read.gap));
			return false;
		}

		switch (proof.judge(drained)) {
			case 'cut': {
				await outage.lost(drained.result!);
				break;
			}

			case 'unmet': {
				await abortableDelay(unmetPauseMs, signal);
				break;
			}

			case 'once': {
				break;
			}

			case 'end': {
				const isMet = drained.foundLastLine !== false;
				await (isMet ? undefined : reads.tellGap(read.gap));
				await reads.tellRemainder(drained.remainder);
				await outage.back({proven: proof.isWhole && isMet, met: drained.foundLastLine === true});
				return true;
			}
		}
	}
}

/** No line can be met in a log that is not there. */
function ofGone(gap: GapReason | null): GapReason | null {
	return gap === 'last-line-not-met' ? 'log-gone' : gap;
}

/**
A tunnel's end looks like the end of the answer. So the end counts when the last line was met and nothing new came behind it,
and what cannot be held against anything must come the same twice.
*/
export class EndOfLogCheck {
	/** Nothing was told that may stand behind a gap. */
	isWhole = true;
	#unmet = 0;
	#before: Buffer | null = null;

	/** `cut`: it did not end by itself; `unmet`: the last line may still be there the next time; `once`: it must end so again. */
	judge({hasNewLines: fresh, foundLastLine: met, remainder, result: ending}: DrainResult): 'cut' | 'unmet' | 'once' | 'end' {
		this.isWhole &&= met !== false || !fresh;
		if (ending !== null) {
			return 'cut';
		}

		if (fresh) {
			this.#before = null;
			return 'once';
		}

		if (met === false && this.#unmet + 1 < unmetTries) {
			this.#unmet++;
			return 'unmet';
		}

		const isAlone = met === null || remainder.length > 0;
		if (isAlone && !this.#before?.equals(remainder)) {
			this.#before = remainder;
			return 'once';
		}

		return 'end';
	}
}
