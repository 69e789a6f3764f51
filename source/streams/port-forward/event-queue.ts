/** How do events that happen by themselves become something to loop over? */

/** Events in order for one reader; ends with `end`, fails with `fail`. What was pushed before either is read first. */
export class EventQueue<Event> implements AsyncIterable<Event> {
	readonly #waiting: Event[] = [];
	#ended = false;
	#failure: unknown;
	#wake: (() => void) | undefined;

	push(event: Event): void {
		if (this.#ended) {
			return;
		}

		this.#waiting.push(event);
		this.#wake?.();
	}

	end(): void {
		this.#ended = true;
		this.#wake?.();
	}

	fail(error: unknown): void {
		if (this.#ended) {
			return;
		}

		this.#failure = error;
		this.end();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Event, void> {
		for (;;) {
			for (const event of this.#waiting.splice(0)) {
				yield event;
			}

			if (this.#waiting.length > 0) {
				continue;
			}

			if (this.#failure !== undefined) {
				throw this.#failure;
			}

			if (this.#ended) {
				return;
			}

			await new Promise<void>(resolve => {
				this.#wake = resolve;
			});
			this.#wake = undefined;
		}
	}
}
