/** Memory for copies of lines that are freed in the order in which they were stored. */

/** Most logs fill no more in a second. */
const firstChunkBytes = 16 * 1024;
const maxChunkBytes = 1024 * 1024;

/** `stored`: blocks in it that are not freed. */
type Chunk = {memory: Buffer; length: number; stored: number};

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
