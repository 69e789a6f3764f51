/** Does an answer go on where the one before was cut? Settled once, and only for an answer that has begun: by meeting the last line, or by what explains that it is not there. */
import type {GapReason} from './log-events.ts';
import type {DuplicateFilter} from './duplicate-filter.ts';

/** `proven`: nothing is missing. `met`: because the last line that was told came again. */
export type Continuity = {proven: boolean; met: boolean};

export type ContinuityCallbacks = {
	/** Whether another life has begun; the rest of the one before is told by then. */
	isNewLife(): Promise<boolean>;
	/** Whether a side read is still offered the last line. @throws what such a read can fail with: then nothing is known */
	offersLast(): Promise<boolean>;
	reportGap(reason: GapReason): Promise<void>;
	/** The answer has begun, and it is known whether it goes on where it was cut. */
	onResumed(continuity: Continuity): Promise<void>;
};

/** An answer that holds nothing for so long does not hold the last line. */
const meetWithinMs = 3000;

export class ContinuityCheck {
	readonly #last: Pick<DuplicateFilter, 'met' | 'complete'> | null;
	readonly #asks: ContinuityCallbacks;
	readonly #withinMs: number;
	#timer: NodeJS.Timeout | undefined;
	#isStopped = false;
	#explaining: Promise<boolean> | null = null;
	#settling: Promise<void> | null = null;

	/** The request goes out now. `last` knows whether the last line was met; `null` where there is none to meet. */
	constructor(last: Pick<DuplicateFilter, 'met' | 'complete'> | null, asks: ContinuityCallbacks, withinMs = meetWithinMs) {
		this.#last = last;
		this.#asks = asks;
		this.#withinMs = withinMs;
		if (last !== null) {
			this.#timer = setTimeout(() => {
				this.#explain();
			}, withinMs);
		}
	}

	/** The answer has begun; without that nothing can be settled. */
	answered(): void {
		this.#askAsideLater();
	}

	/** Awaited before anything new is told. */
	async before(fresh: Buffer): Promise<void> {
		await this.#explaining;
		if (this.#last === null || this.#last.met || fresh.length > 0) {
			this.#settling ??= this.#settle(false);
		}

		await this.#settling;
	}

	/** When what is being settled is, where anything is. */
	async settled(): Promise<void> {
		await this.#settling;
	}

	stop(): void {
		this.#isStopped = true;
		clearTimeout(this.#timer);
	}

	/** A log without a line is not even answered: a new life is looked for, so that the rest of the one before is told. */
	#explain(): void {
		this.#explaining ??= this.#asks.isNewLife();
		// Whoever waits for it hears of it.
		this.#explaining.catch(() => undefined);
	}

	#askAsideLater(): void {
		clearTimeout(this.#timer);
		if (this.#last !== null && !this.#isStopped && this.#settling === null) {
			this.#timer = setTimeout(() => {
				void this.#askAside();
			}, this.#withinMs);
		}
	}

	/** A large file takes the kubelet its time: a side read tells whether the last line will still come. One that fails tells nothing, and is made again. */
	async #askAside(): Promise<void> {
		let isOffered: boolean;
		try {
			isOffered = await this.#asks.offersLast();
		} catch {
			this.#askAsideLater();
			return;
		}

		if (!this.#isStopped) {
			this.#settling ??= this.#settle(isOffered);
			this.#settling.catch(() => undefined);
		}
	}

	async #settle(isOffered: boolean): Promise<void> {
		const last = this.#last;
		if (last !== null && !last.complete) {
			await this.#asks.reportGap('clock-went-back');
		}

		const met = last !== null && (last.met || isOffered);
		const proven = last === null || met || (await this.#explaining) === true || (await this.#asks.isNewLife());
		if (!proven) {
			await this.#asks.reportGap('last-line-not-met');
		}

		await this.#asks.onResumed({proven, met});
	}
}
