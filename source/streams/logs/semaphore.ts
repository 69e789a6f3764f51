/** How many reads are opened at once: after an apiserver's restart many followers come back together. */

export class Semaphore {
	readonly #atOnce: number;
	#inside = 0;
	readonly #queue: Array<() => void> = [];

	constructor(atOnce = 20) {
		this.#atOnce = atOnce;
	}

	/**
	Runs `open` as soon as there is room. The room is free again when it is done, or after `longestMs`:
	a log without lines may answer only with its first line.
	*/
	async run<Result>(open: () => Promise<Result>, longestMs = 3000): Promise<Result> {
		if (this.#inside >= this.#atOnce) {
			await new Promise<void>(resolve => {
				this.#queue.push(resolve);
			});
		} else {
			this.#inside++;
		}

		let inside = true;
		const leave = () => {
			if (!inside) {
				return;
			}

			inside = false;
			const next = this.#queue.shift();
			if (next) {
				next();
			} else {
				this.#inside--;
			}
		};

		const timer = setTimeout(leave, longestMs);
		try {
			return await open();
		} finally {
			clearTimeout(timer);
			leave();
		}
	}
}
