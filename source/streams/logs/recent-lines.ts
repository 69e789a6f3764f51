/** Remembers lines that the server sends again after a resume. */
import {createHash} from 'node:crypto';
import {constants, zstdCompressSync, zstdDecompressSync} from 'node:zlib';
import {lineEnd, lineFeed, withoutLineFeed, timestampLength, timestampNanoseconds, timestampSecond} from './log-lines.ts';

/** Beyond this, a resume reports possible duplicates. */
const maxBytes = 48 * 1024 * 1024;
/** The rest is compressed, because it is rarely needed. */
const maxUnpackedBytes = 2 * 1024 * 1024;
const longBlockBytes = 4 * 1024 * 1024;
/** Blocks of a few lines are joined, because each compression costs a context. */
const joinedBlockBytes = 256 * 1024;
const longLineBytes = 4096;

type KeptBlock = {
	second: number;
	length: number;
	size: number;
	content: StoredBytes | {packed: Buffer} | {keys: readonly Key[]; first: Instant | null};
};
type Key = {key: string; second: number | null};
type Instant = {second: number; time: bigint};

export type ExpectedDuplicates = {
	counts: Map<string, number>;
	/** Proves continuity if received again. */
	lastLine: string | null;
	/** Later lines are not duplicates. */
	newestSecond: number;
	/** False if lines of these seconds were dropped. */
	isComplete: boolean;
	/** Set if the known lines start within these seconds: earlier lines were not wanted, or already emitted. */
	start: Instant | null;
	/** Lines, with line feeds, whose tail can be repeated alone. */
	tails: readonly Buffer[];
};

/** Most logs fill no more in a second. */
const firstChunkBytes = 16 * 1024;
const maxChunkBytes = 1024 * 1024;

/** `stored`: blocks in it that are not freed. */
type Chunk = {memory: Buffer; length: number; stored: number};

/**
The server resumes only at whole seconds.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/pod/strategy.go LogLocation (SinceTime is sent as RFC 3339
without a fraction)
*/
export class RecentLines {
	readonly #blocks: KeptBlock[] = [];
	readonly #memory = new LineMemory();
	#bytes = 0;
	/** Leading blocks that are compressed or need not be. */
	#packed = 0;
	#unpackedBytes = 0;
	#second: number | null = null;
	/** Decoded when it is needed, which is rare. */
	#timestamp = Buffer.alloc(64);
	#timestampLength = 0;
	#droppedUntil = -Infinity;
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
		return this.#blocks.reduce((sum, {length}) => sum + length, 0);
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
		const isLong = block.length > longBlockBytes;
		const size = isLong ? 0 : block.length;
		if (!this.#joinLast(second, block)) {
			this.#blocks.push({
				second,
				length: block.length,
				size,
				content: isLong ? {keys: keysOf(block), first: firstInstant(block)} : this.#memory.store(block),
			});
		}

		this.#bytes += size;
		this.#unpackedBytes += size;
		while (this.#blocks.length > 1 && (this.#blocks[0]!.second < second || this.#bytes > maxBytes)) {
			this.#dropFirst();
		}

		while (this.#unpackedBytes > maxUnpackedBytes) {
			this.#packNext();
		}
	}

	expectedDuplicates(): ExpectedDuplicates {
		const since = this.#second ?? Infinity;
		const counts = new Map<string, number>();
		let lastLine: string | null = null;
		let newestSecond = -Infinity;
		const contents = this.#blocks.map(({content}) => ('packed' in content ? {bytes: zstdDecompressSync(content.packed)} : content));
		// A line without a timestamp belongs to the previous line's second.
		let previousSecond = this.#blocks[0]?.second ?? -Infinity;
		for (const {key, second} of contents.flatMap(content => ('keys' in content ? content.keys : keysOf(content.bytes)))) {
			previousSecond = second ?? previousSecond;
			if (previousSecond < since) {
				continue;
			}

			counts.set(key, (counts.get(key) ?? 0) + 1);
			if (second !== null) {
				lastLine = key;
				newestSecond = Math.max(newestSecond, second);
			}
		}

		const isComplete = this.#droppedUntil < since;
		const first = isComplete ? this.#first : firstInstantOf(contents);
		const start = first && first.second >= since ? first : null;
		return {
			counts,
			lastLine,
			newestSecond,
			isComplete,
			start,
			// Copies, because the memory is reused.
			tails: contents.flatMap(content => ('bytes' in content ? Buffer.from(content.bytes) : [])),
		};
	}

	#joinLast(second: number, block: Buffer): boolean {
		const last = this.#blocks.at(-1);
		if (last?.second !== second || !('chunk' in last.content) || !this.#memory.extend(last.content, block, joinedBlockBytes)) {
			return false;
		}

		last.length += block.length;
		last.size += block.length;
		return true;
	}

	#dropFirst(): void {
		const dropped = this.#blocks.shift()!;
		this.#bytes -= dropped.size;
		if ('chunk' in dropped.content) {
			this.#memory.free(dropped.content);
		}

		this.#droppedUntil = Math.max(this.#droppedUntil, dropped.second);
		if (this.#packed > 0) {
			this.#packed--;
		} else {
			this.#unpackedBytes -= dropped.size;
		}
	}

	#packNext(): void {
		const next = this.#blocks[this.#packed++]!;
		this.#unpackedBytes -= next.size;
		if ('chunk' in next.content) {
			const packed = zstdCompressSync(next.content.bytes, {params: {[constants.ZSTD_c_compressionLevel]: -3}});
			this.#memory.free(next.content);
			next.content = {packed};
		}
	}
}

