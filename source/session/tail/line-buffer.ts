/** The lines of a tail as bytes. The oldest are dropped and counted. */
import {isErrorLevel, isWarningLevel, type LineLevel} from '../../base/lines/line-level.ts';

/** `text` is from a container; `notice` and `mark` are from spoke. */
export type LineKind = 'text' | 'notice' | 'mark';

/** The source of a line about all sources. */
export const wholeTail = -1;

export type TailLine = {
	/** Counts from 0, including dropped lines. */
	number: number;
	/** `wholeTail` for a notice about all sources. */
	source: number;
	/** Milliseconds since 1970; 0 without a timestamp. */
	time: number;
	level: LineLevel;
	kind: LineKind;
	/** Valid until the next append. */
	bytes: Buffer;
};

const kinds: readonly LineKind[] = ['text', 'notice', 'mark'];
/** Level in the lowest bits, then kind. */
export const levelMask = 0x0f;
export const kindMask = 0x30;
export const noticeFlags = kinds.indexOf('notice') << 4;
export const linesPerBlock = 4096;
/** Newest lines that decide whether a log is JSON. */
const sampledLines = 200;
/** This part of a block may stay empty, because copying costs more. */
const maxUnusedShare = 1 / 16;

export class LineBlock {
	first: number;
	count = 0;
	bytes: Buffer;
	used = 0;
	/** A snapshot reads the lines, so they must not be overwritten. */
	isShared = false;
	readonly starts = new Uint32Array(linesPerBlock + 1);
	readonly times = new Float64Array(linesPerBlock);
	readonly sources = new Int32Array(linesPerBlock);
	readonly flags = new Uint8Array(linesPerBlock);

	/** `expected`: size of the lines in bytes. */
	constructor(first: number, expected = 64 * 1024) {
		this.first = first;
		this.bytes = Buffer.allocUnsafeSlow(expected);
	}

	/** Reuses the memory. */
	reset(first: number, expected: number): void {
		this.first = first;
		this.count = 0;
		this.used = 0;
		if (this.bytes.length < expected * (1 - maxUnusedShare / 2) || this.bytes.length > expected * (1 + maxUnusedShare)) {
			this.bytes = Buffer.allocUnsafeSlow(expected);
		}
	}

	push(source: number, time: number, level: LineLevel, kind: LineKind, bytes: Buffer, from = 0, to = bytes.length): void {
		this.#put(source, time, level | (kinds.indexOf(kind) << 4), bytes, from, to);
	}

	take(from: LineBlock, at: number): void {
		this.#put(from.sources[at]!, from.times[at]!, from.flags[at]!, from.bytes, from.starts[at]!, from.starts[at + 1]!);
	}

	#put(source: number, time: number, flags: number, bytes: Buffer, from: number, to: number): void {
		if (this.used + to - from > this.bytes.length) {
			const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.used + to - from));
			this.bytes.copy(larger, 0, 0, this.used);
			this.bytes = larger;
		}

		this.used += bytes.copy(this.bytes, this.used, from, to);
		this.times[this.count] = time;
		this.sources[this.count] = source;
		this.flags[this.count] = flags;
		this.count++;
		this.starts[this.count] = this.used;
	}

	seal(): void {
		if (this.bytes.length > this.used * (1 + maxUnusedShare)) {
			const exact = Buffer.allocUnsafeSlow(this.used);
			this.bytes.copy(exact, 0, 0, this.used);
			this.bytes = exact;
		}
	}

	snapshot(): LineBlock {
		this.isShared = true;
		return Object.assign(Object.create(LineBlock.prototype) as LineBlock, this);
	}

	line(number: number): TailLine {
		const at = number - this.first;
		const flags = this.flags[at]!;
		return {
			number,
			source: this.sources[at]!,
			time: this.times[at]!,
			level: (flags & levelMask) as LineLevel,
			kind: kinds[(flags & kindMask) >> 4]!,
			bytes: this.bytes.subarray(this.starts[at], this.starts[at + 1]),
		};
	}
}

export type LineCounts = {lines: number; errors: number; warnings: number};
export type LineBufferLimits = {lines: number; bytes: number};

const standardLimits: LineBufferLimits = {lines: 1_000_000, bytes: 200_000_000};

export class LineBuffer {
	readonly #limits: LineBufferLimits;
	#blocks: LineBlock[] = [];
	#spare: LineBlock | null = null;
	#bytes = 0;
	/** Received lines; never decreases. */
	readonly counts: LineCounts = {lines: 0, errors: 0, warnings: 0};

