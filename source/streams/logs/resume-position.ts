/** The start of the next log read. */
import {formatSinceTime, type PodLogOptions} from './open-log.ts';
import type {RecentLines} from './recent-lines.ts';

/** Requests can differ this much in time to reach the kubelet. */
const requestDelayS = 2;

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
