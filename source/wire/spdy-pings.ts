/** Is the other side of a SPDY session still there, and how far away? */
import {PongTracker, type MonotonicClock} from './pong-tracker.ts';

export type SpdyPingsOptions = {
	/** Odd for a client, even for a server (SPDY/3 section 2.6.5). */
	firstId: number;
	intervalMs: number;
	silenceMs: number;
	send: (id: number) => void;
	/** True while silence means nothing, because we do not read or our own bytes have not left. */
	isSilenceExcused: () => boolean;
	onRoundTrip: (milliseconds: number) => void;
	/** No PING was answered for so long, milliseconds, which is longer than it takes; an `onRoundTrip` follows once one is. */
	onPingOverdue?: (milliseconds: number) => void;
	/** While we do not read, an answer may have come. */
	isPaused?: () => boolean;
	onSilence: (milliseconds: number) => void;
	clock?: MonotonicClock | undefined;
};

/**
A peer that cannot pass on what we sent stops reading, and so stops answering PINGs, without being gone
(spdystream handles frames in order). So the silence allowed is ten times as long when data was sent since anything was heard.
*/
export class SpdyPings {
	lastReceivedAt = performance.now();
	readonly #options: SpdyPingsOptions;
	readonly #pongs: PongTracker;
	readonly #timer: NodeJS.Timeout | undefined;
	#nextId: number;
	#lastDataSentAt = 0;
	#hasEnded = false;

	constructor(options: SpdyPingsOptions) {
		this.#options = options;
		this.#nextId = options.firstId;
		this.#pongs = new PongTracker({
			onPingOverdue: options.onPingOverdue ?? (() => {}),
			isPaused: options.isPaused ?? (() => false),
			clock: options.clock,
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
		this.#nextId = id >= 0x7f_ff_ff_f0 ? this.#options.firstId : id + 2;
		this.#pongs.sent(id);
		this.#options.send(id);
	}

	/** True when `id` is one of ours; otherwise it is the other side's PING, to be sent back. */
	acceptPong(id: number): boolean {
		if (id % 2 !== this.#options.firstId % 2) {
			return false;
		}

		const milliseconds = this.#pongs.received(id);
		if (milliseconds !== undefined) {
			this.#options.onRoundTrip(milliseconds);
		}

		return true;
	}

	onBytes(): void {
		this.lastReceivedAt = performance.now();
	}

	onDataSent(): void {
		this.#lastDataSentAt = performance.now();
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

		// A process that stood still, suspended or on a machine that was, has not read what came meanwhile: that comes first.
		setImmediate(() => {
			if (!this.#hasEnded && this.#isSilent()) {
				this.#options.onSilence(performance.now() - this.lastReceivedAt);
			}
		});
	}

	#isSilent(): boolean {
		const allowed = this.#options.silenceMs * (this.#lastDataSentAt > this.lastReceivedAt ? 10 : 1);
		return this.#pongs.isWaiting && performance.now() - this.lastReceivedAt > allowed && !this.#options.isSilenceExcused();
	}
}
