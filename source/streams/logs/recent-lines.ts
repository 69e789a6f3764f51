/** The memory with which a follow is resumed: which lines were told that the server will offer again. */
import {createHash} from 'node:crypto';
import {constants, zstdCompressSync, zstdDecompressSync} from 'node:zlib';
import {lineEnd, lineFeed} from './log-lines.ts';
import {timestampLength, timestampNanoseconds, timestampSecond} from './line-timestamp.ts';

/** Kept for the newest second; a resume that would need more says that lines may come twice. */
const mostBytes = 48 * 1024 * 1024;
/** What is more than this waits packed, since nearly always nobody asks for it. */
const mostUnpacked = 16 * 1024 * 1024;
const packing = {params: {[constants.ZSTD_c_compressionLevel]: -3}};
const longBlock = 4 * 1024 * 1024;
const longLine = 4096;

/** A block of lines: as it is, packed, or as the keys of its lines. */
type Kept = {
	second: number;
	length: number;
	size: number;
	held: {bytes: Buffer} | {packed: Buffer} | {keys: readonly Key[]; first: Instant | null};
};
type Key = {key: string; second: number | null};
type Instant = {second: number; time: bigint};

export type ExpectedDuplicates = {
	/** How often each line may come again. */
	counts: Map<string, number>;
	/** The last line that was told; meeting it again proves that nothing is missing. */
	last: string | null;
	/** No line behind this second can be a repeat. */
	newestSecond: number;
	/** False when lines of these seconds were let go: some may come twice. */
	complete: boolean;
	/** The first of these lines, where the follow or what is remembered of it begins in the middle of these seconds: what stands before it was not wanted, or told. */
	beginning: Instant | null;
	/** Ends with a line feed each: lines whose tail may come again without its beginning. */
	tails: readonly Buffer[];
};

/**
The server resumes from whole seconds only, so all lines of the last one are remembered with their full bytes.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/pod/strategy.go LogLocation (SinceTime is sent as RFC 3339 without a fraction)
*/
export class RecentLines {
	readonly #kept: Kept[] = [];
	#bytes = 0;
	/** How many of the blocks are packed, or need not be; and the bytes of the others. */
	#packed = 0;
	#unpackedBytes = 0;
	#second: number | null = null;
	#stamp: string | null = null;
	#letGo = -Infinity;
	readonly #beginsInside: boolean;
	#first: Instant | null = null;

	/** `beginsInside`: the first read was not from the log's beginning on, so lines may stand before the first one that was told. */
	constructor(beginsInside = false) {
		this.#beginsInside = beginsInside;
	}

	/** From which second the server is to be asked; `null` before the first line. */
	get since(): number | null {
		return this.#second;
	}

	/** The last line's timestamp as the log has it. */
	get stamp(): string | null {
		return this.#stamp;
	}

	/** At least as many as the server will offer again: from the last second on. */
	get bytes(): number {
		return this.#kept.reduce((sum, {length}) => sum + length, 0);
	}

	/** Takes a block of whole lines that were told. */
	add(block: Buffer): void {
		const stamped = lastStamped(block);
		if (stamped) {
			this.#second = timestampSecond(block, stamped.at, stamped.length);
			this.#stamp = block.toString('latin1', stamped.at, stamped.at + stamped.length);
		}

		if (this.#beginsInside && this.#first === null) {
			this.#first = firstStamped(block);
		}

		const second = this.#second ?? -Infinity;
		const isLong = block.length > longBlock;
		const size = isLong ? 0 : block.length;
		this.#kept.push({
			second,
			length: block.length,
			size,
			held: isLong ? {keys: keysOf(block), first: firstStamped(block)} : {bytes: block},
		});
		this.#bytes += size;
		this.#unpackedBytes += size;
		while (this.#kept.length > 1 && (this.#kept[0]!.second < second || this.#bytes > mostBytes)) {
			this.#letFirstGo();
		}

		while (this.#unpackedBytes > mostUnpacked) {
			this.#packNext();
		}
	}

	/** What may come again when the server is asked from `since` on. */
	repeats(): ExpectedDuplicates {
		const since = this.#second ?? Infinity;
		const counts = new Map<string, number>();
		let last: string | null = null;
		let newestSecond = -Infinity;
		const kept = this.#kept.map(({held}) => ('packed' in held ? {bytes: zstdDecompressSync(held.packed)} : held));
		// A line without a timestamp is offered beside the one before it.
		let ofLineBefore = this.#kept[0]?.second ?? -Infinity;
		for (const {key, second} of kept.flatMap(held => ('keys' in held ? held.keys : keysOf(held.bytes)))) {
			ofLineBefore = second ?? ofLineBefore;
			if (ofLineBefore < since) {
				continue;
			}

			counts.set(key, (counts.get(key) ?? 0) + 1);
			if (second !== null) {
				last = key;
				newestSecond = Math.max(newestSecond, second);
			}
		}

		const complete = this.#letGo < since;
		const first = complete ? this.#first : firstOf(kept);
		const beginning = first && first.second >= since ? first : null;
		return {counts, last, newestSecond, complete, beginning, tails: kept.flatMap(held => ('bytes' in held ? held.bytes : []))};
	}

	#letFirstGo(): void {
		const gone = this.#kept.shift()!;
		this.#bytes -= gone.size;
		this.#letGo = Math.max(this.#letGo, gone.second);
		if (this.#packed > 0) {
			this.#packed--;
		} else {
			this.#unpackedBytes -= gone.size;
		}
	}

	#packNext(): void {
		const next = this.#kept[this.#packed++]!;
		this.#unpackedBytes -= next.size;
		if ('bytes' in next.held) {
			next.held = {packed: zstdCompressSync(next.held.bytes, packing)};
		}
	}
}

/** A line as a key: its bytes, or their digest where it is long. The line feed does not count. */
export function lineKey(bytes: Buffer, from: number, end: number): string {
	const stop = bytes[end - 1] === lineFeed ? end - 1 : end;
	return stop - from <= longLine
		? bytes.toString('latin1', from, stop)
		: `${stop - from} ${createHash('sha256').update(bytes.subarray(from, stop)).digest('base64')}`;
}

function keysOf(block: Buffer): Key[] {
	const keys: Key[] = [];
	for (let from = 0; from < block.length;) {
		const end = lineEnd(block, from);
		const stamp = timestampLength(block, from);
		keys.push({key: lineKey(block, from, end), second: stamp === 0 ? null : timestampSecond(block, from, stamp)});
		from = end;
	}

	return keys;
}

function firstOf(kept: ReadonlyArray<{bytes: Buffer} | {first: Instant | null}>): Instant | null {
	for (const held of kept) {
		const first = 'bytes' in held ? firstStamped(held.bytes) : held.first;
		if (first) {
			return first;
		}
	}

	return null;
}

function firstStamped(block: Buffer): Instant | null {
	for (let from = 0; from < block.length;) {
		const end = lineEnd(block, from);
		const stamp = timestampLength(block, from);
		if (stamp > 0) {
			return {second: timestampSecond(block, from, stamp), time: timestampNanoseconds(block, from, stamp)};
		}

		from = end;
	}

	return null;
}

/** Nearly always the last line; one that began before the read did has none. */
function lastStamped(block: Buffer): {at: number; length: number} | undefined {
	for (let end = block.length; end > 0;) {
		const at = block.lastIndexOf(lineFeed, end - 2) + 1;
		const from = end === 1 ? 0 : at;
		const length = timestampLength(block, from);
		if (length > 0) {
			return {at: from, length};
		}

		end = from;
	}

	return undefined;
}
