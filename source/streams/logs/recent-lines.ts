/** Remembers the recent lines that the server will send again after a resume. */
import {createHash} from 'node:crypto';
import {constants, zstdCompressSync, zstdDecompressSync} from 'node:zlib';
import {lineEnd, lineFeed} from './log-lines.ts';
import {timestampLength, timestampNanoseconds, timestampSecond} from './line-timestamp.ts';

/** Kept for the newest second; a resume that would need more says that lines may come twice. */
const maxBytes = 48 * 1024 * 1024;
/** What is more than this waits packed, since nearly always nobody asks for it. */
const maxUnpackedBytes = 16 * 1024 * 1024;
const zstdOptions = {params: {[constants.ZSTD_c_compressionLevel]: -3}};
const longBlockBytes = 4 * 1024 * 1024;
const longLineBytes = 4096;

/** A block of lines: as it is, packed, or as the keys of its lines. */
type KeptBlock = {
	second: number;
	length: number;
	size: number;
	content: {bytes: Buffer} | {packed: Buffer} | {keys: readonly Key[]; first: Instant | null};
};
type Key = {key: string; second: number | null};
type Instant = {second: number; time: bigint};

export type ExpectedDuplicates = {
	/** How often each line may come again. */
	counts: Map<string, number>;
	/** The last line that was told; meeting it again proves that nothing is missing. */
	lastLine: string | null;
	/** No line behind this second can be a repeat. */
	newestSecond: number;
	/** False when lines of these seconds were let go: some may come twice. */
	isComplete: boolean;
	/**
	 * The first of these lines, where the follow or what is remembered of it begins in the middle of these seconds: what stands before it was
	 * not wanted, or told.
	 */
	start: Instant | null;
	/** Ends with a line feed each: lines whose tail may come again without its beginning. */
	tails: readonly Buffer[];
};

/**
The server resumes from whole seconds only, so all lines of the last one are remembered with their full bytes.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/pod/strategy.go LogLocation (SinceTime is sent as RFC 3339
without a fraction)
*/
export class RecentLines {
	readonly #blocks: KeptBlock[] = [];
	#bytes = 0;
	/** How many of the blocks are packed, or need not be; and the bytes of the others. */
	#packed = 0;
	#unpackedBytes = 0;
	#second: number | null = null;
	#timestamp: string | null = null;
	#droppedUntil = -Infinity;
	readonly #startsInside: boolean;
	#first: Instant | null = null;

	/** `beginsInside`: the first read was not from the log's beginning on, so lines may stand before the first one that was told. */
	constructor(startsInside = false) {
		this.#startsInside = startsInside;
	}

	/** From which second the server is to be asked; `null` before the first line. */
	get since(): number | null {
		return this.#second;
	}

	/** The last line's timestamp as the log has it. */
	get timestamp(): string | null {
		return this.#timestamp;
	}

	/** At least as many as the server will offer again: from the last second on. */
	get bytes(): number {
		return this.#blocks.reduce((sum, {length}) => sum + length, 0);
	}

	/** Takes a block of whole lines that were told. */
	add(block: Buffer): void {
		const position = lastTimestamp(block);
		if (position) {
			this.#second = timestampSecond(block, position.offset, position.length);
			this.#timestamp = block.toString('latin1', position.offset, position.offset + position.length);
		}

		if (this.#startsInside && this.#first === null) {
			this.#first = firstInstant(block);
		}

		const second = this.#second ?? -Infinity;
		const isLong = block.length > longBlockBytes;
		const size = isLong ? 0 : block.length;
		this.#blocks.push({
			second,
			length: block.length,
			size,
			content: isLong ? {keys: keysOf(block), first: firstInstant(block)} : {bytes: block},
		});
		this.#bytes += size;
		this.#unpackedBytes += size;
		while (this.#blocks.length > 1 && (this.#blocks[0]!.second < second || this.#bytes > maxBytes)) {
			this.#dropFirst();
		}

		while (this.#unpackedBytes > maxUnpackedBytes) {
			this.#packNext();
		}
	}

	/** What may come again when the server is asked from `since` on. */
	expectedDuplicates(): ExpectedDuplicates {
		const since = this.#second ?? Infinity;
		const counts = new Map<string, number>();
		let lastLine: string | null = null;
		let newestSecond = -Infinity;
		const contents = this.#blocks.map(({content}) => ('packed' in content ? {bytes: zstdDecompressSync(content.packed)} : content));
		// A line without a timestamp is offered beside the one before it.
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
			tails: contents.flatMap(content => ('bytes' in content ? content.bytes : [])),
		};
	}

	#dropFirst(): void {
		const dropped = this.#blocks.shift()!;
		this.#bytes -= dropped.size;
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
		if ('bytes' in next.content) {
			next.content = {packed: zstdCompressSync(next.content.bytes, zstdOptions)};
		}
	}
}

/** A line as a key: its bytes, or their digest where it is long. The line feed does not count. */
export function lineKey(bytes: Buffer, from: number, end: number): string {
	const stop = bytes[end - 1] === lineFeed ? end - 1 : end;
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

/** Nearly always the last line; one that began before the read did has none. */
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
