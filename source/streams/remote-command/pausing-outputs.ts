/** Readers of one multiplexed socket, which stop it while any of them is behind. */
import {Readable} from 'node:stream';

export class PausingOutputs {
	readonly #socket: {pause(): void; resume(): void};
	readonly #all: Readable[] = [];
	readonly #behind = new Set<Readable>();

	constructor(socket: {pause(): void; resume(): void}) {
		this.#socket = socket;
	}

	/** Somebody is behind, so nothing is read, pongs included. */
	get paused(): boolean {
		return this.#behind.size > 0;
	}

	open(): Readable {
		const output = new Readable({
			highWaterMark: 64 * 1024,
			read: () => {
				this.#catchUp(output);
			},
			destroy: (error, done) => {
				// Nobody reads it any more: what still comes for it is dropped, and holds nobody up.
				this.#catchUp(output);
				done(error);
			},
		});
		this.#all.push(output);
		return output;
	}

	push(output: Readable, bytes: Buffer): void {
		if (bytes.length === 0 || output.destroyed || output.push(bytes)) {
			return;
		}

		this.#behind.add(output);
		this.#socket.pause();
	}

	/** Every reader meets its end, behind what it has not read yet. */
	end(): void {
		for (const output of this.#all) {
			if (!output.destroyed) {
				output.push(null);
			}
		}
	}

	#catchUp(output: Readable): void {
		if (this.#behind.delete(output) && this.#behind.size === 0) {
			this.#socket.resume();
		}
	}
}
