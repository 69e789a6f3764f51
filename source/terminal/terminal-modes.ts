/** What a remote program did to the terminal and did not undo, when its stream was cut. */

const escape = 0x1b;

/** Private modes that are off, or on, on a terminal at rest. Others are left as they are. */
const atRest: ReadonlyMap<string, 'h' | 'l'> = new Map([
	...[
		'1',
		'5',
		'6',
		'9',
		'47',
		'66',
		'1000',
		'1001',
		'1002',
		'1003',
		'1004',
		'1005',
		'1006',
		'1015',
		'1016',
		'1047',
		'2004',
		'2026',
		'2031',
		'1049',
	].map(mode => [mode, 'l'] as const),
	...['7', '25'].map(mode => [mode, 'h'] as const),
]);

/** Where the reader of the output stands. Strings are OSC, DCS, APC, PM and SOS. */
type Place = 'ground' | 'escape' | 'intermediate' | 'csi' | 'string' | 'string-escape';

/**
Watches output on its way to the terminal, changes nothing of it, and knows what would undo it.
A title and the clipboard cannot be given back: nobody told what they were.
*/
export class TerminalModes {
	#place: Place = 'ground';
	#sequence = '';
	#changed = new Map<string, 'h' | 'l'>();
	#painted = false;
	#charset = false;
	#shifted = false;
	#keypad = false;
	#region = false;
	#insert = false;
	#cursorShape = false;
	#otherKeys = false;
	#keyboards = 0;
	#lastByte = 0x0a;

	/** Nothing was printed, or a line was ended last. */
	get atLineStart(): boolean {
		return this.#lastByte === 0x0a;
	}

	watch(output: Uint8Array): void {
		this.#lastByte = output.at(-1) ?? this.#lastByte;
		let at = 0;
		while (at < output.length) {
			if (this.#place === 'ground') {
				// Shifts to another character set are the only control characters of one byte that last.
				const next = output.indexOf(escape, at);
				const text = output.subarray(at, next < 0 ? output.length : next);
				this.#shifted = text.includes(0x0e) || text.includes(0x0f) ? text.lastIndexOf(0x0e) > text.lastIndexOf(0x0f) : this.#shifted;
				if (next < 0) {
					return;
				}

				at = next + 1;
				this.#place = 'escape';
				this.#sequence = '';
			} else {
				this.#step(output[at]!);
				at++;
			}
		}
	}

	/** The sequences that put the terminal to rest; empty when it is. The alternate screen is left last, with the cursor as it was before. */
	undo(): string {
		const modes = [...this.#changed].map(([mode, state]) => `\u001B[?${mode}${state === 'h' ? 'l' : 'h'}`);
		const undone = [
			this.#place === 'string' || this.#place === 'string-escape' ? '\u001B\\' : this.#place === 'ground' ? '' : '\u0018',
			this.#painted ? '\u001B[0m' : '',
			this.#charset ? '\u001B(B' : '',
			this.#shifted ? '\u000F' : '',
			this.#keypad ? '\u001B>' : '',
			this.#insert ? '\u001B[4l' : '',
			this.#region ? '\u001B7\u001B[r\u001B8' : '',
			this.#cursorShape ? '\u001B[0 q' : '',
			this.#otherKeys ? '\u001B[>4;0m' : '',
			this.#keyboards > 0 ? `\u001B[<${this.#keyboards}u` : '',
			...modes.sort((a, b) => Number(isAlternate(a)) - Number(isAlternate(b))),
		].join('');
		this.#reset();
		return undone;
	}

	#step(byte: number): void {
		switch (this.#place) {
			case 'escape': {
				this.#afterEscape(byte);
				break;
			}

			case 'intermediate': {
				this.#sequence += String.fromCodePoint(byte);
				if (byte >= 0x30) {
					this.#charset = this.#sequence.startsWith('(') ? this.#sequence !== '(B' : this.#charset;
					this.#place = 'ground';
				}

				break;
			}

			case 'csi': {
				if (byte >= 0x40) {
					this.#place = 'ground';
					this.#control(this.#sequence, String.fromCodePoint(byte));
				} else if (byte === escape) {
					this.#place = 'escape';
					this.#sequence = '';
				} else if (byte === 0x18 || byte === 0x1a) {
					this.#place = 'ground';
				} else if (byte >= 0x20 && this.#sequence.length < 256) {
					this.#sequence += String.fromCodePoint(byte);
				}

				break;
			}

			case 'string': {
				this.#place = byte === escape ? 'string-escape' : byte === 0x07 || byte === 0x18 || byte === 0x1a ? 'ground' : 'string';
				break;
			}

			case 'string-escape': {
				this.#place = 'escape';
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
			this.#place = 'csi';
			this.#sequence = '';
		} else if (']P_^X'.includes(character)) {
			this.#place = 'string';
		} else if (byte >= 0x20 && byte <= 0x2f) {
			this.#place = 'intermediate';
			this.#sequence = character;
		} else if (byte !== escape) {
			this.#place = 'ground';
			this.#keypad = character === '=' || (character !== '>' && this.#keypad);
			if (character === 'c') {
				this.#reset();
			}
		}
	}

	#control(parameters: string, final: string): void {
		if (parameters.startsWith('?') && (final === 'h' || final === 'l')) {
			for (const mode of parameters.slice(1).split(';')) {
				this.#setMode(mode, final);
			}
		} else if (final === 'm' && /^[\d;:]*$/.test(parameters)) {
			this.#painted = !/^0*$/.test(parameters);
		} else if (final === 'm' && parameters.startsWith('>4')) {
			this.#otherKeys = !/^>4(?:;0*)?$/.test(parameters);
		} else if (final === 'r' && /^[\d;]*$/.test(parameters)) {
			this.#region = parameters !== '';
		} else if (final === 'q' && parameters.endsWith(' ')) {
			this.#cursorShape = !/^0* $/.test(parameters);
		} else if (final === 'u' && parameters.startsWith('>')) {
			this.#keyboards++;
		} else if (final === 'u' && parameters.startsWith('<')) {
			this.#keyboards = Math.max(0, this.#keyboards - (Number(parameters.slice(1)) || 1));
		} else if (parameters === '4' && (final === 'h' || final === 'l')) {
			this.#insert = final === 'h';
		}
	}

	#setMode(mode: string, state: 'h' | 'l'): void {
		const rest = atRest.get(mode);
		if (rest === state) {
			this.#changed.delete(mode);
		} else if (rest !== undefined) {
			this.#changed.set(mode, state);
		}
	}

	#reset(): void {
		this.#place = 'ground';
		this.#changed = new Map();
		this.#painted = false;
		this.#charset = false;
		this.#shifted = false;
		this.#keypad = false;
		this.#region = false;
		this.#insert = false;
		this.#cursorShape = false;
		this.#otherKeys = false;
		this.#keyboards = 0;
	}
}

function isAlternate(sequence: string): boolean {
	return /\?(?:47|1047|1049)/.test(sequence);
}
