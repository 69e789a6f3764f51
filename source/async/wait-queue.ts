/** Waiters in order of arrival. */

type Waiter<Item> = {resolve: (item: Item) => void; reject: (error: Error) => void};

export class WaitQueue<Item> {
	readonly #waiters: Array<Waiter<Item>> = [];

	get length(): number {
		return this.#waiters.length;
	}

	/** @throws the signal's reason, or the error of `rejectAll` */
	async wait(signal?: AbortSignal): Promise<Item> {
		const {promise, resolve, reject} = Promise.withResolvers<Item>();
		const waiter: Waiter<Item> = {resolve, reject};
		const onAbort = () => {
			this.#remove(waiter);
			reject(signal!.reason as Error);
		};

		signal?.addEventListener('abort', onAbort);
		this.#waiters.push(waiter);
		try {
			return await promise;
		} finally {
			signal?.removeEventListener('abort', onAbort);
		}
	}

	/** Serves waiters until `next` returns no item. */
	serve(next: () => Item | undefined): void {
		while (this.#waiters.length > 0) {
			const item = next();
			if (item === undefined) {
				return;
			}

			this.#waiters.shift()!.resolve(item);
		}
	}

	rejectAll(error: () => Error): void {
		for (const {reject} of this.#waiters.splice(0)) {
			reject(error());
		}
	}

	#remove(waiter: Waiter<Item>): void {
		const index = this.#waiters.indexOf(waiter);
		if (index >= 0) {
			this.#waiters.splice(index, 1);
		}
	}
}
