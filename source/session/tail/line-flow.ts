/** The rate of live lines. */

/** The backlog has arrived by then. */
const backlogMs = 2000;

/** A log whose lines are older than this, since it was opened without a pause, is still sending its backlog. */
const backlogAgeMs = 30_000;

/** A backlog arrives without pauses of this length. */
const pauseMs = 1000;

/** A rate is shown once a source has been live for this long. */
const settledMs = 1000;

/** Seconds that a rate covers. */
const averagedSeconds = 5;

export class LineFlow {
	/** When the lines of a source become live. */
	readonly #liveFrom = new Map<number, number>();
	readonly #lastAt = new Map<number, number>();
	/** Time of the last line of each source that sends its backlog. */
	readonly #backlogAt = new Map<number, number>();
	#arrived = 0;
	#live = 0;
	#rates: readonly number[] = [];

	recordOpened(source: number, now: number): void {
		this.#liveFrom.set(source, now + backlogMs);
		this.#lastAt.set(source, now);
		this.#backlogAt.set(source, 0);
	}

	quietSince(source: number): number | null {
		return this.#lastAt.get(source) ?? null;
	}

	/** `lineTime`: of the last line; `null` if it has no timestamp. */
	recordLines(source: number, count: number, now: number, lineTime: number | null = null): boolean {
		const from = this.#liveFrom.get(source) ?? now + backlogMs;
		if (lineTime === null || now - lineTime < backlogAgeMs) {
			this.#backlogAt.delete(source);
		} else if (this.#backlogAt.has(source) || !this.#liveFrom.has(source)) {
			this.#backlogAt.set(source, lineTime);
		}

		this.#liveFrom.set(source, from);
		this.#lastAt.set(source, now);
		const isLive = now > from && !this.#backlogAt.has(source);
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

	/** The time of the oldest of the last lines, if logs send their backlog, else `null`. A pause ends a backlog. */
	catchingUpAt(now: number): number | null {
		for (const source of this.#backlogAt.keys()) {
			if (now - this.#lastAt.get(source)! > pauseMs) {
				this.#backlogAt.delete(source);
			}
		}

		const times = [...this.#backlogAt].flatMap(([source, time]) => (time > 0 && this.isPastBacklog(source, now) ? [time] : []));
		return times.length === 0 ? null : Math.min(...times);
	}

	/** Called once per second. */
	tick(now: number): {inflow: number; rate: number | null} {
		const inflow = this.#arrived;
		const isLive = [...this.#liveFrom].some(([source, from]) => now > from + settledMs && !this.#backlogAt.has(source));
		this.#rates = isLive ? [...this.#rates.slice(1 - averagedSeconds), this.#live] : [];
		this.#arrived = 0;
		this.#live = 0;
		return {inflow, rate: this.#rates.length === 0 ? null : this.#rates.reduce((sum, count) => sum + count, 0) / this.#rates.length};
	}
}
