/** A terminal lent to a remote program: raw mode, restored at exit; output and size. */
import {once} from 'node:events';
import {writeSync} from 'node:fs';
import process from 'node:process';
import type {Readable} from 'node:stream';
import {spawnSync} from 'node:child_process';
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

/** `write` returns false under backpressure of `to`. */
export function pumpOutput(from: Readable, to: NodeJS.WriteStream, write: (chunk: Buffer) => boolean): void {
	from.on('data', (chunk: Buffer) => {
		if (!write(chunk)) {
			from.pause();
			void once(to, 'drain').then(
				() => from.resume(),
				() => {},
			);
		}
	});
}

type Resizable = {resize(size: {columns: number; rows: number}): void};

/** `redraw`: a size change first, which makes a program redraw its screen. Returns a function that stops it. */
export function followSize(stdout: NodeJS.WriteStream, program: Resizable, {redraw}: {redraw: boolean}): () => void {
	const send = (more = 0) => {
		if (stdout.isTTY && stdout.columns > 0) {
			program.resize({columns: stdout.columns + more, rows: stdout.rows + more});
		}
	};

	const onResize = () => {
		send();
	};

	if (redraw) {
		send(1);
	}

	send();
	stdout.on('resize', onResize);
	return () => {
		stdout.off('resize', onResize);
	};
}

/** The returned function can be called twice. */
export function enterRawMode(input: NodeJS.ReadStream): () => void {
	input.setRawMode(true);
	disableOutputProcessing(input);
	let isRaw = true;
	return () => {
		if (!isRaw) {
			return;
		}

		isRaw = false;
		input.setRawMode(false);
	};
}

/** Node's raw mode still converts LF to CR LF, which breaks programs that move the cursor down with LF. Node restores this setting too. */
function disableOutputProcessing(input: NodeJS.ReadStream): void {
	spawnSync('stty', ['-opost'], {stdio: [input, 'ignore', 'ignore'], timeout: 1000});
}
