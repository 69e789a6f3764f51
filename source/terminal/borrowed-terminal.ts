/** A terminal in raw mode for a remote program, restored at exit. */
import {writeSync} from 'node:fs';
import process from 'node:process';
import {enterRawMode} from './raw-mode.ts';
import {TerminalModes} from './terminal-modes.ts';

export class BorrowedTerminal {
	readonly #modes = new TerminalModes();
	readonly #output: NodeJS.WriteStream & {fd?: number};
	readonly #exitRawMode: () => void;
	#isRestored = false;

	constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
		this.#output = output;
		this.#exitRawMode = enterRawMode(input);
		process.on('exit', this.#atExit);
	}

	watch(output: Uint8Array): void {
		this.#modes.watch(output);
	}

	/** `newLine`: later output starts on a new line. */
	restore({newLine}: {newLine: boolean}): void {
		if (this.#isRestored) {
			return;
		}

		this.#isRestored = true;
		process.off('exit', this.#atExit);
		const lineEnd = newLine && !this.#modes.atLineStart ? '\r\n' : '';
		const undo = this.#modes.undo() + lineEnd;
		if (undo !== '') {
			this.#write(undo);
		}

		this.#exitRawMode();
	}

	readonly #atExit = (): void => {
		this.restore({newLine: true});
	};

	/** Synchronous, because streams are not flushed when the process exits. */
	#write(text: string): void {
		try {
			writeSync(this.#output.fd ?? 1, text);
		} catch {
			// The terminal is gone.
		}
	}
}
