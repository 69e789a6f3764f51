/** Those who wait for the same kind of thing are served in the order in which they came. */

type Waiter<Given> = {resolve: (given: Given) => void; reject: (error: Error) => void};

export class WaitQueue<Given> {
	readonly #waiters: Array<Waiter<Given>> = [];

	get length(): number {
		return this.#waiters.length;
	}

	/** Stands in the line at once. @throws the signal's reason, and what those who wait are turned away with */
	async wait(signal: AbortSignal): Promise<Given> {
		const {promise, resolve, reject} = Promise.withResolvers<Given>();
		const waiter: Waiter<Given> = {resolve, reject};
		const leave = () => {
			this.#forget(waiter);
			reject(signal.reason as Error);
		};

		signal.addEventListener('abort', leave);
		this.#waiters.push(waiter);
		try {
			return await promise;
		} finally {
			signal.removeEventListener('abort', leave);
		}
	}

	/** Gives to one after the other, as long as there is something. */
	serve(next: () => Given | undefined): void {
		while (this.#waiters.length > 0) {
			const given = next();
			if (given === undefined) {
				return;
			}

			this.#waiters.shift()!.resolve(given);
		}
	}

	rejectAll(error: () => Error): void {
		for (const {reject} of this.#waiters.splice(0)) {
			reject(error());
		}
	}

	#forget(waiter: Waiter<Given>): void {
		const at = this.#waiters.indexOf(waiter);
		if (at >= 0) {
			this.#waiters.splice(at, 1);
		}
	}
}
