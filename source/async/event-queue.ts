/** Events of many producers for one reader. */

/** A reader that stops early ends the queue. */
export class EventQueue<Event> implements AsyncIterable<Event> {
	readonly #pending: Array<{event: Event; onHandled?: () => void}> = [];
	#ended: {error: unknown} | null = null;
	#notifyReader: (() => void) | undefined;

	/** Resolves after the event was handled: a producer that awaits it is no faster than the reader. Ignored after the end. */
	async push(event: Event): Promise<void> {
		if (this.#ended) {
			return;
		}

		await new Promise<void>(onHandled => {
			this.#pending.push({event, onHandled});
			this.#notifyReader?.();
		});
	}

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

	async *[Symbol.asyncIterator](): AsyncGenerator<Event, void> {
		try {
			for (;;) {
				const next = this.#pending.shift();
				if (next) {
					try {
						yield next.event;
					} finally {
						next.onHandled?.();
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
			this.end();
			for (const {onHandled} of this.#pending.splice(0)) {
				onHandled?.();
			}
		}
	}

	#end(error: unknown): void {
		this.#ended ??= {error};
		this.#notifyReader?.();
	}
}
