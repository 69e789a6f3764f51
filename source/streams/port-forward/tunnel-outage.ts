/** No tunnel is left, and none can be opened: since when, and when is it tried again? */
import type {SpokeError} from '../../errors/spoke-error.ts';

export type OutageCallbacks = {
	/** It is tried again in `retryInMs`. */
	onInterrupted: (error: SpokeError, attempt: number, retryInMs: number) => void;
	onRestored: (outageMs: number) => void;
};

const firstRetryMs = 500;
const longestRetryMs = 4000;

export class TunnelOutage {
	readonly #tells: OutageCallbacks;
	#attempt = 0;
	#emptySince: number | undefined;
	#lostAt: number | undefined;
	#timer: NodeJS.Timeout | undefined;

	constructor(tells: OutageCallbacks) {
		this.#tells = tells;
	}

	/** The last try failed. */
	get isTroubled(): boolean {
		return this.#attempt > 0;
	}

	/** The next try is not yet. */
	get isWaiting(): boolean {
		return this.#timer !== undefined;
	}

	/** The last tunnel ended by itself: it is an interruption only if another cannot be opened. */
	emptied(): void {
		this.#emptySince ??= performance.now();
	}

	/** A tunnel was opened. */
	opened(): void {
		this.#attempt = 0;
		this.#emptySince = undefined;
		if (this.#lostAt !== undefined) {
			const outageMs = performance.now() - this.#lostAt;
			this.#lostAt = undefined;
			this.#tells.onRestored(Math.round(outageMs));
		}
	}

	/** A tunnel could not be opened: `retry` is called when it is time. `isEmpty`: there is no other one. */
	failed(error: SpokeError, isEmpty: boolean, retry: () => void): void {
		// Several that were under way at once fail together: one attempt.
		if (this.isWaiting) {
			return;
		}

		const retryInMs = Math.round(Math.min(firstRetryMs * 2 ** this.#attempt, longestRetryMs) * (0.75 + Math.random() / 2));
		this.#attempt++;
		if (isEmpty) {
			this.#lostAt ??= this.#emptySince ?? performance.now();
			this.#emptySince = undefined;
			this.#tells.onInterrupted(error, this.#attempt, retryInMs);
		}

		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			retry();
		}, retryInMs);
	}

	/** Nothing is waited for any more: somebody needs a tunnel now, or nobody ever again. */
	endWait(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}
}
