/** Lines, names and counted bytes from a stream. */
import type {Readable} from 'node:stream';

/** The stream ended before the bytes that were asked for. */
export class EndOfBytes extends Error {}

/** A line or a name is longer than any file system allows. */
export class TooLong extends Error {}

const maxLineBytes = 64 * 1024;

/**
The letter of a kind and a path, or the target of a link. PATH_MAX of Linux is 4096 with the NUL, and is that of the whole path below the
source: the copy program asks the kernel for it, which finds no longer one. A link cannot have a longer target.
*/
const maxNameBytes = 4096;

export class ByteReader {
	readonly #chunks: AsyncIterator<Buffer>;
	#rest: Buffer = Buffer.alloc(0);

	constructor(stream: Readable) {
		this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
	}

	/** Without the line feed. @throws EndOfBytes, TooLong, and the error of the stream */
	async line(): Promise<Buffer> {
		return this.#until(0x0a, maxLineBytes);
	}

	/** Up to a NUL, which no file name contains. @throws as `line` */
	async name(): Promise<Buffer> {
		return this.#until(0, maxNameBytes);
	}

	/** Exactly `count` bytes, as they arrive. @throws EndOfBytes, and the error of the stream */
	async *bytes(count: number): AsyncGenerator<Buffer> {
		for (let missing = count; missing > 0;) {
			const chunk = this.#rest.length > 0 ? this.#rest : await this.#next();
			const taken = chunk.length > missing ? chunk.subarray(0, missing) : chunk;
			this.#rest = chunk.subarray(taken.length);
			missing -= taken.length;
			yield taken;
		}
	}

	async #until(delimiter: number, maxBytes: number): Promise<Buffer> {
		const pieces: Buffer[] = [];
		let length = 0;
		for (;;) {
			const chunk = this.#rest.length > 0 ? this.#rest : await this.#next();
			const end = chunk.indexOf(delimiter);
			const piece = end < 0 ? chunk : chunk.subarray(0, end);
			this.#rest = end < 0 ? Buffer.alloc(0) : chunk.subarray(end + 1);
			length += piece.length;
			if (length > maxBytes) {
				throw new TooLong(`more than ${maxBytes} bytes without an end`);
			}

			pieces.push(piece);
			if (end >= 0) {
				return pieces.length === 1 ? piece : Buffer.concat(pieces);
			}
		}
	}

	async #next(): Promise<Buffer> {
		const result = await this.#chunks.next();
		if (result.done) {
			throw new EndOfBytes('the stream ended');
		}

		return result.value;
	}
}
