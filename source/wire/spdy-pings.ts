/** Is the other side of a SPDY session still there, and how far away? */

export type SpdyPingsOptions = {
	/** Odd for a client, even for a server (SPDY/3 section 2.6.5). */
	firstId: number;
	everyMs: number;
	silenceMs: number;
	send: (id: number) => void;
	/** True while silence means nothing, because we do not read or our own bytes have not left. */
	excused: () => boolean;
	onRoundTrip: (milliseconds: number) => void;
	onSilence: (milliseconds: number) => void;
};

/**
A peer that cannot pass on what we sent stops reading, and so stops answering PINGs, without being gone
(spdystream handles frames in order). So the silence allowed is ten times as long when data was sent since anything was heard.
*/
export class SpdyPings {
	lastHeardAt = performance.now();
	readonly #options: SpdyPingsOptions;
	readonly #sent = new Map<number, number>();
	readonly #timer: NodeJS.Timeout | undefined;
	#nextId: number;
	#lastDataAt = 0;

	constructor(options: SpdyPingsOptions) {
		this.#options = options;
		this.#nextId = options.firstId;
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
		this.#nextId = id >= 0x7F_FF_FF_F0 ? this.#options.firstId : id + 2;
		// Answers that never came are not kept for ever.
		if (this.#sent.size >= 16) {
			this.#sent.delete(this.#sent.keys().next().value!);
		}

		this.#sent.set(id, performance.now());
		this.#options.send(id);
	}

	/** True when `id` is one of ours; otherwise it is the other side's PING, to be sent back. */
	answered(id: number): boolean {
		if (id % 2 !== this.#options.firstId % 2) {
			return false;
		}

		const sentAt = this.#sent.get(id);
		if (sentAt !== undefined) {
			this.#sent.clear();
			this.#options.onRoundTrip(performance.now() - sentAt);
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
		clearInterval(this.#timer);
	}

	#tick(): void {
		const silence = performance.now() - this.lastHeardAt;
		const allowed = this.#options.silenceMs * (this.#lastDataAt > this.lastHeardAt ? 10 : 1);
		if (this.#sent.size > 0 && silence > allowed && !this.#options.excused()) {
			this.#options.onSilence(silence);
			return;
		}

		this.send();
	}
}
