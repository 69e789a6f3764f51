/** Limit on concurrent work. */
import {WaitQueue} from './wait-queue.ts';

/** Gives slots in order of arrival. */
export class Semaphore {
	readonly #limit: number;
	readonly #maxHoldMs: number | undefined;
	readonly #queue = new WaitQueue<() => void>();
	#held = 0;

	/** `maxHoldMs`: after this time the slot is freed for others, although the work continues. */
	constructor(limit: number, maxHoldMs?: number) {
		this.#limit = limit;
		this.#maxHoldMs = maxHoldMs;
	}

	/** @throws what `work` throws, or the signal's reason before the start */
	async run<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
		signal?.throwIfAborted();
		const release = this.#takeSlot() ?? (await this.#queue.wait(signal));
		const timer = this.#maxHoldMs === undefined ? undefined : setTimeout(release, this.#maxHoldMs);
		try {
			signal?.throwIfAborted();
			return await work();
		} finally {
			clearTimeout(timer);
			release();
		}
	}

	/** The result frees the slot, once. */
	#takeSlot(): (() => void) | undefined {
		if (this.#held >= this.#limit) {
			return undefined;
		}

		this.#held++;
		let isHeld = true;
		return () => {
			if (isHeld) {
				isHeld = false;
				this.#held--;
				this.#queue.serve(() => this.#takeSlot());
			}
		};
	}
}
