/** Limits how many logs are opened at once, because many followers reconnect together. */

export class Semaphore {
	readonly #limit: number;
	#running = 0;
	readonly #queue: Array<() => void> = [];

	constructor(limit = 20) {
		this.#limit = limit;
	}

	/**
	Runs `open` as soon as there is room. The room is free again when it is done, or after `longestMs`:
	a log without lines may answer only with its first line.
	*/
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
