/** PINGs of a SPDY client. Their ids are odd, those of a server even (SPDY/3 section 2.6.5). */
import {systemClock, type MonotonicClock} from '../async/clock.ts';
import {PongTracker} from './pong-tracker.ts';

export type SpdyPingsOptions = {
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
		this.#nextId = id >= 0x7f_ff_ff_f0 ? 1 : id + 2;
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
