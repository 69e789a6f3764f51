/** How long does the other side take to answer our pings, and for how long has it left them unanswered? */

/** Milliseconds that only go on, and a call that is made so many of them later, or called off. */
export type MonotonicClock = {elapsed(): number; after(ms: number, work: () => void): () => void};

/** How often one is sent, milliseconds, and by which time its answer is missed: the machine's by default. */
export type PingOptions = {intervalMs: number; clock?: MonotonicClock};

export type PongTrackerOptions = {
	/** None has come for so long, milliseconds, which is longer than it takes: told once, and again only after one. */
	onPingOverdue: (milliseconds: number) => void;
	/** While we do not read, one may have come. */
	isPaused: () => boolean;
	/** The machine's by default. */
	clock?: MonotonicClock | undefined;
};

/** An answer may take so long, and three times as long as the last one, before it is missed, milliseconds. */
const minTimeoutMs = 5000;
const roundTripFactor = 3;
const pausedRecheckMs = 1000;
/** Later ones are not kept: the oldest says for how long nothing came. */
const maxKept = 16;

/** Answers come in the order of the pings, and one may stand for those before it (RFC 6455 section 5.5.3). */
export class PongTracker {
	readonly #options: PongTrackerOptions;
	readonly #clock: MonotonicClock;
	/** When each was sent, the oldest first. */
	readonly #unanswered = new Map<number, number>();
	#lastRoundTripMs = 0;
	#cancelCheck: (() => void) | undefined;

	constructor(options: PongTrackerOptions) {
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
	}

	get isWaiting(): boolean {
		return this.#unanswered.size > 0;
	}

	/** `id`s rise. */
	sent(id: number): void {
		if (this.#unanswered.size < maxKept) {
			this.#unanswered.set(id, this.#clock.elapsed());
		}

		if (this.#unanswered.size === 1) {
			this.#scheduleCheck();
		}
	}

	/** Its round trip, milliseconds; `undefined` for what was not asked, or is answered already. */
	received(id: number): number | undefined {
		const sentAt = this.#unanswered.get(id);
		if (sentAt === undefined) {
			return undefined;
		}

		this.#lastRoundTripMs = this.#clock.elapsed() - sentAt;
		for (const one of [...this.#unanswered.keys()].filter(one => one <= id)) {
			this.#unanswered.delete(one);
		}

		this.#scheduleCheck();
		return this.#lastRoundTripMs;
	}

	stop(): void {
		this.#cancelCheck?.();
		this.#unanswered.clear();
	}

	#scheduleCheck(): void {
		this.#cancelCheck?.();
		const [since] = this.#unanswered.values();
		if (since !== undefined) {
			this.#checkAfter(Math.max(minTimeoutMs, roundTripFactor * this.#lastRoundTripMs) - (this.#clock.elapsed() - since), since);
		}
	}

	#checkAfter(ms: number, since: number): void {
		this.#cancelCheck = this.#clock.after(Math.max(0, ms), () => {
			if (this.#options.isPaused()) {
				this.#checkAfter(pausedRecheckMs, since);
			} else {
				this.#options.onPingOverdue(this.#clock.elapsed() - since);
			}
		});
	}
}

const systemClock: MonotonicClock = {
	elapsed: () => performance.now(),
	after(ms, work) {
		const timer = setTimeout(work, ms).unref();
		return () => {
			clearTimeout(timer);
		};
	},
};
