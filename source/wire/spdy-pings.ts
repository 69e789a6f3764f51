/** Is the other side of a SPDY session still there, and how far away? */
import {PongTracker, type MonotonicClock} from './pong-tracker.ts';

export type SpdyPingsOptions = {
	/** Odd for a client, even for a server (SPDY/3 section 2.6.5). */
	firstId: number;
	everyMs: number;
	silenceMs: number;
	send: (id: number) => void;
	/** True while silence means nothing, because we do not read or our own bytes have not left. */
	excused: () => boolean;
	onRoundTrip: (milliseconds: number) => void;
	/** No PING was answered for so long, milliseconds, which is longer than it takes; an `onRoundTrip` follows once one is. */
	onLate?: (milliseconds: number) => void;
	/** While we do not read, an answer may have come. */
	deaf?: () => boolean;
	onSilence: (milliseconds: number) => void;
	timing?: MonotonicClock | undefined;
};

/**
A peer that cannot pass on what we sent stops reading, and so stops answering PINGs, without being gone
(spdystream handles frames in order). So the silence allowed is ten times as long when data was sent since anything was heard.
*/
export class SpdyPings {
	lastHeardAt = performance.now();
	readonly #options: SpdyPingsOptions;
	readonly #answers: PongTracker;
	readonly #timer: NodeJS.Timeout | undefined;
	#nextId: number;
	#lastDataAt = 0;
	#isOver = false;

	constructor(options: SpdyPingsOptions) {
		this.#options = options;
		this.#nextId = options.firstId;
		this.#answers = new PongTracker({
			onLate: options.onLate ?? (() => {}),
			isPaused: options.deaf ?? (() => false),
			timing: options.timing,
		});
		if (!(options.everyMs > 0)) {
			return;
		}

		this.#timer = setInterval(() => {
			this.#tick();
		}, options.everyMs);
		this.#timer.unref();
	}

	send(): void {
		const id = this.#nextId;
		this.#nextId = id >= 0x7f_ff_ff_f0 ? this.#options.firstId : id + 2;
		this.#answers.asked(id);
		this.#options.send(id);
	}

	/** True when `id` is one of ours; otherwise it is the other side's PING, to be sent back. */
	answered(id: number): boolean {
		if (id % 2 !== this.#options.firstId % 2) {
			return false;
		}

		const milliseconds = this.#answers.came(id);
		if (milliseconds !== undefined) {
			this.#options.onRoundTrip(milliseconds);
		}

		return true;
	}

	heard(): void {
		this.lastHeardAt = performance.now();
	}

	sentData(): void {
		this.#lastDataAt = performance.now();
	}

	stop(): void {
		this.#isOver = true;
		clearInterval(this.#timer);
		this.#answers.stop();
	}

	#tick(): void {
		if (!this.#isSilent()) {
			this.send();
			return;
		}

		// A process that stood still, suspended or on a machine that was, has not read what came meanwhile: that comes first.
		setImmediate(() => {
			if (!this.#isOver && this.#isSilent()) {
				this.#options.onSilence(performance.now() - this.lastHeardAt);
			}
		});
	}

	#isSilent(): boolean {
		const allowed = this.#options.silenceMs * (this.#lastDataAt > this.lastHeardAt ? 10 : 1);
		return this.#answers.isWaiting && performance.now() - this.lastHeardAt > allowed && !this.#options.excused();
	}
}
