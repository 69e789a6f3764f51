/** Inserts older or backlog lines by time. */
import {isErrorLevel, isWarningLevel, levelOf} from '../../base/lines/line-level.ts';
import {kindMask, levelMask, LineBlock, linesPerBlock, LineBuffer, type LineCounts} from './line-buffer.ts';
import {eachLine} from '../../streams/logs/log-lines.ts';

export type LineRemap = (number: number) => number;

/** Smaller blocks are copied into others. */
const minKeptLines = 512;

/** A single source is not delayed. */
const holdMs = 300;

const nothing = Buffer.alloc(0);

type OrderedLine = {source: number; time: number; bytes: Buffer};
/** A line that waits for lines of other sources. `sortTime`: the newest time of its source so far, so that a source keeps its order. */
type Held = OrderedLine & {arrived: number; sortTime: number; isBacklog: boolean; notice: (() => void) | null};

export type LineSorterCallbacks = {
	/** The line is `bytes` from `from` to `to`. */
	put(source: number, time: number, bytes: Buffer, from: number, to: number): void;
	/** Backlog lines that are older than emitted ones. */
	insert(lines: readonly OrderedLine[]): void;
	settled(): void;
};

/**
Shown lines and each log keep their order. At equal times inserted lines come first.
@param inserted lines of one log each, in order, which precede all lines of the same log from `from` on. They are emptied.
@param from lines before this number stay where they are
*/
export function insertLines(buffer: LineBuffer, inserted: readonly LineBuffer[], from = buffer.first): LineRemap {
	const added = countsOf(inserted);
	const merge = new Merge(inserted);
	const begin = buffer.blocks.findIndex(block => block.first + block.count > from);
	const rest = begin < 0 ? [] : buffer.blocks.slice(begin);
	const writer = new BlockWriter(begin < 0 ? buffer.blocks : buffer.blocks.slice(0, begin));
	const firstNumber = rest[0]?.first ?? buffer.end;
	// New positions of overtaken lines. All lines after them moved by the same amount.
	const places: number[] = [];
	let number = firstNumber;
	let newest = -Infinity;
	let put = 0;
	for (let block = rest.shift(); block; block = rest.shift()) {
		let at = 0;
		for (; at < block.count && (!merge.isDone || number < from); at++, number++) {
			newest = (block.flags[at]! & kindMask) === 0 ? Math.max(newest, block.times[at]!) : newest;
			if (number >= from) {
				put += merge.moveUntil(newest, writer);
			}

			if (!merge.isDone || number < from) {
				places.push(number + put);
				writer.take(block, at);
			} else {
				break;
			}
		}

		if (merge.isDone && number >= from) {
			writer.takeBlock(block, at);
			number += block.count - at;
		}
	}

	put += merge.moveUntil(Infinity, writer);
	buffer.replace(writer.end(), added);
	return before => (before < firstNumber ? before : (places[before - firstNumber] ?? before + put));
}

type Head = {blocks: LineBlock[]; at: number; time: number};

/** A line that is older than its predecessor in the same log stays after it. */
class Merge {
	readonly #heads: Head[] = [];

	constructor(logs: readonly LineBuffer[]) {
		for (const log of logs) {
			const blocks = [...log.blocks];
			// Free blocks one by one while they are moved.
			log.clear();
			if (blocks.length > 0) {
				this.#insert({blocks, at: 0, time: blocks[0]!.times[0]!});
			}
		}
	}

	get isDone(): boolean {
		return this.#heads.length === 0;
	}

