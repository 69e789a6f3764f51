/** How long does a thing that runs keep the process alive? As long as somebody waits for what it comes to. */

type Holder = {ref(): unknown; unref(): unknown};

/** Waiters of one kind, and what runs for them: behind the last one’s leave that holds the process no more, and a new one makes it hold again. */
export class RefWhileAwaited {
	readonly #holders = new Set<Holder>();
	#waiting = 0;

	/** @returns takes it out again */
	hold(...holders: readonly Holder[]): () => void {
		for (const holder of holders) {
			this.#holders.add(holder);
		}

		this.#settle();
		return () => {
			for (const holder of holders) {
				this.#holders.delete(holder);
			}
		};
	}

	/** What `wait` comes to; what runs is held meanwhile. */
	async during<Value>(wait: () => Promise<Value>): Promise<Value> {
		this.#waiting++;
		this.#settle();
		try {
			return await wait();
		} finally {
			this.#waiting--;
			this.#settle();
		}
	}

	#settle(): void {
		for (const holder of this.#holders) {
			if (this.#waiting > 0) {
				holder.ref();
			} else {
				holder.unref();
			}
		}
	}
}
