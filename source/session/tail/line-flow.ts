/** The rate of live lines. */

/** The backlog has arrived by then. */
const backlogMs = 2000;

/** A rate is shown once a source has been live for this long. */
const settledMs = 1000;

/** Seconds that a rate covers. */
const averagedSeconds = 5;

export class LineFlow {
	/** When the lines of a source become live. */
	readonly #liveFrom = new Map<number, number>();
	readonly #lastAt = new Map<number, number>();
	#arrived = 0;
	#live = 0;
	#rates: readonly number[] = [];

	opened(source: number, now: number): void {
		this.#liveFrom.set(source, now + backlogMs);
		this.#lastAt.set(source, now);
	}

	quietSince(source: number): number | null {
		return this.#lastAt.get(source) ?? null;
	}

	came(source: number, count: number, now: number): boolean {
		const from = this.#liveFrom.get(source) ?? now + backlogMs;
		this.#liveFrom.set(source, from);
		this.#lastAt.set(source, now);
		const isLive = now > from;
		this.#arrived += count;
		this.#live += isLive ? count : 0;
		return isLive;
	}

	isPastBacklog(source: number, now: number): boolean {
		return now > (this.#liveFrom.get(source) ?? Infinity);
	}

	/** Time without a line from any source; `null` before the first line. */
	quietMs(now: number): number | null {
		return this.#lastAt.size === 0 ? null : Math.max(0, now - Math.max(...this.#lastAt.values()));
	}

	/** Called once per second. */
	tick(now: number): {inflow: number; rate: number | null} {
		const inflow = this.#arrived;
		const isLive = this.#liveFrom.values().some(from => now > from + settledMs);
		this.#rates = isLive ? [...this.#rates.slice(1 - averagedSeconds), this.#live] : [];
		this.#arrived = 0;
		this.#live = 0;
		return {inflow, rate: this.#rates.length === 0 ? null : this.#rates.reduce((sum, count) => sum + count, 0) / this.#rates.length};
	}
}
