/** Remembers lines that the server sends again after a resume. */
import {lineEnd, lineFeed, withoutLineFeed, timestampLength, timestampNanoseconds, timestampSecond} from './log-lines.ts';

/** Beyond this, a resume reports possible duplicates. */
const maxBytes = 8 * 1024 * 1024;
/** Most logs fill no more in a second, and a hundred of them can be followed at once. */
const minMemory = 16 * 1024;

type Instant = {second: number; time: bigint};

type ExpectedDuplicates = {
	counts: Map<string, number>;
	/** Proves continuity if received again. */
	lastLine: string | null;
	/** Later lines are not duplicates. */
	newestSecond: number;
	/** False if lines of these seconds were dropped. */
	isComplete: boolean;
	/** Set if the known lines start within these seconds: earlier lines were not wanted, or already emitted. */
	start: Instant | null;
	/** The known lines, with line feeds: the tail of one can be repeated alone. */
	lines: Buffer;
};

/**
Keeps the lines of the newest second, because the server resumes only at whole seconds. They are copied to memory that is reused: the
buffers of a response would be freed only by V8's collection of old objects, which starts when 64 MiB of them wait.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/pod/strategy.go LogLocation (SinceTime is sent as RFC 3339
without a fraction)
*/
export class RecentLines {
	#memory = Buffer.allocUnsafeSlow(minMemory);
	#length = 0;
	/** The newest second in the memory; after a clock was set back, later than `since`. */
	#keptSecond = -Infinity;
	#droppedUntil = -Infinity;
	#second: number | null = null;
	/** Decoded when it is needed, which is rare. */
	#timestamp = Buffer.alloc(64);
	#timestampLength = 0;
	readonly #startsInside: boolean;
	#first: Instant | null = null;

	/** `startsInside`: the log may have earlier lines. */
	constructor(startsInside = false) {
		this.#startsInside = startsInside;
	}

	get since(): number | null {
		return this.#second;
	}

	get timestamp(): string | null {
		return this.#timestampLength === 0 ? null : this.#timestamp.toString('latin1', 0, this.#timestampLength);
	}

	/** Upper bound of what a resume repeats. */
	get bytes(): number {
		return this.#length;
	}

	add(block: Buffer): void {
		const position = lastTimestamp(block);
		if (position) {
			this.#second = timestampSecond(block, position.offset, position.length);
			if (position.length > this.#timestamp.length) {
				this.#timestamp = Buffer.alloc(position.length);
			}

			this.#timestampLength = block.copy(this.#timestamp, 0, position.offset, position.offset + position.length);
		}

		if (this.#startsInside && this.#first === null) {
			this.#first = firstInstant(block);
		}

		const second = this.#second ?? -Infinity;
		if (second > this.#keptSecond) {
			this.#dropAll();
			this.#keptSecond = second;
		}

		this.#store(block);
	}

	expectedDuplicates(): ExpectedDuplicates {
		const since = this.#second ?? Infinity;
		const counts = new Map<string, number>();
		let lastLine: string | null = null;
		let newestSecond = -Infinity;
		// A copy, because the memory is reused.
		const lines = Buffer.from(this.#memory.subarray(0, this.#length));
		// A line without a timestamp belongs to the previous line's second.
		let second = this.#keptSecond;
		for (let from = 0; from < lines.length;) {
			const end = lineEnd(lines, from);
			const timestamp = timestampLength(lines, from);
			second = timestamp === 0 ? second : timestampSecond(lines, from, timestamp);
			if (second >= since) {
				const key = lineKey(lines, from, end);
				counts.set(key, (counts.get(key) ?? 0) + 1);
				if (timestamp > 0) {
					lastLine = key;
					newestSecond = Math.max(newestSecond, second);
				}
			}

			from = end;
		}

		const isComplete = this.#droppedUntil < since;
		const first = isComplete ? this.#first : firstInstant(lines);
		return {counts, lastLine, newestSecond, isComplete, start: first && first.second >= since ? first : null, lines};
	}

	#store(block: Buffer): void {
		let lines = block;
		if (this.#length + block.length > maxBytes) {
			// Half of it, so that a flood moves each line once.
			this.#length = lastLines(this.#memory.subarray(0, this.#length), Math.max(0, maxBytes / 2 - block.length)).copy(this.#memory);
			this.#droppedUntil = Math.max(this.#droppedUntil, this.#keptSecond);
			lines = lastLines(block, maxBytes / 2);
		}

		const size = this.#length + lines.length;
		if (size > this.#memory.length) {
			const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#memory.length));
			this.#memory.copy(larger, 0, 0, this.#length);
			this.#memory = larger;
		}

		lines.copy(this.#memory, this.#length);
		this.#length = size;
	}

	#dropAll(): void {
		this.#droppedUntil = Math.max(this.#droppedUntil, this.#length > 0 ? this.#keptSecond : -Infinity);
		const half = this.#memory.length / 2;
		if (this.#length < half / 2 && half >= minMemory) {
			this.#memory = Buffer.allocUnsafeSlow(half);
		}

		this.#length = 0;
	}
}

/** Ignores the line feed. */
function lineKey(bytes: Buffer, from: number, end: number): string {
	return bytes.toString('latin1', from, withoutLineFeed(bytes, end));
}

function firstInstant(block: Buffer): Instant | null {
	for (let from = 0; from < block.length;) {
		const end = lineEnd(block, from);
		const timestamp = timestampLength(block, from);
		if (timestamp > 0) {
			return {second: timestampSecond(block, from, timestamp), time: timestampNanoseconds(block, from, timestamp)};
		}

		from = end;
	}

	return null;
}

function lastTimestamp(block: Buffer): {offset: number; length: number} | undefined {
	for (let end = block.length; end > 0;) {
		const offset = block.lastIndexOf(lineFeed, end - 2) + 1;
		const from = end === 1 ? 0 : offset;
		const length = timestampLength(block, from);
		if (length > 0) {
			return {offset: from, length};
		}

		end = from;
	}

	return undefined;
}

/** Whole lines of at most `size` bytes. */
function lastLines(lines: Buffer, size: number): Buffer {
	if (lines.length <= size) {
		return lines;
	}

	const end = lines.indexOf(lineFeed, lines.length - size - 1);
	return lines.subarray(end < 0 ? lines.length : end + 1);
}

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
			const tail = block.subarray(from, end);
			this.#tail = this.#expected.lines.includes(tail) ? null : tail;
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
}
