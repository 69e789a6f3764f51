/** Does something once, at the earliest of the moments that were asked for. */
export class EarliestTimer {
	readonly #work: () => void;
	#timer: NodeJS.Timeout | undefined;
	#at = 0;

	constructor(work: () => void) {
		this.#work = work;
	}

	/** No later than `ms` from now. */
	scheduleWithin(ms: number): void {
		const at = performance.now() + ms;
		if (this.#timer && this.#at <= at) {
			return;
		}

		clearTimeout(this.#timer);
		this.#at = at;
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			this.#work();
		}, ms);
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}
}
