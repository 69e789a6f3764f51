/** Outages of what is opened again and again: a log, a tunnel, a watch. */
import {type Backoff, backoffMs, continuousMs, stableAfterMs} from '../base/async/clock.ts';

/** Counts the failed attempts in a row, and the time since the loss. Its owner decides what is reported. */
export class Outage {
	/** Failed attempts in a row. */
	attempt = 0;
	readonly #backoff: Backoff;
	/** `continuousMs()`. */
	#lostAt: number | null = null;
	#startedAt: number | null = null;

	constructor(backoff: Backoff) {
		this.#backoff = backoff;
	}

	/** Milliseconds since the loss; `null` if nothing is lost. */
	get durationMs(): number | null {
		return this.#lostAt === null ? null : continuousMs() - this.#lostAt;
	}

	/** What starts now may last: if it does, its failure is a first attempt. */
	recordStart(): void {
		this.#startedAt = continuousMs();
	}

	/** The outage begins, unless it already did. */
	recordLoss(): void {
		this.#lostAt ??= continuousMs();
	}

	/** Milliseconds before the next attempt. */
	recordFailure(): number {
		const wasStable = this.#startedAt !== null && continuousMs() - this.#startedAt > stableAfterMs;
		this.#startedAt = null;
		this.attempt = wasStable ? 1 : this.attempt + 1;
		return backoffMs(this.attempt, this.#backoff);
	}

	/** Ends the outage. Milliseconds that it took, 0 without one. The number of attempts stays, unless the owner resets it. */
	recordRecovery(): number {
		const ms = this.durationMs ?? 0;
		this.#lostAt = null;
		return ms;
	}
}
