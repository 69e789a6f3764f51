/** Decides whether a resumed response continues at the last line. */
import type {GapReason} from './log-events.ts';
import type {DuplicateFilter} from './duplicate-filter.ts';

/** `proven`: no line is missing. `foundLastLine`: the last line was received again. */
export type Continuity = {proven: boolean; foundLastLine: boolean};

export type ContinuityCallbacks = {
	/** True only after the rest of the previous instance was emitted. */
	hasRestarted(): Promise<boolean>;
	/** @throws if the second read fails */
	isLastLineOffered(): Promise<boolean>;
	reportGap(reason: GapReason): Promise<void>;
	onResumed(continuity: Continuity): Promise<void>;
};

/** If no line arrives within this time, the response lacks the last line. */
const lastLineTimeoutMs = 3000;

export class ContinuityCheck {
	readonly #filter: Pick<DuplicateFilter, 'foundLastLine' | 'isComplete'> | null;
	readonly #callbacks: ContinuityCallbacks;
	readonly #timeoutMs: number;
	#isSettled = false;
	#timer: NodeJS.Timeout | undefined;
	#isStopped = false;
	#restartCheck: Promise<boolean> | null = null;
	#settlement: Promise<void> | null = null;

	/** `filter` is `null` if no line is known. */
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

	responseStarted(): void {
		this.#scheduleSecondRead();
	}

	/** `beforeLines` need not be called. */
	get isSettled(): boolean {
		return this.#isSettled;
	}

	async beforeLines(newLines: Buffer): Promise<void> {
		await this.#restartCheck;
		if (this.#filter === null || this.#filter.foundLastLine || newLines.length > 0) {
			this.#settlement ??= this.#settle(false);
		}

		// A second read can settle it meanwhile, without the wait for a restart check.
		const settlement = this.#settlement;
		await settlement;
		this.#isSettled = settlement !== null;
	}

	async settled(): Promise<void> {
		await this.#settlement;
	}

	stop(): void {
		this.#isStopped = true;
		clearTimeout(this.#timer);
	}

	/** A kubelet does not respond for an empty log, so look for a restart. */
	#checkRestart(): void {
		this.#restartCheck ??= this.#callbacks.hasRestarted();
		// The waiter receives the error.
		this.#restartCheck.catch(() => undefined);
	}

	#scheduleSecondRead(): void {
		clearTimeout(this.#timer);
		if (this.#filter !== null && !this.#isStopped && this.#settlement === null) {
			this.#timer = setTimeout(() => {
				void this.#readAgain();
			}, this.#timeoutMs);
		}
	}

	/** The kubelet is slow with large files: a second read shows whether the last line can still arrive. */
	async #readAgain(): Promise<void> {
		let isOffered: boolean;
		try {
			isOffered = await this.#callbacks.isLastLineOffered();
		} catch {
			this.#scheduleSecondRead();
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
