/** The body of an answer, as a stream: its chunks are put together where they stand. */
import {Readable} from 'node:stream';
import {noop} from './noop.ts';

const mostHeld = 256 * 1024;

export class ResponseBody extends Readable {
	readonly #flow: {hold(): void; want(): void};
	readonly #done: () => void;
	/** What is put together stands in it, between the two. */
	#bytes: Buffer | undefined;
	#from = 0;
	#to = 0;

	/** `flow` holds back what comes while nobody reads. `done` is called when the body has come whole, and when nobody wants the rest of it. */
	constructor(flow: {hold(): void; want(): void}, done: () => void) {
		super({highWaterMark: mostHeld});
		this.#flow = flow;
		this.#done = done;
		// A cut that nobody looks for must not bring the process down.
		this.on('error', noop);
	}

	/** A piece stands in `bytes` from `from` to `to`. Until `give` what stands before it may be written over: a followed log has a chunk a line. */
	gather(bytes: Buffer, from: number, to: number): void {
		if (bytes !== this.#bytes) {
			this.give();
			this.#bytes = bytes;
			this.#from = from;
			this.#to = from;
		}

		if (this.#to < from) {
			bytes.copyWithin(this.#to, from, to);
		}

		this.#to += to - from;
	}

	/** Gives on what was gathered. */
	give(): void {
		const bytes = this.#bytes;
		this.#bytes = undefined;
		if (bytes && this.#to > this.#from && !this.push(bytes.subarray(this.#from, this.#to))) {
			this.#flow.hold();
		}
	}

	/** All has come. */
	finish(): void {
		this.give();
		this.push(null);
		this.#done();
	}

	/** Nothing more will come, and not all has: what has come is read first. */
	fail(error: Error): void {
		this.give();
		// What was pushed in this turn is there to be read until the next one.
		setImmediate(() => {
			this.destroy(error);
		});
	}

	override _read(): void {
		this.#flow.want();
	}

	override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
		this.#done();
		callback(error);
	}
}
