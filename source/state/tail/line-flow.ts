/** How many lines come, and how many of them live? What logs held before comes first, and fast. */

/** What a log holds when a read begins has come by then. */
const backlogMs = 2000;

/** A rate is said once a source has been live for so long. */
const settledMs = 1000;

/** Over so many seconds. */
const averaged = 5;

export class LineFlow {
	/** Since when what a source brings is live. */
	readonly #liveFrom = new Map<number, number>();
	/** When something last came of a source. */
	readonly #lastAt = new Map<number, number>();
	#arrived = 0;
	#live = 0;
	#rates: readonly number[] = [];

	/** A read of it begins, or begins anew. */
	opened(source: number, now: number): void {
		this.#liveFrom.set(source, now + backlogMs);
		this.#lastAt.set(source, now);
	}

	/** Since when nothing came of a source; `null` before something did. */
	quietSince(source: number): number | null {
		return this.#lastAt.get(source) ?? null;
	}

	/** So many lines came of it; gives whether live. */
	came(source: number, count: number, now: number): boolean {
		const from = this.#liveFrom.get(source) ?? now + backlogMs;
		this.#liveFrom.set(source, from);
		this.#lastAt.set(source, now);
		const isLive = now > from;
		this.#arrived += count;
		this.#live += isLive ? count : 0;
		return isLive;
	}

	/** Whether of a source all has come that its log held before. */
	isPastBacklog(source: number, now: number): boolean {
		return now > (this.#liveFrom.get(source) ?? Infinity);
	}

	/** For how long nothing came of any source; `null` before something did. */
	quietMs(now: number): number | null {
		return this.#lastAt.size === 0 ? null : Math.max(0, now - Math.max(...this.#lastAt.values()));
	}

	/** Once a second: how many lines came in it, and how many come live a second; `null` before that is known. */
	tick(now: number): {inflow: number; rate: number | null} {
		const inflow = this.#arrived;
		const isLive = this.#liveFrom.values().some(from => now > from + settledMs);
		this.#rates = isLive ? [...this.#rates.slice(1 - averaged), this.#live] : [];
		this.#arrived = 0;
		this.#live = 0;
		return {inflow, rate: this.#rates.length === 0 ? null : this.#rates.reduce((sum, count) => sum + count, 0) / this.#rates.length};
	}
}
