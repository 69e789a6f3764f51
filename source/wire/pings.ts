/** PINGs of a SPDY client. Their ids are odd, those of a server even (SPDY/3 section 2.6.5). */
import {systemClock, type MonotonicClock} from '../base/async/clock.ts';

type SpdyPingsOptions = {
	intervalMs: number;
	silenceMs: number;
	send: (id: number) => void;
	/** Reading is paused or bytes are unsent. */
	isSilenceExcused: () => boolean;
	onRoundTrip: (milliseconds: number) => void;
	/** Called once until the next answer. */
	onPingOverdue?: (milliseconds: number) => void;
	/** Whether reading is paused. Then an answer can be waiting unread. */
	isPaused?: () => boolean;
	onSilence: (milliseconds: number) => void;
	clock?: MonotonicClock | undefined;
};

export type PingOptions = {intervalMs: number; clock?: MonotonicClock};

type PongTrackerOptions = {
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

/**
A peer that cannot forward data stops reading, and so stops answering PINGs (spdystream handles frames in order). So the silence timeout is
ten times as long if data was sent after the last received byte.
*/
export class SpdyPings {
	lastReceivedAt: number;
	readonly #clock: MonotonicClock;
	readonly #options: SpdyPingsOptions;
	readonly #pongs: PongTracker;
	readonly #timer: NodeJS.Timeout | undefined;
	#nextId = 1;
	#lastDataSentAt = 0;
	#hasEnded = false;

	constructor(options: SpdyPingsOptions) {
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
		this.lastReceivedAt = this.#clock.elapsed();
		this.#pongs = new PongTracker({
			onPingOverdue: options.onPingOverdue ?? (() => {}),
			isPaused: options.isPaused ?? (() => false),
			clock: this.#clock,
		});
		if (!(options.intervalMs > 0)) {
			return;
		}

		this.#timer = setInterval(() => {
			this.#tick();
		}, options.intervalMs);
		this.#timer.unref();
	}

	send(): void {
		const id = this.#nextId;
		this.#nextId = id + 2;
		this.#pongs.sent(id);
		this.#options.send(id);
	}

	/** False for a PING of the other side. */
	acceptPong(id: number): boolean {
		if (id % 2 === 0) {
			return false;
		}

		const milliseconds = this.#pongs.received(id);
		if (milliseconds !== undefined) {
			this.#options.onRoundTrip(milliseconds);
		}

		return true;
	}

	onBytes(): void {
		this.lastReceivedAt = this.#clock.elapsed();
	}

	onDataSent(): void {
		this.#lastDataSentAt = this.#clock.elapsed();
	}

	stop(): void {
		this.#hasEnded = true;
		clearInterval(this.#timer);
		this.#pongs.stop();
	}

	#tick(): void {
		if (!this.#isSilent()) {
			this.send();
			return;
		}

		// After a suspension, data that arrived meanwhile is read first.
		setImmediate(() => {
			if (!this.#hasEnded && this.#isSilent()) {
				this.#options.onSilence(this.#clock.elapsed() - this.lastReceivedAt);
			}
		});
	}

	#isSilent(): boolean {
		const allowed = this.#options.silenceMs * (this.#lastDataSentAt > this.lastReceivedAt ? 10 : 1);
		return this.#pongs.isWaiting && this.#clock.elapsed() - this.lastReceivedAt > allowed && !this.#options.isSilenceExcused();
	}
}

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