	moveUntil(limit: number, writer: BlockWriter): number {
		let moved = 0;
		while (this.#heads.length > 0 && this.#heads[0]!.time <= limit) {
			const head = this.#heads.shift()!;
			moved += moveRun(head, Math.min(limit, this.#heads[0]?.time ?? limit), writer);
			if (head.blocks.length > 0) {
				this.#insert(head);
			}
		}

		return moved;
	}

	#insert(head: Head): void {
		let [low, high] = [0, this.#heads.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.#heads[middle]!.time <= head.time) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}

		this.#heads.splice(low, 0, head);
	}
}

function moveRun(head: Head, limit: number, writer: BlockWriter): number {
	let moved = 0;
	do {
		const block = head.blocks[0]!;
		const newest = head.at === 0 ? block.times.subarray(0, block.count).reduce((one, other) => Math.max(one, other), head.time) : Infinity;
		if (newest <= limit) {
			writer.takeBlock(block, 0);
			moved += block.count;
			head.at = block.count;
			head.time = newest;
		} else {
			writer.take(block, head.at++);
			moved++;
		}

		if (head.at === block.count) {
			head.blocks.shift();
			head.at = 0;
		}

		const next = head.blocks[0];
		head.time = next ? Math.max(head.time, next.times[head.at]!) : head.time;
	} while (head.blocks.length > 0 && head.time <= limit);

	return moved;
}

class BlockWriter {
	readonly #out: LineBlock[];
	#block: LineBlock | null = null;

	constructor(kept: readonly LineBlock[]) {
		this.#out = [...kept];
	}

	take(block: LineBlock, at: number): void {
		if (!this.#block || this.#block.count === linesPerBlock) {
			this.#close();
			this.#block = new LineBlock(0);
		}

		this.#block.take(block, at);
	}

	takeBlock(block: LineBlock, at: number): void {
		if (at === 0 && block.count >= minKeptLines) {
			this.#close();
			this.#out.push(block);
			return;
		}

		for (let index = at; index < block.count; index++) {
			this.take(block, index);
		}
	}

	end(): readonly LineBlock[] {
		this.#close();
		return this.#out;
	}

	#close(): void {
		if (this.#block) {
			this.#block.seal();
			this.#out.push(this.#block);
			this.#block = null;
		}
	}
}

function countsOf(logs: readonly LineBuffer[]): LineCounts {
	const counts: LineCounts = {lines: 0, errors: 0, warnings: 0};
	for (const {flags, count} of logs.flatMap(({blocks}) => blocks)) {
		for (let at = 0; at < count; at++) {
			const level = flags[at]! & levelMask;
			counts.lines += (flags[at]! & kindMask) === 0 ? 1 : 0;
			counts.errors += isErrorLevel(level) ? 1 : 0;
			counts.warnings += isWarningLevel(level) ? 1 : 0;
		}
	}

	return counts;
}

/** Inserts after the last line of the same log and after all lines that are not newer. */
export function insertBacklog(buffer: LineBuffer, lines: readonly OrderedLine[]): LineRemap {
	const moves = [...Map.groupBy(lines, ({source}) => source)].map(([source, own]) => {
		const log = new LineBuffer({lines: Infinity, bytes: Infinity});
		for (const {time, bytes} of own) {
			log.append(source, time, levelOf(bytes), 'text', bytes);
		}

		return insertLines(buffer, [log], placeBehind(buffer, source, own[0]!.time));
	});
	return number => moves.reduce((at, moved) => moved(at), number);
}

function placeBehind(buffer: LineBuffer, source: number, time: number): number {
	let number = buffer.end;
	while (number > buffer.first) {
		const line = buffer.line(number - 1)!;
		if (line.kind === 'text' && (line.source === source || line.time <= time)) {
			break;
		}

		number--;
	}

	return number;
}

export class LineSorter {
	readonly #callbacks: LineSorterCallbacks;
	readonly #now: () => number;
	readonly #held: Held[] = [];
	#timer: NodeJS.Timeout | undefined;
	/** Of the emitted lines. */
	#newest = -Infinity;
	readonly #newestOfSource = new Map<number, number>();

	constructor(callbacks: LineSorterCallbacks, now = Date.now) {
		this.#callbacks = callbacks;
		this.#now = now;
	}

	/** Returns the number of lines. `isBacklog`: written before the source was opened. */
	lines(source: number, block: Buffer, isBacklog: boolean): number {
		let newest = this.#newestOfSource.get(source) ?? -Infinity;
		this.#newestOfSource.set(source, newest);
		const isAlone = this.#newestOfSource.size === 1;
		const arrived = this.#now();
		const count = eachLine(block, (from, to, time) => {
			newest = Math.max(newest, time);
			if (isAlone) {
				this.#callbacks.put(source, time, block, from, to);
			} else {
				this.#held.push({source, time, bytes: block.subarray(from, to), arrived, sortTime: newest, isBacklog, notice: null});
			}
		});
		this.#newestOfSource.set(source, newest);
		this.#newest = isAlone ? newest : this.#newest;
		this.#wait();
		return count;
	}

	/** Follows the lines of its source, or all lines without one. */
	notice(source: number, put: () => void): void {
		if (this.#held.length === 0) {
			put();
			return;
		}

		const sortTime = this.#newestOfSource.get(source) ?? Math.max(this.#newest, ...this.#newestOfSource.values());
		this.#held.push({source, time: 0, bytes: nothing, arrived: this.#now(), sortTime, isBacklog: false, notice: put});
	}

	flushAll(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#settle(Infinity);
	}

	#wait(): void {
		if (this.#held.length > 0) {
			this.#timer ??= setTimeout(() => {
				this.#timer = undefined;
				this.#settle(this.#now() - holdMs);
				this.#wait();
			}, holdMs);
		}
	}

	#settle(until: number): void {
		this.#held.sort((one, other) => one.sortTime - other.sortTime);
		const due = this.#held.splice(0, this.#held.findLastIndex(({arrived}) => arrived <= until) + 1);
		if (due.length === 0) {
			return;
		}

		const newest = this.#newest;
		const isOlder = ({isBacklog, sortTime}: Held) => isBacklog && sortTime < newest;
		const older = due.filter(held => isOlder(held));
		if (older.length > 0) {
			this.#callbacks.insert(older);
		}

		for (const held of due) {
			if (held.notice) {
				held.notice();
			} else if (!isOlder(held)) {
				this.#callbacks.put(held.source, held.time, held.bytes, 0, held.bytes.length);
			}
		}

		this.#newest = Math.max(newest, due.at(-1)!.sortTime);
		this.#callbacks.settled();
	}
}
