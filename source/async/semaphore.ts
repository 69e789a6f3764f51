/** Limit on concurrent work. */

type Waiter<Item> = {resolve: (item: Item) => void; reject: (error: Error) => void};

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

/** Waiters in order of arrival. */
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
