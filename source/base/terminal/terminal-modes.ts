/** A terminal lent to a remote program: raw mode, restored at exit; output and size; modes that the program did not reset. */
import {once} from 'node:events';
import {writeSync} from 'node:fs';
import process from 'node:process';
import type {Readable} from 'node:stream';
import {spawnSync} from 'node:child_process';

const escape = 0x1b;

/** Other private modes are not reset. */
const defaultModes: ReadonlyMap<string, 'h' | 'l'> = new Map([
	...'1 5 6 9 47 66 1000 1001 1002 1003 1004 1005 1006 1015 1016 1047 2004 2026 2031 1049'.split(' ').map(mode => [mode, 'l'] as const),
	...['7', '25'].map(mode => [mode, 'h'] as const),
]);

/** Strings are OSC, DCS, APC, PM and SOS. */
type ParserState = 'ground' | 'escape' | 'intermediate' | 'csi' | 'string' | 'string-escape';

type Resizable = {resize(size: {columns: number; rows: number}): void};

/** The previous title and clipboard are unknown, so they cannot be restored. */
export class TerminalModes {
	#state: ParserState = 'ground';
	#sequence = '';
	#left = unchanged();
	#lastByte = 0x0a;

	get atLineStart(): boolean {
		return this.#lastByte === 0x0a;
	}

	watch(output: Uint8Array): void {
		this.#lastByte = output.at(-1) ?? this.#lastByte;
		let at = 0;
		while (at < output.length) {
			if (this.#state === 'ground') {
				// Character set shifts are the only single-byte controls with a lasting effect.
				const next = output.indexOf(escape, at);
				const text = output.subarray(at, next < 0 ? output.length : next);
				this.#left.shifted =
					text.includes(0x0e) || text.includes(0x0f) ? text.lastIndexOf(0x0e) > text.lastIndexOf(0x0f) : this.#left.shifted;
				if (next < 0) {
					return;
				}

				at = next + 1;
				this.#state = 'escape';
				this.#sequence = '';
			} else {
				this.#onByte(output[at]!);
				at++;
			}
		}
	}

	/** Leaves the alternate screen last, which restores the cursor. */
	undo(): string {
		const modes = [...this.#left.changed].map(([mode, state]) => `\u001B[?${mode}${state === 'h' ? 'l' : 'h'}`);
		const undone = [
			this.#state === 'string' || this.#state === 'string-escape' ? '\u001B\\' : this.#state === 'ground' ? '' : '\u0018',
			this.#left.hasAttributes ? '\u001B[0m' : '',
			this.#left.charset ? '\u001B(B' : '',
			this.#left.shifted ? '\u000F' : '',
			this.#left.keypad ? '\u001B>' : '',
			this.#left.insert ? '\u001B[4l' : '',
			this.#left.region ? '\u001B7\u001B[r\u001B8' : '',
			this.#left.cursorShape ? '\u001B[0 q' : '',
			this.#left.modifyOtherKeys ? '\u001B[>4;0m' : '',
			this.#left.keyboards > 0 ? `\u001B[<${this.#left.keyboards}u` : '',
			...modes.sort((a, b) => Number(isAlternate(a)) - Number(isAlternate(b))),
		].join('');
		this.#state = 'ground';
		this.#left = unchanged();
		return undone;
	}

	#onByte(byte: number): void {
		switch (this.#state) {
			case 'escape': {
				this.#afterEscape(byte);
				break;
			}

			case 'intermediate': {
				this.#sequence += String.fromCodePoint(byte);
				if (byte >= 0x30) {
					this.#left.charset = this.#sequence.startsWith('(') ? this.#sequence !== '(B' : this.#left.charset;
					this.#state = 'ground';
				}

				break;
			}

			case 'csi': {
				if (byte >= 0x40) {
					this.#state = 'ground';
					this.#onControlSequence(this.#sequence, String.fromCodePoint(byte));
				} else if (byte === escape) {
					this.#state = 'escape';
					this.#sequence = '';
				} else if (byte === 0x18 || byte === 0x1a) {
					this.#state = 'ground';
				} else if (byte >= 0x20 && this.#sequence.length < 256) {
					this.#sequence += String.fromCodePoint(byte);
				}

				break;
			}

			case 'string': {
				this.#state = byte === escape ? 'string-escape' : byte === 0x07 || byte === 0x18 || byte === 0x1a ? 'ground' : 'string';
				break;
			}

			case 'string-escape': {
				this.#state = 'escape';
				this.#afterEscape(byte);
				break;
			}

			case 'ground': {
				break;
			}
		}
	}

	#afterEscape(byte: number): void {
		const character = String.fromCodePoint(byte);
		if (character === '[') {
			this.#state = 'csi';
			this.#sequence = '';
		} else if (']P_^X'.includes(character)) {
			this.#state = 'string';
		} else if (byte >= 0x20 && byte <= 0x2f) {
			this.#state = 'intermediate';
			this.#sequence = character;
		} else if (byte !== escape) {
			this.#state = 'ground';
			this.#left.keypad = character === '=' || (character !== '>' && this.#left.keypad);
			if (character === 'c') {
				this.#left = unchanged();
			}
		}
	}

	#onControlSequence(parameters: string, final: string): void {
		if (parameters.startsWith('?') && (final === 'h' || final === 'l')) {
			for (const mode of parameters.slice(1).split(';')) {
				this.#setMode(mode, final);
			}
		} else if (final === 'm' && /^[\d;:]*$/.test(parameters)) {
			this.#left.hasAttributes = !/^0*$/.test(parameters);
		} else if (final === 'm' && parameters.startsWith('>4')) {
			this.#left.modifyOtherKeys = !/^>4(?:;0*)?$/.test(parameters);
		} else if (final === 'r' && /^[\d;]*$/.test(parameters)) {
			this.#left.region = parameters !== '';
		} else if (final === 'q' && parameters.endsWith(' ')) {
			this.#left.cursorShape = !/^0* $/.test(parameters);
		} else if (final === 'u' && parameters.startsWith('>')) {
			this.#left.keyboards++;
		} else if (final === 'u' && parameters.startsWith('<')) {
			this.#left.keyboards = Math.max(0, this.#left.keyboards - (Number(parameters.slice(1)) || 1));
		} else if (parameters === '4' && (final === 'h' || final === 'l')) {
			this.#left.insert = final === 'h';
		}
	}

	#setMode(mode: string, state: 'h' | 'l'): void {
		const defaultState = defaultModes.get(mode);
		if (defaultState === state) {
			this.#left.changed.delete(mode);
		} else if (defaultState !== undefined) {
			this.#left.changed.set(mode, state);
		}
	}
}

/** What the program has left changed. */
function unchanged() {
	return {
		changed: new Map<string, 'h' | 'l'>(),
		hasAttributes: false,
		charset: false,
		shifted: false,
		keypad: false,
		region: false,
		insert: false,
		cursorShape: false,
		modifyOtherKeys: false,
		keyboards: 0,
	};
}

function isAlternate(sequence: string): boolean {
	return /\?(?:47|1047|1049)/.test(sequence);
}

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
