/** Round-trip times of pings, and overdue pongs. */
import {systemClock, type MonotonicClock} from '../async/clock.ts';

export type PingOptions = {intervalMs: number; clock?: MonotonicClock};

export type PongTrackerOptions = {
	/** Called once until the next pong. */
	onPingOverdue: (milliseconds: number) => void;
	/** Whether reading is paused. Then a pong can be waiting unread. */
	isPaused: () => boolean;
	clock?: MonotonicClock | undefined;
};

/** A pong is not overdue before this time. */
const minTimeoutMs = 5000;
const roundTripFactor = 3;
const pausedRecheckMs = 1000;
/** More are not needed: only the oldest ping counts. */
const maxKept = 16;

/** Pongs arrive in order, and one can stand for those before it (RFC 6455 section 5.5.3). */
export class PongTracker {
	readonly #options: PongTrackerOptions;
	readonly #clock: MonotonicClock;
	/** Id to send time, oldest first. */
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

	/** Ids must increase. */
	sent(id: number): void {
		if (this.#unanswered.size < maxKept) {
			this.#unanswered.set(id, this.#clock.elapsed());
		}

		if (this.#unanswered.size === 1) {
			this.#scheduleCheck();
		}
	}

	/** Milliseconds; `undefined` for an unknown or answered id. */
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
