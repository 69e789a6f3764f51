/** What is typed or piped here goes to a remote command: as it is, and no faster than the far side takes it. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Writable} from 'node:stream';
import type {DetachKeys} from '../../terminal/detach-keys.ts';

/** A file or a full pipe has its next piece by then. */
const nextPieceMs = 20;

export class InputPump {
	readonly #stdin: NodeJS.ReadStream;
	readonly #sink: Writable;
	readonly #keys: DetachKeys | null;
	readonly #onDetach: () => void;
	/** Pieces that were read here and are not yet on their way. */
	#underWay = 0;

	/** Begins at once. `keys` are not passed on; `onDetach` is called when they were typed. */
	constructor(stdin: NodeJS.ReadStream, sink: Writable, keys: DetachKeys | null, onDetach: () => void) {
		this.#stdin = stdin;
		this.#sink = sink;
		this.#keys = keys;
		this.#onDetach = onDetach;
		sink.on('drain', this.#drained);
		// A terminal that hangs up ends the input as its end does; the signal tells the rest.
		stdin.on('data', this.#typed).on('end', this.#ended).on('error', this.#ended);
	}

	/** Whether input was read here that is not on its way; asked when the command has ended. */
	async left(): Promise<boolean> {
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
			// A pipe that somebody still holds open would keep this process alive.
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
