/** Does an answer go on where the one before was cut? Settled once: by meeting the last line, or by what explains that it is not there. */
import type {GapReason} from './log-events.ts';
import type {RepeatFilter} from './repeat-filter.ts';

export type ResumeAsks = {
	/** Whether another life has begun; the rest of the one before is told by then. */
	isNewLife(): Promise<boolean>;
	/** Whether a read on the side is still offered the last line. */
	offersLast(): Promise<boolean>;
	tellGap(reason: GapReason): Promise<void>;
	/** It goes on where it was cut (`proven`), or is known not to. */
	back(proven: boolean): Promise<void>;
};

/** An answer that holds nothing for so long does not hold the last line. */
const meetWithinMs = 3000;

export class ResumeProof {
	readonly #last: Pick<RepeatFilter, 'met' | 'complete'> | null;
	readonly #asks: ResumeAsks;
	readonly #timer: NodeJS.Timeout | undefined;
	#settling: Promise<void> | null = null;

	/** `last` knows whether the last line was met; `null` where there is none to meet. */
	constructor(last: Pick<RepeatFilter, 'met' | 'complete'> | null, asks: ResumeAsks, withinMs = meetWithinMs) {
		this.#last = last;
		this.#asks = asks;
		if (last !== null) {
			this.#timer = setTimeout(() => {
				this.#settleAside();
			}, withinMs);
		}
	}

	/** Awaited before anything new is told. */
	async before(fresh: Buffer): Promise<void> {
		if (this.#last === null || this.#last.met || fresh.length > 0) {
			this.#settling ??= this.#settle(async () => false);
		}

		await this.#settling;
	}

	/** When what is being settled is, where anything is. */
	async settled(): Promise<void> {
		await this.#settling;
	}

	stop(): void {
		clearTimeout(this.#timer);
	}

	/** A large file takes the kubelet its time: a read on the side tells whether the last line will still come. */
	#settleAside(): void {
		this.#settling ??= this.#settle(async () => this.#asks.offersLast());
		// Whoever waits for it hears of it.
		this.#settling.catch(() => undefined);
	}

	async #settle(isOffered: () => Promise<boolean>): Promise<void> {
		const last = this.#last;
		if (last !== null && !last.complete) {
			await this.#asks.tellGap('clock-went-back');
		}

		const proven = last === null || last.met || await this.#asks.isNewLife() || await isOffered();
		if (!proven) {
			await this.#asks.tellGap('last-line-not-met');
		}

		await this.#asks.back(proven);
	}
}
