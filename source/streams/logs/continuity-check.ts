/** Decides whether a resumed response continues at the last line. */
import type {GapReason} from './log-events.ts';
import type {DuplicateFilter} from './duplicate-filter.ts';

/** `proven`: nothing is missing. `met`: because the last line that was told came again. */
export type Continuity = {proven: boolean; foundLastLine: boolean};

export type ContinuityCallbacks = {
	/** Whether another life has begun; the rest of the one before is told by then. */
	hasRestarted(): Promise<boolean>;
	/** Whether a side read is still offered the last line. @throws what such a read can fail with: then nothing is known */
	isLastLineOffered(): Promise<boolean>;
	reportGap(reason: GapReason): Promise<void>;
	/** The answer has begun, and it is known whether it goes on where it was cut. */
	onResumed(continuity: Continuity): Promise<void>;
};

/** An answer that holds nothing for so long does not hold the last line. */
const lastLineTimeoutMs = 3000;

export class ContinuityCheck {
	readonly #filter: Pick<DuplicateFilter, 'foundLastLine' | 'isComplete'> | null;
	readonly #callbacks: ContinuityCallbacks;
	readonly #timeoutMs: number;
	#timer: NodeJS.Timeout | undefined;
	#isStopped = false;
	#restartCheck: Promise<boolean> | null = null;
	#settlement: Promise<void> | null = null;

	/** The request goes out now. `last` knows whether the last line was met; `null` where there is none to meet. */
	constructor(
		filter: Pick<DuplicateFilter, 'foundLastLine' | 'isComplete'> | null,
		callbacks: ContinuityCallbacks,
		timeoutMs = lastLineTimeoutMs,
	) {
		this.#filter = filter;
		this.#callbacks = callbacks;
		this.#timeoutMs = timeoutMs;
		if (filter !== null) {
			this.#timer = setTimeout(() => {
				this.#checkRestart();
			}, timeoutMs);
		}
	}

	/** The answer has begun; without that nothing can be settled. */
	responseStarted(): void {
		this.#scheduleVerification();
	}

	/** Awaited before anything new is told. */
	async beforeLines(newLines: Buffer): Promise<void> {
		await this.#restartCheck;
		if (this.#filter === null || this.#filter.foundLastLine || newLines.length > 0) {
			this.#settlement ??= this.#settle(false);
		}

		await this.#settlement;
	}

	/** When what is being settled is, where anything is. */
	async settled(): Promise<void> {
		await this.#settlement;
	}

	stop(): void {
		this.#isStopped = true;
		clearTimeout(this.#timer);
	}

	/** A log without a line is not even answered: a new life is looked for, so that the rest of the one before is told. */
	#checkRestart(): void {
		this.#restartCheck ??= this.#callbacks.hasRestarted();
		// The waiter receives the error.
		this.#restartCheck.catch(() => undefined);
	}

	#scheduleVerification(): void {
		clearTimeout(this.#timer);
		if (this.#filter !== null && !this.#isStopped && this.#settlement === null) {
			this.#timer = setTimeout(() => {
				void this.#verify();
			}, this.#timeoutMs);
		}
	}

	/**
	 * A large file takes the kubelet its time: a side read tells whether the last line will still come. One that fails tells nothing, and is
	 * made again.
	 */
	async #verify(): Promise<void> {
		let isOffered: boolean;
		try {
			isOffered = await this.#callbacks.isLastLineOffered();
		} catch {
			this.#scheduleVerification();
			return;
		}

		if (!this.#isStopped) {
			this.#settlement ??= this.#settle(isOffered);
			this.#settlement.catch(() => undefined);
		}
	}

	async #settle(isOffered: boolean): Promise<void> {
		const filter = this.#filter;
		if (filter !== null && !filter.isComplete) {
			await this.#callbacks.reportGap('clock-went-back');
		}

		const foundLastLine = filter !== null && (filter.foundLastLine || isOffered);
		const proven = filter === null || foundLastLine || (await this.#restartCheck) === true || (await this.#callbacks.hasRestarted());
		if (!proven) {
			await this.#callbacks.reportGap('last-line-not-met');
		}

		await this.#callbacks.onResumed({proven, foundLastLine});
	}
}
