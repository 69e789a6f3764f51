/** What a one-shot command prints, as whole lines up to a limit. */
import {Writable} from 'node:stream';

/** Bytes that the streams of one call can still take. */
export class ByteBudget {
	left: number;
	/** Whether something did not fit. */
	isExceeded = false;
	readonly #onExceeded: () => void;

	constructor(bytes: number, onExceeded: () => void) {
		this.left = bytes;
		this.#onExceeded = onExceeded;
	}

	/** Once something did not fit, nothing fits. */
	take(bytes: number): boolean {
		if (!this.isExceeded && bytes > this.left) {
			this.isExceeded = true;
			this.#onExceeded();
		}

		if (this.isExceeded) {
			return false;
		}

		this.left -= bytes;
		return true;
	}
}

const lineFeed = 0x0a;

/** Never holds more than the budget: a line that does not fit is discarded, and so is all that follows. */
export class CapturedLines extends Writable {
	readonly lines: string[] = [];
	readonly #budget: ByteBudget;
	#partial: Buffer[] = [];
	#partialBytes = 0;

	constructor(budget: ByteBudget) {
		super({decodeStrings: true});
		this.#budget = budget;
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
		let from = 0;
		for (let at = chunk.indexOf(lineFeed); at >= 0 && !this.#budget.isExceeded; at = chunk.indexOf(lineFeed, from)) {
			this.#addPartial(chunk.subarray(from, at));
			this.endLine();
			from = at + 1;
		}

		if (from < chunk.length && !this.#budget.isExceeded) {
			this.#addPartial(chunk.subarray(from));
		}

		done();
	}

	/** Takes what was written since the last line feed as a line. */
	endLine(): void {
		if (this.#partialBytes > 0 && this.#budget.take(this.#partialBytes)) {
			this.lines.push(Buffer.concat(this.#partial).toString('utf8'));
		}

		this.#partial = [];
		this.#partialBytes = 0;
	}

	#addPartial(part: Buffer): void {
		if (part.length === 0) {
			return;
		}

		this.#partialBytes += part.length;
		if (this.#partialBytes > this.#budget.left) {
			// Too long already.
			this.endLine();
			return;
		}

		this.#partial.push(part);
	}
}
