/** How long does a thing that runs keep the process alive? As long as somebody waits for what it comes to. */

type Handle = {ref(): unknown; unref(): unknown};

/** Waiters of one kind, and what runs for them: behind the last one’s leave that holds the process no more, and a new one makes it hold again. */
export class RefWhileAwaited {
	readonly #handles = new Set<Handle>();
	#waiterCount = 0;

	/** @returns takes it out again */
	add(...handles: readonly Handle[]): () => void {
		for (const handle of handles) {
			this.#handles.add(handle);
		}

		this.#update();
		return () => {
			for (const handle of handles) {
				this.#handles.delete(handle);
			}
		};
	}

	/** What `wait` comes to; what runs is held meanwhile. */
	async during<Value>(wait: () => Promise<Value>): Promise<Value> {
		this.#waiterCount++;
		this.#update();
		try {
			return await wait();
		} finally {
			this.#waiterCount--;
			this.#update();
		}
	}

	#update(): void {
		for (const handle of this.#handles) {
			if (this.#waiterCount > 0) {
				handle.ref();
			} else {
				handle.unref();
			}
		}
	}
}
