/** The person's terminal while a remote program has it: raw, watched, and given back as it was, however this process ends. */
import {writeSync} from 'node:fs';
import process from 'node:process';
import {enterRawMode} from './raw-mode.ts';
import {TerminalModes} from './terminal-modes.ts';

export class BorrowedTerminal {
	readonly #modes = new TerminalModes();
	readonly #output: NodeJS.WriteStream & {fd?: number};
	readonly #restore: () => void;
	#given = false;

	constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
		this.#output = output;
		this.#restore = enterRawMode(input);
		process.on('exit', this.#atExit);
	}

	/** Sees what is written to it. */
	watch(output: Uint8Array): void {
		this.#modes.watch(output);
	}

	/** Undoes what the remote program left behind. `newLine`: what is said next starts on a line of its own. */
	giveBack({newLine}: {newLine: boolean}): void {
		if (this.#given) {
			return;
		}

		this.#given = true;
		process.off('exit', this.#atExit);
		const lineEnd = newLine && !this.#modes.atLineStart ? '\r\n' : '';
		const undo = this.#modes.undo() + lineEnd;
		if (undo !== '') {
			this.#write(undo);
		}

		this.#restore();
	}

	readonly #atExit = (): void => {
		this.giveBack({newLine: true});
	};

	/** At once: nothing waits for a stream when the process exits. */
	#write(text: string): void {
		try {
			writeSync(this.#output.fd ?? 1, text);
		} catch {
			// A terminal that is gone needs nothing.
		}
	}
}
