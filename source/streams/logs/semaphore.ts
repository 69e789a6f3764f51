/** Limits concurrent opening of logs, because many reconnect together. */

export class Semaphore {
	readonly #limit: number;
	#running = 0;
	readonly #queue: Array<() => void> = [];

	constructor(limit = 20) {
		this.#limit = limit;
	}

	/** Frees the slot after `maxHoldMs`, because an empty log has no response. */
	async run<Result>(open: () => Promise<Result>, maxHoldMs = 3000): Promise<Result> {
		if (this.#running >= this.#limit) {
			await new Promise<void>(resolve => {
				this.#queue.push(resolve);
			});
		} else {
			this.#running++;
		}

		let holdsSlot = true;
		const release = () => {
			if (!holdsSlot) {
				return;
			}

			holdsSlot = false;
			const next = this.#queue.shift();
			if (next) {
				next();
			} else {
				this.#running--;
			}
		};

		const timer = setTimeout(release, maxHoldMs);
		try {
			return await open();
		} finally {
			clearTimeout(timer);
			release();
		}
	}
}
