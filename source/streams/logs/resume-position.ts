/** Where does the next read of a log begin, so that nothing is missed, and no more comes twice than must? */
import {formatSinceTime, type PodLogOptions} from './pod-log-options.ts';
import type {RecentLines} from './recent-lines.ts';

/** One request may take so much longer to reach the kubelet than another, seconds. */
const askingTakesS = 2;

export class ResumePosition {
	readonly #start: PodLogOptions;
	readonly #seen: Pick<RecentLines, 'since'>;
	/** When the read went out from which on lines are owed although none has come, `performance.now()`. */
	#owedSince: number | null = null;

	/** `start` is from where the user wanted it. */
	constructor(start: PodLogOptions, seen: Pick<RecentLines, 'since'>) {
		this.#start = start;
		this.#seen = seen;
	}

	/** A follow went out then; the first one counts. */
	followed(at: number | null): void {
		this.#owedSince ??= at;
	}

	/** From the last second that was seen; before a first line, from where the user wanted it. */
	get again(): PodLogOptions {
		const {since} = this.#seen;
		return since === null ? {...this.#start, ...this.#always} : {...this.#always, sinceTime: formatSinceTime(since)};
	}

	/** Whether `behind` is another beginning than `again`: a follow had no line. */
	get isOwed(): boolean {
		return this.#owed !== null;
	}

	/** Whether lines that were wanted may be missing from `behind`: more may have been written since the first request than the newest that are asked for. */
	get mayMiss(): boolean {
		const {tailLines} = this.#start;
		return this.#owed !== null && tailLines !== undefined && tailLines !== 0;
	}

	/**
	The same behind a follow. Where that had no line, asking for none of the lines so far or for the last seconds again would skip what came since.
	The newest lines are asked for again: `mayMiss` and `since` tell whether they reach back far enough.
	*/
	behind(now: number): PodLogOptions {
		const {tailLines, sinceSeconds = 0} = this.#start;
		if (this.#owed === null) {
			return this.again;
		}

		const since = this.since(now);
		if (tailLines === 0) {
			return since;
		}

		return this.mayMiss && this.#start.sinceSeconds === undefined
			? this.again
			: {...this.again, sinceSeconds: sinceSeconds + since.sinceSeconds};
	}

	/** All that was written since the first request, and a little of before: how long ago that was needs no clock but ours. */
	since(now: number): PodLogOptions & {sinceSeconds: number} {
		return {...this.#always, sinceSeconds: Math.ceil((now - (this.#owed ?? now)) / 1000) + askingTakesS};
	}

	/** `null` where the beginning does not move: a line was seen, or the whole log is wanted. */
	get #owed(): number | null {
		const {tailLines, sinceSeconds} = this.#start;
		return this.#seen.since !== null || (tailLines === undefined && sinceSeconds === undefined) ? null : this.#owedSince;
	}

	get #always(): PodLogOptions {
		return {timestamps: true, ...(this.#start.insecureSkipTLSVerifyBackend && {insecureSkipTLSVerifyBackend: true})};
	}
}
