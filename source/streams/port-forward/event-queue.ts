/** An event queue for one reader, without backpressure. */

/** Pending events are still read after `end` or `fail`. */
export class EventQueue<Event> implements AsyncIterable<Event> {
	readonly #pending: Event[] = [];
	#ended = false;
	#error: unknown;
	#notifyReader: (() => void) | undefined;

	push(event: Event): void {
		if (this.#ended) {
			return;
		}

		this.#pending.push(event);
		this.#notifyReader?.();
	}

	end(): void {
		this.#ended = true;
		this.#notifyReader?.();
	}

	fail(error: unknown): void {
		if (this.#ended) {
			return;
		}

		this.#error = error;
		this.end();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Event, void> {
		for (;;) {
			for (const event of this.#pending.splice(0)) {
				yield event;
			}

			if (this.#pending.length > 0) {
				continue;
			}

			if (this.#error !== undefined) {
				throw this.#error;
			}

			if (this.#ended) {
				return;
			}

			await new Promise<void>(resolve => {
				this.#notifyReader = resolve;
			});
			this.#notifyReader = undefined;
		}
	}
}
