/** Removes duplicates from a resumed response. */
import {lineEnd, timestampLength, timestampNanoseconds, timestampSecond} from './log-lines.ts';
import {lineKey, type ExpectedDuplicates} from './recent-lines.ts';

/**
Compares timestamp and bytes as a multiset, because equal lines can share a timestamp.
Text without a timestamp at the start is the tail of a line that began before the requested second.
*/
export class DuplicateFilter {
	readonly #expected: ExpectedDuplicates;
	#remaining: number;
	#isAtStart = true;
	#tail: Buffer | null = null;
	#foundLastLine = false;
	#skipUntil: ExpectedDuplicates['start'];

	constructor(expected: ExpectedDuplicates) {
		this.#expected = expected;
		this.#skipUntil = expected.start;
		this.#remaining = expected.counts.values().reduce((sum, count) => sum + count, 0);
	}

	/** Later lines also follow it in the log. */
	get foundLastLine(): boolean {
		return this.#foundLastLine;
	}

	/** False if one second had too many lines to remember. */
	get isComplete(): boolean {
		return this.#expected.isComplete;
	}

	/** No copy if possible. */
	removeDuplicates(block: Buffer): Buffer {
		if (this.#remaining === 0 && !this.#isAtStart) {
			return block;
		}

		const newLines: Buffer[] = [];
		let runStart = 0;
		for (let from = 0; from < block.length;) {
			const end = lineEnd(block, from);
			if (this.#isDuplicate(block, from, end)) {
				if (runStart < from) {
					newLines.push(block.subarray(runStart, from));
				}

				runStart = end;
			}

			from = end;
			if (this.#remaining === 0 && !this.#isAtStart) {
				break;
			}
		}

		if (runStart < block.length) {
			newLines.push(block.subarray(runStart));
		}

		return newLines.length === 1 ? newLines[0]! : Buffer.concat(newLines);
	}

	/** A tail that may be new; emit it first. */
	takeTail(): Buffer | null {
		const tail = this.#foundLastLine ? null : this.#tail;
		this.#tail = null;
		return tail;
	}

	#isDuplicate(block: Buffer, from: number, end: number): boolean {
		const timestampSize = timestampLength(block, from);
		if (timestampSize === 0 && this.#isAtStart) {
			this.#isAtStart = false;
			this.#tail = this.#isKnownTail(block.subarray(from, end)) ? null : block.subarray(from, end);
			return true;
		}

		this.#isAtStart = false;
		if (timestampSize > 0 && timestampSecond(block, from, timestampSize) > this.#expected.newestSecond) {
			this.#remaining = 0;
			return false;
		}

		const key = lineKey(block, from, end);
		const count = this.#expected.counts.get(key) ?? 0;
		if (count === 0) {
			return timestampSize > 0 && this.#skipUntil !== null && timestampNanoseconds(block, from, timestampSize) <= this.#skipUntil.time;
		}

		this.#skipUntil = null;
		this.#expected.counts.set(key, count - 1);
		this.#remaining--;
		this.#foundLastLine ||= key === this.#expected.lastLine && count === 1;
		return true;
	}

	#isKnownTail(tail: Buffer): boolean {
		return this.#expected.tails.some(block => block.includes(tail));
	}
}
