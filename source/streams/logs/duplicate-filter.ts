/** Takes out of a resumed answer what was told before the cut. */
import {lineEnd} from './log-lines.ts';
import {timestampLength, timestampNanoseconds, timestampSecond} from './line-timestamp.ts';
import {lineKey, type ExpectedDuplicates} from './recent-lines.ts';

/**
Lines are compared by timestamp and bytes, as a multiset: equal lines may share a timestamp.
A stretch without a timestamp at the very beginning is the tail of a line that began before the second from which the server was asked.
*/
export class DuplicateFilter {
	readonly #repeats: ExpectedDuplicates;
	#left: number;
	#beginning = true;
	#tail: Buffer | null = null;
	#met = false;
	#unwantedBefore: ExpectedDuplicates['beginning'];

	constructor(repeats: ExpectedDuplicates) {
		this.#repeats = repeats;
		this.#unwantedBefore = repeats.beginning;
		this.#left = repeats.counts.values().reduce((sum, count) => sum + count, 0);
	}

	/** The last line was met again: what follows it here followed it in the log. */
	get met(): boolean {
		return this.#met;
	}

	/** False: some lines may come twice, since too many were told in one second to be remembered. */
	get complete(): boolean {
		return this.#repeats.complete;
	}

	/** The lines of `block` that are new; a view when it can be. */
	pass(block: Buffer): Buffer {
		if (this.#left === 0 && !this.#beginning) {
			return block;
		}

		const fresh: Buffer[] = [];
		let run = 0;
		for (let from = 0; from < block.length;) {
			const end = lineEnd(block, from);
			if (this.#isRepeat(block, from, end)) {
				if (run < from) {
					fresh.push(block.subarray(run, from));
				}

				run = end;
			}

			from = end;
			if (this.#left === 0 && !this.#beginning) {
				break;
			}
		}

		if (run < block.length) {
			fresh.push(block.subarray(run));
		}

		return fresh.length === 1 ? fresh[0]! : Buffer.concat(fresh);
	}

	/** A tail of which nothing tells that it was told; it is due before anything new. */
	takeTail(): Buffer | null {
		const tail = this.#met ? null : this.#tail;
		this.#tail = null;
		return tail;
	}

	#isRepeat(block: Buffer, from: number, end: number): boolean {
		const stamp = timestampLength(block, from);
		if (stamp === 0 && this.#beginning) {
			this.#beginning = false;
			this.#tail = this.#toldTail(block.subarray(from, end)) ? null : block.subarray(from, end);
			return true;
		}

		this.#beginning = false;
		if (stamp > 0 && timestampSecond(block, from, stamp) > this.#repeats.newestSecond) {
			this.#left = 0;
			return false;
		}

		const key = lineKey(block, from, end);
		const count = this.#repeats.counts.get(key) ?? 0;
		if (count === 0) {
			return stamp > 0 && this.#unwantedBefore !== null && timestampNanoseconds(block, from, stamp) <= this.#unwantedBefore.time;
		}

		// What stands behind a line that was told is wanted.
		this.#unwantedBefore = null;
		this.#repeats.counts.set(key, count - 1);
		this.#left--;
		this.#met ||= key === this.#repeats.last && count === 1;
		return true;
	}

	#toldTail(tail: Buffer): boolean {
		return this.#repeats.tails.some(block => block.includes(tail));
	}
}
