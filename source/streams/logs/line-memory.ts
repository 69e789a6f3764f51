/** Memory for copies of lines that are freed in the order in which they were stored. */

/** Most logs fill no more in a second. */
const firstChunkBytes = 16 * 1024;
const maxChunkBytes = 1024 * 1024;

export type StoredBytes = {bytes: Buffer; chunk: Chunk};

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

	/** The bytes are valid until `free`. */
	store(block: Buffer): StoredBytes {
		const chunk = this.#chunkFor(block.length);
		const at = chunk.length;
		block.copy(chunk.memory, at);
		chunk.length += block.length;
		chunk.stored++;
		return {bytes: chunk.memory.subarray(at, chunk.length), chunk};
	}

	/** Appends to what was stored last, up to `maxBytes`. Returns `undefined` if there is no room beside it. */
	extend({bytes, chunk}: StoredBytes, block: Buffer, maxBytes: number): StoredBytes | undefined {
		const at = chunk.length;
		const isLast = chunk === this.#current && bytes.byteOffset + bytes.length === chunk.memory.byteOffset + at;
		if (!isLast || bytes.length + block.length > maxBytes || at + block.length > chunk.memory.length) {
			return undefined;
		}

		block.copy(chunk.memory, at);
		chunk.length += block.length;
		return {bytes: chunk.memory.subarray(at - bytes.length, chunk.length), chunk};
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
