/** Handles that keep spoke from exiting. */
type Handle = {ref(): unknown; unref(): unknown};

/** Child process, pipes and timers, which keep spoke from exiting only while somebody waits for them. */
export class AwaitedHandles {
	readonly #handles = new Set<Handle>();
	#waiterCount = 0;

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
