/** How long does the other side take to answer our pings, and for how long has it left them unanswered? */

/** Milliseconds that only go on, and a call that is made so many of them later, or called off. */
export type MonotonicClock = {elapsed(): number; after(ms: number, work: () => void): () => void};

/** How often one is sent, milliseconds, and by which time its answer is missed: the machine's by default. */
export type PingOptions = {intervalMs: number; timing?: MonotonicClock};

export type PongTrackerOptions = {
	/** None has come for so long, milliseconds, which is longer than it takes: told once, and again only after one. */
	onLate: (milliseconds: number) => void;
	/** While we do not read, one may have come. */
	isPaused: () => boolean;
	/** The machine's by default. */
	timing?: MonotonicClock | undefined;
};

/** An answer may take so long, and three times as long as the last one, before it is missed, milliseconds. */
const shortestMs = 5000;
const timesLonger = 3;
const lookAgainMs = 1000;
/** Later ones are not kept: the oldest says for how long nothing came. */
const mostKept = 16;

/** Answers come in the order of the pings, and one may stand for those before it (RFC 6455 section 5.5.3). */
export class PongTracker {
	readonly #options: PongTrackerOptions;
	readonly #timing: MonotonicClock;
	/** When each was sent, the oldest first. */
	readonly #unanswered = new Map<number, number>();
	#lastMs = 0;
	#callOff: (() => void) | undefined;

	constructor(options: PongTrackerOptions) {
		this.#options = options;
		this.#timing = options.timing ?? machineTiming;
	}

	get isWaiting(): boolean {
		return this.#unanswered.size > 0;
	}

	/** `id`s rise. */
	asked(id: number): void {
		if (this.#unanswered.size < mostKept) {
			this.#unanswered.set(id, this.#timing.elapsed());
		}

		if (this.#unanswered.size === 1) {
			this.#wait();
		}
	}

	/** Its round trip, milliseconds; `undefined` for what was not asked, or is answered already. */
	came(id: number): number | undefined {
		const sentAt = this.#unanswered.get(id);
		if (sentAt === undefined) {
			return undefined;
		}

		this.#lastMs = this.#timing.elapsed() - sentAt;
		for (const one of [...this.#unanswered.keys()].filter(one => one <= id)) {
			this.#unanswered.delete(one);
		}

		this.#wait();
		return this.#lastMs;
	}

	stop(): void {
		this.#callOff?.();
		this.#unanswered.clear();
	}

	#wait(): void {
		this.#callOff?.();
		const [since] = this.#unanswered.values();
		if (since !== undefined) {
			this.#lookAfter(Math.max(shortestMs, timesLonger * this.#lastMs) - (this.#timing.elapsed() - since), since);
		}
	}

	#lookAfter(ms: number, since: number): void {
		this.#callOff = this.#timing.after(Math.max(0, ms), () => {
			if (this.#options.isPaused()) {
				this.#lookAfter(lookAgainMs, since);
			} else {
				this.#options.onLate(this.#timing.elapsed() - since);
			}
		});
	}
}

const machineTiming: MonotonicClock = {
	elapsed: () => performance.now(),
	after(ms, work) {
		const timer = setTimeout(work, ms).unref();
		return () => {
			clearTimeout(timer);
		};
	},
};