/** A digest for long lines; ignores the line feed. */
export function lineKey(bytes: Buffer, from: number, end: number): string {
	const stop = withoutLineFeed(bytes, end);
	return stop - from <= longLineBytes
		? bytes.toString('latin1', from, stop)
		: `${stop - from} ${createHash('sha256').update(bytes.subarray(from, stop)).digest('base64')}`;
}

function keysOf(block: Buffer): Key[] {
	const keys: Key[] = [];
	for (let from = 0; from < block.length;) {
		const end = lineEnd(block, from);
		const timestamp = timestampLength(block, from);
		keys.push({key: lineKey(block, from, end), second: timestamp === 0 ? null : timestampSecond(block, from, timestamp)});
		from = end;
	}

	return keys;
}

function firstInstantOf(contents: ReadonlyArray<{bytes: Buffer} | {first: Instant | null}>): Instant | null {
	for (const content of contents) {
		const first = 'bytes' in content ? firstInstant(content.bytes) : content.first;
		if (first) {
			return first;
		}
	}

	return null;
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

/**
Reuses its chunks, and makes a larger one only while all are in use, because a hundred quiet logs can be followed at once. The buffers of a
response would be freed only by V8's collection of old objects, which starts when 64 MiB of them wait: they live just long enough to become
old.
*/
export class LineMemory {
	#current: Chunk | null = null;
	#free: Chunk | null = null;

	store(block: Buffer): StoredBytes {
		const chunk = this.#chunkFor(block.length);
		const from = chunk.length;
		block.copy(chunk.memory, from);
		chunk.length += block.length;
		chunk.stored++;
		return new StoredBytes(chunk, from, chunk.length);
	}

	/** Appends all of `block`. False if `stored` was not stored last, would exceed `maxBytes`, or has no room beside it. */
	extend(stored: StoredBytes, block: Buffer, maxBytes: number): boolean {
		const {chunk, from, to} = stored;
		const end = to + block.length;
		if (chunk !== this.#current || to !== chunk.length || end - from > maxBytes || end > chunk.memory.length) {
			return false;
		}

		block.copy(chunk.memory, to);
		chunk.length = end;
		stored.to = end;
		return true;
	}

	free({chunk}: StoredBytes): void {
		chunk.stored--;
		if (chunk.stored > 0) {
			return;
		}

		chunk.length = 0;
		const {length} = chunk.memory;
		if (chunk !== this.#current && length <= maxChunkBytes && length >= (this.#free?.memory.length ?? 0)) {
			this.#free = chunk;
		}
	}

	#chunkFor(length: number): Chunk {
		if (this.#current && this.#current.memory.length - this.#current.length >= length) {
			return this.#current;
		}

		if (this.#free && this.#free.memory.length >= length) {
			this.#current = this.#free;
			this.#free = null;
		} else {
			const size = this.#current ? Math.min(2 * this.#current.memory.length, maxChunkBytes) : firstChunkBytes;
			this.#current = {memory: Buffer.allocUnsafeSlow(Math.max(size, length)), length: 0, stored: 0};
		}

		return this.#current;
	}
}

/** A view is made only when the bytes are read. */
export class StoredBytes {
	readonly chunk: Chunk;
	readonly from: number;
	to: number;

	constructor(chunk: Chunk, from: number, to: number) {
		this.chunk = chunk;
		this.from = from;
		this.to = to;
	}

	/** Valid until `free`. */
	get bytes(): Buffer {
		return this.chunk.memory.subarray(this.from, this.to);
	}
}
