/** Decides whether a resumed response continues at the last line. */
import type {GapReason} from './log-events.ts';
import type {DuplicateFilter, RecentLines} from './recent-lines.ts';
import {formatSinceTime, type PodLogOptions} from './open-log.ts';

/** `proven`: no line is missing. `foundLastLine`: the last line was received again. */
export type Continuity = {proven: boolean; foundLastLine: boolean};

type ContinuityCallbacks = {
	/** True only after the rest of the previous instance was emitted. */
	hasRestarted(): Promise<boolean>;
	/** @throws if the second read fails */
	isLastLineOffered(): Promise<boolean>;
	reportGap(reason: GapReason): Promise<void>;
	onResumed(continuity: Continuity): Promise<void>;
};

/** If no line arrives within this time, the response lacks the last line. */
const lastLineTimeoutMs = 3000;

/** Requests can differ this much in time to reach the kubelet. */
const requestDelayS = 2;

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

/** The start of the next log read. */
export class ResumePosition {
	readonly #start: PodLogOptions;
	readonly #recentLines: Pick<RecentLines, 'since'>;
	/**
	Everything in the log of a new instance is new. The second of an earlier instance's last line would hide lines of a node whose clock was
	set back meanwhile: the kubelet drops each line with an earlier timestamp.
	@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/cri-client/pkg/logs/logs.go logWriter.write
	*/
	wantsWholeLog = false;
	/** `monotonicMs()` of the first follow. */
	#owedSince: number | null = null;

	constructor(start: PodLogOptions, recentLines: Pick<RecentLines, 'since'>) {
		this.#start = start;
		this.#recentLines = recentLines;
	}

	recordFollow(requestedAt: number | null): void {
		this.#owedSince ??= requestedAt;
	}

	get fromLastLine(): PodLogOptions {
		if (this.wantsWholeLog) {
			return this.#baseOptions;
		}

		const {since} = this.#recentLines;
		return since === null ? {...this.#start, ...this.#baseOptions} : {...this.#baseOptions, sinceTime: formatSinceTime(since)};
	}

	/** A follow had no lines, so `afterFollow` differs from `fromLastLine`. */
	get isOwed(): boolean {
		return this.#owed !== null;
	}

	/** More lines than the tail may have been written. */
	get mayHaveMissed(): boolean {
		const {tailLines} = this.#start;
		return this.#owed !== null && tailLines !== undefined && tailLines !== 0;
	}

	/**
	Requests the tail again after an empty follow, because the same `tailLines: 0` or `sinceSeconds` would skip lines. See
	`mayHaveMissed`.
	*/
	afterFollow(now: number): PodLogOptions {
		const {tailLines, sinceSeconds = 0} = this.#start;
		if (this.#owed === null) {
			return this.fromLastLine;
		}

		const sinceFirstFollow = this.sinceFirstFollow(now);
		if (tailLines === 0) {
			return sinceFirstFollow;
		}

		return this.mayHaveMissed && this.#start.sinceSeconds === undefined
			? this.fromLastLine
			: {...this.fromLastLine, sinceSeconds: sinceSeconds + sinceFirstFollow.sinceSeconds};
	}

	/** Requests lines since the first follow, with a margin. A duration does not depend on the node's clock. */
	sinceFirstFollow(now: number): PodLogOptions & {sinceSeconds: number} {
		return {...this.#baseOptions, sinceSeconds: Math.ceil((now - (this.#owed ?? now)) / 1000) + requestDelayS};
	}

	/** `null` if a line is known or the whole log is wanted. */
	get #owed(): number | null {
		const {tailLines, sinceSeconds} = this.#start;
		return this.wantsWholeLog || this.#recentLines.since !== null || (tailLines === undefined && sinceSeconds === undefined)
			? null
			: this.#owedSince;
	}

	get #baseOptions(): PodLogOptions {
		return {timestamps: true, ...(this.#start.insecureSkipTLSVerifyBackend && {insecureSkipTLSVerifyBackend: true})};
	}
}
