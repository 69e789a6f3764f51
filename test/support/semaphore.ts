/** Limits concurrent programs of a test file, because more would wait for the processor until they time out. */
export class Semaphore {
	readonly #most: number;
	readonly #waiting: Array<() => void> = [];
	#running = 0;

	constructor(most: number) {
		this.#most = most;
	}

	/** Resolves to the release function. */
	async enter(): Promise<() => void> {
		if (this.#running < this.#most) {
			this.#running++;
		} else {
			await new Promise<void>(resolve => {
				this.#waiting.push(resolve);
			});
		}

		let isLeft = false;
		return () => {
			if (!isLeft) {
				isLeft = true;
				this.#leave();
			}
		};
	}

	#leave(): void {
		const next = this.#waiting.shift();
		if (next) {
			next();
		} else {
			this.#running--;
		}
	}
}