	constructor(limits: LineBufferLimits = standardLimits) {
		this.#limits = limits;
	}

	get first(): number {
		return this.#blocks[0]?.first ?? 0;
	}

	/** Number of the newest line plus one. */
	get end(): number {
		const last = this.#blocks.at(-1);
		return last ? last.first + last.count : 0;
	}

	get bytes(): number {
		return this.#bytes;
	}

	/** Every block but the last is full or sealed. */
	get blocks(): readonly LineBlock[] {
		return this.#blocks;
	}

	append(source: number, time: number, level: LineLevel, kind: LineKind, bytes: Buffer, from = 0, to = bytes.length): void {
		let block = this.#blocks.at(-1);
		if (!block || block.count === linesPerBlock) {
			block?.seal();
			block = this.#nextBlock(block);
			this.#blocks.push(block);
		}

		block.push(source, time, level, kind, bytes, from, to);
		this.#bytes += to - from;
		if (kind === 'text') {
			this.counts.lines++;
			this.counts.errors += isErrorLevel(level) ? 1 : 0;
			this.counts.warnings += isWarningLevel(level) ? 1 : 0;
		}

		while (
			this.#blocks.length > 1 &&
			(this.end - this.first > this.#limits.lines + linesPerBlock - 1 || this.#bytes > this.#limits.bytes)
		) {
			const [oldest] = this.#blocks;
			this.#spare = oldest!.isShared ? null : oldest!;
			this.dropFirstBlock();
		}
	}

	/** Lines of one log have similar lengths. */
	#nextBlock(last: LineBlock | undefined): LineBlock {
		const expected = last && Math.ceil(last.used * (1 + maxUnusedShare / 2));
		const spare = this.#spare;
		this.#spare = null;
		if (spare === null || expected === undefined) {
			return new LineBlock(this.end, expected);
		}

		spare.reset(this.end, expected);
		return spare;
	}

	dropFirstBlock(): number {
		const gone = this.#blocks.shift();
		this.#bytes -= gone?.used ?? 0;
		return gone?.count ?? 0;
	}

	get remaining(): LineBufferLimits {
		return {lines: Math.max(0, this.#limits.lines - (this.end - this.first)), bytes: Math.max(0, this.#limits.bytes - this.#bytes)};
	}

	/** Renumbers the lines from the first kept one on. */
	replace(blocks: readonly LineBlock[], added: LineCounts): void {
		let number = this.first;
		this.#blocks = blocks.filter(({count}) => count > 0);
		this.#bytes = 0;
		for (const block of this.#blocks) {
			block.first = number;
			number += block.count;
			this.#bytes += block.used;
		}

		this.counts.lines += added.lines;
		this.counts.errors += added.errors;
		this.counts.warnings += added.warnings;
	}

	/** Copies nothing. */
	snapshot(): LineBuffer {
		const kept = new LineBuffer(this.#limits);
		kept.#blocks = this.#blocks.map(block => block.snapshot());
		kept.#bytes = this.#bytes;
		return kept;
	}

	line(number: number): TailLine | null {
		return this.blockOf(number)?.line(number) ?? null;
	}

	blockOf(number: number): LineBlock | null {
		if (number < this.first || number >= this.end) {
			return null;
		}

		let [low, high] = [0, this.#blocks.length - 1];
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if (this.#blocks[middle]!.first <= number) {
				low = middle;
			} else {
				high = middle - 1;
			}
		}

		return this.#blocks[low] ?? null;
	}

	clear(): void {
		this.#blocks = [];
		this.#spare = null;
		this.#bytes = 0;
		Object.assign(this.counts, {lines: 0, errors: 0, warnings: 0});
	}
}

/** The share of JSON lines among the newest ones. */
export function jsonShare({blocks}: LineBuffer): number {
	let [lines, json] = [0, 0];
	for (const block of blocks.slice(-2).reverse()) {
		for (let at = block.count - 1; at >= 0 && lines < sampledLines; at--) {
			if ((block.flags[at]! & kindMask) === 0) {
				lines++;
				json += startsObject(block, at) ? 1 : 0;
			}
		}
	}

	return lines === 0 ? 0 : json / lines;
}

function startsObject({starts, bytes}: LineBlock, at: number): boolean {
	return starts[at]! < starts[at + 1]! && bytes[starts[at]!] === 0x7b;
}
