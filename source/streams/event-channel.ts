/** Many producers, one reader: events in the order in which they came, and nobody runs ahead of the reader. */

type Waiting<Event> = {event: Event; taken: () => void};

/** `push` resolves when the reader is done with the event, so that a slow reader slows every producer. */
export class EventChannel<Event> implements AsyncIterable<Event> {
	readonly #waiting: Array<Waiting<Event>> = [];
	#wake: (() => void) | undefined;
	#ended: {error: Error | null} | null = null;
	#abandoned = false;

	async push(event: Event): Promise<void> {
		if (this.#abandoned) {
			return;
		}

		await new Promise<void>(taken => {
			this.#waiting.push({event, taken});
			this.#wake?.();
		});
	}

	/** What was pushed is still read; then the reader's loop ends, with `error` when there is one. */
	end(error: unknown = null): void {
		this.#ended ??= {error: error === null || error instanceof Error ? error : new Error('ended', {cause: error})};
		this.#wake?.();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Event, void> {
		try {
			for (;;) {
				const next = this.#waiting.shift();
				if (next) {
					try {
						yield next.event;
					} finally {
						next.taken();
					}
				} else if (this.#ended) {
					if (this.#ended.error !== null) {
						throw this.#ended.error;
					}

					return;
				} else {
					await new Promise<void>(resolve => {
						this.#wake = resolve;
					});
				}
			}
		} finally {
			this.#abandoned = true;
			for (const {taken} of this.#waiting.splice(0)) {
				taken();
			}
		}
	}
}
