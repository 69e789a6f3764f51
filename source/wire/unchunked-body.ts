/** Which bytes are the body where nothing stands between them: so many, or all until the connection ends? RFC 9112 §6.2 and §6.3. */
import {assertMaxSize} from './response-limits.ts';
import type {BodyReader, OnBodyChunk} from './body-reader.ts';

export class UnchunkedBody implements BodyReader {
	readonly endsWithConnection: boolean;
	isWhole: boolean;
	readonly #give: OnBodyChunk;
	readonly #largest: number;
	#missing: number;
	#size = 0;

	/** `length`: `Infinity` for all until the connection ends. @throws SpokeError ERR_PROTOCOL where it is known to be too large */
	constructor(length: number, give: OnBodyChunk, largest: number) {
		this.endsWithConnection = length === Infinity;
		if (!this.endsWithConnection) {
			assertMaxSize(length, largest);
		}

		this.#missing = length;
		this.isWhole = length === 0;
		this.#give = give;
		this.#largest = largest;
	}

	/** @throws SpokeError ERR_PROTOCOL where more comes than may */
	read(bytes: Buffer, at: number): number {
		const end = Math.min(bytes.length, at + this.#missing);
		this.#missing -= end - at;
		this.#size += end - at;
		assertMaxSize(this.#size, this.#largest);
		this.isWhole = this.#missing === 0;
		this.#give(bytes, at, end);
		return end;
	}
}
