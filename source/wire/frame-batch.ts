/** How do frames that are written in one turn of the event loop leave in one write? */
import process from 'node:process';
import type {Duplex} from 'node:stream';

/** Small frames belong together: SYN_STREAM with the data behind it, a data frame's head with its payload. */
export class FrameBatch {
	readonly #carrier: Duplex;
	#corked = false;

	constructor(carrier: Duplex) {
		this.#carrier = carrier;
	}

	write(bytes: Buffer, sent?: (error?: Error | null) => void): void {
		if (!this.#corked) {
			this.#corked = true;
			this.#carrier.cork();
			// A microtask would come before what streams do in the same turn.
			process.nextTick(() => {
				this.#corked = false;
				this.#carrier.uncork();
			});
		}

		this.#carrier.write(bytes, sent);
	}
}
