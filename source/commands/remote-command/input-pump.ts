/** Sends stdin unchanged to a remote command, with backpressure. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Writable} from 'node:stream';
import type {DetachKeys} from '../../terminal/detach-keys.ts';

/** By then, a file or a full pipe provides its next chunk. */
const nextPieceMs = 20;

export class InputPump {
	readonly #stdin: NodeJS.ReadStream;
	readonly #sink: Writable;
	readonly #keys: DetachKeys | null;
	readonly #onDetach: () => void;
	/** Chunks that were read but not yet sent. */
	#underWay = 0;

	/** Starts at once. `keys` are not sent; they call `onDetach`. */
	constructor(stdin: NodeJS.ReadStream, sink: Writable, keys: DetachKeys | null, onDetach: () => void) {
		this.#stdin = stdin;
		this.#sink = sink;
		this.#keys = keys;
		this.#onDetach = onDetach;
		sink.on('drain', this.#drained);
		// A terminal that hangs up ends the input; the signal handler does the rest.
		stdin.on('data', this.#typed).on('end', this.#ended).on('error', this.#ended);
	}

	/** Whether input was read but not sent; call it when the command has ended. */
	async hasUnsent(): Promise<boolean> {
		if (this.#underWay === 0 && !this.#stdin.isTTY && !this.#stdin.readableEnded) {
			await delay(nextPieceMs);
		}

		return this.#underWay > 0;
	}

	stop(): void {
		this.#sink.off('drain', this.#drained);
		this.#stdin.off('data', this.#typed).off('end', this.#ended);
		this.#stdin.pause();
		if (!this.#stdin.isTTY) {
			// An open pipe would keep this process alive.
			this.#stdin.destroy();
		}
	}

	readonly #typed = (typed: Buffer): void => {
		const {pass, detached} = this.#keys?.feed(typed) ?? {pass: typed, detached: false};
		if (detached) {
			this.#onDetach();
		} else if (pass.length > 0) {
			this.#pass(pass);
		}
	};

	readonly #passed = (error?: Error | null): void => {
		this.#underWay -= error ? 0 : 1;
	};

	readonly #drained = (): void => {
		this.#stdin.resume();
	};

	readonly #ended = (): void => {
		this.#sink.end();
	};

	#pass(bytes: Buffer): void {
		this.#underWay++;
		if (this.#sink.writable && !this.#sink.write(bytes, this.#passed)) {
			this.#stdin.pause();
		}
	}
}
