/** An event stream with backpressure, from many producers to one reader. */

type Pending<Event> = {event: Event; onRead: () => void};

/** `push` resolves after the event was handled, which slows producers. */
export class EventChannel<Event> implements AsyncIterable<Event> {
	readonly #pending: Array<Pending<Event>> = [];
	#notifyReader: (() => void) | undefined;
	#ended: {error: Error | null} | null = null;
	#abandoned = false;

	async push(event: Event): Promise<void> {
		if (this.#abandoned) {
			return;
		}

		await new Promise<void>(onRead => {
			this.#pending.push({event, onRead});
			this.#notifyReader?.();
		});
	}

	/** Pending events are still read. */
	end(error: unknown = null): void {
		this.#ended ??= {error: error === null || error instanceof Error ? error : new Error('ended', {cause: error})};
		this.#notifyReader?.();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Event, void> {
		try {
			for (;;) {
				const next = this.#pending.shift();
				if (next) {
					try {
						yield next.event;
					} finally {
						next.onRead();
					}
				} else if (this.#ended) {
					if (this.#ended.error !== null) {
						throw this.#ended.error;
					}

					return;
				} else {
					await new Promise<void>(resolve => {
						this.#notifyReader = resolve;
					});
				}
			}
		} finally {
			this.#abandoned = true;
			for (const {onRead} of this.#pending.splice(0)) {
				onRead();
			}
		}
	}
}
