/** Queues: slots for a limited number of workers, waiters, and events of many producers for one reader. */

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

/** A reader that stops early ends the queue. */
export class EventQueue<Event> implements AsyncIterable<Event> {
	readonly #pending: Array<{event: Event; onHandled?: () => void}> = [];
	#ended: {error: unknown} | null = null;
	#notifyReader: (() => void) | undefined;
	readonly #onReadEnd: (() => void) | undefined;

	/** `onReadEnd` is called when the reader stops, has read the last event, or gets the error. */
	constructor(onReadEnd?: () => void) {
		this.#onReadEnd = onReadEnd;
	}

	/** Resolves after the event was handled: a producer that awaits it is no faster than the reader. Ignored after the end. */
	readonly push = (event: Event): Promise<void> =>
		// An async function would make more promises for each event.
		new Promise(onHandled => {
			if (this.#ended) {
				onHandled();
				return;
			}

			this.#pending.push({event, onHandled});
			this.#notifyReader?.();
		});

	/** For a producer that does not wait. Ignored after the end. */
	emit(event: Event): void {
		if (!this.#ended) {
			this.#pending.push({event});
			this.#notifyReader?.();
		}
	}

	/** Pending events are still read. */
	end(): void {
		this.#end(null);
	}

	/** Pending events are still read, then the reader gets the error. */
	fail(error: unknown): void {
		this.#end(error);
	}

	/** Like `end`, and drops an error that the reader has not received. */
	cancel(): void {
		this.#ended = null;
		this.#end(null);
	}

	/** Not a generator, which makes more promises for each event. */
	[Symbol.asyncIterator](): AsyncIterator<Event, void> {
		let onHandled: (() => void) | undefined;
		return {
			next: async () => {
				onHandled?.();
				onHandled = undefined;
				while (this.#pending.length === 0 && !this.#ended) {
					await new Promise<void>(resolve => {
						this.#notifyReader = resolve;
					});
				}

				const entry = this.#pending.shift();
				if (entry) {
					onHandled = entry.onHandled;
					return {value: entry.event, done: false};
				}

				const {error} = this.#ended!;
				this.#endRead();
				if (error !== null) {
					throw error;
				}

				return {value: undefined, done: true};
			},
			return: async () => {
				onHandled?.();
				this.#endRead();
				return {value: undefined, done: true};
			},
		};
	}

	#endRead(): void {
		this.end();
		for (const {onHandled} of this.#pending.splice(0)) {
			onHandled?.();
		}

		this.#onReadEnd?.();
	}

	#end(error: unknown): void {
		this.#ended ??= {error};
		this.#notifyReader?.();
	}
}
