/** The position at which the next read of a log starts. */
import {formatSinceTime, type PodLogOptions} from './pod-log-options.ts';
import type {RecentLines} from './recent-lines.ts';

/** One request may take so much longer to reach the kubelet than another, seconds. */
const requestDelayS = 2;

export class ResumePosition {
	readonly #start: PodLogOptions;
	readonly #recentLines: Pick<RecentLines, 'since'>;
	/** When the read went out from which on lines are owed although none has come, `performance.now()`. */
	#owedSince: number | null = null;

	/** `start` is from where the user wanted it. */
	constructor(start: PodLogOptions, recentLines: Pick<RecentLines, 'since'>) {
		this.#start = start;
		this.#recentLines = recentLines;
	}

	/** A follow went out then; the first one counts. */
	recordFollow(requestedAt: number | null): void {
		this.#owedSince ??= requestedAt;
	}

	/** From the last second that was seen; before a first line, from where the user wanted it. */
	get fromLastLine(): PodLogOptions {
		const {since: sinceFirstFollow} = this.#recentLines;
		return sinceFirstFollow === null
			? {...this.#start, ...this.#baseOptions}
			: {...this.#baseOptions, sinceTime: formatSinceTime(sinceFirstFollow)};
	}

	/** Whether `behind` is another beginning than `again`: a follow had no line. */
	get isOwed(): boolean {
		return this.#owed !== null;
	}

	/**
	 * Whether lines that were wanted may be missing from `behind`: more may have been written since the first request than the newest that
	 * are asked for.
	 */
	get mayHaveMissed(): boolean {
		const {tailLines} = this.#start;
		return this.#owed !== null && tailLines !== undefined && tailLines !== 0;
	}

	/**
	The same behind a follow. Where that had no line, asking for none of the lines so far or for the last seconds again would skip what
	came since.
	The newest lines are asked for again: `mayMiss` and `since` tell whether they reach back far enough.
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

	/** All that was written since the first request, and a little of before: how long ago that was needs no clock but ours. */
	sinceFirstFollow(now: number): PodLogOptions & {sinceSeconds: number} {
		return {...this.#baseOptions, sinceSeconds: Math.ceil((now - (this.#owed ?? now)) / 1000) + requestDelayS};
	}

	/** `null` where the beginning does not move: a line was seen, or the whole log is wanted. */
	get #owed(): number | null {
		const {tailLines, sinceSeconds} = this.#start;
		return this.#recentLines.since !== null || (tailLines === undefined && sinceSeconds === undefined) ? null : this.#owedSince;
	}

	get #baseOptions(): PodLogOptions {
		return {timestamps: true, ...(this.#start.insecureSkipTLSVerifyBackend && {insecureSkipTLSVerifyBackend: true})};
	}
}
