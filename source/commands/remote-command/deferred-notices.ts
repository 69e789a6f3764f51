/** Notices for the person, held back while a remote program owns the screen. */
import {Writable} from 'node:stream';

export class DeferredNotices extends Writable {
	readonly isTTY: boolean;
	readonly #stderr: NodeJS.WriteStream;
	#held: string[] | null = null;

	constructor(stderr: NodeJS.WriteStream) {
		super({decodeStrings: false});
		this.#stderr = stderr;
		this.isTTY = stderr.isTTY;
	}

	hold(): void {
		this.#held ??= [];
	}

	release(): void {
		for (const notice of this.#held ?? []) {
			this.#stderr.write(notice);
		}

		this.#held = null;
	}

	override _write(notice: string, _encoding: BufferEncoding, done: () => void): void {
		if (this.#held) {
			this.#held.push(notice);
		} else {
			this.#stderr.write(notice);
		}

		done();
	}
}
