/** Events of many producers for one reader. */

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
