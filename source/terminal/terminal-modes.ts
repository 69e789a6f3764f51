/** Terminal modes that a remote program did not reset. */

const escape = 0x1b;

/** Other private modes are not reset. */
const defaultModes: ReadonlyMap<string, 'h' | 'l'> = new Map([
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

/** Strings are OSC, DCS, APC, PM and SOS. */
type ParserState = 'ground' | 'escape' | 'intermediate' | 'csi' | 'string' | 'string-escape';

/** The previous title and clipboard are unknown, so they cannot be restored. */
export class TerminalModes {
	#state: ParserState = 'ground';
	#sequence = '';
	#changed = new Map<string, 'h' | 'l'>();
	#hasAttributes = false;
	#charset = false;
	#shifted = false;
	#keypad = false;
	#region = false;
	#insert = false;
	#cursorShape = false;
	#modifyOtherKeys = false;
	#keyboards = 0;
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
				this.#shifted = text.includes(0x0e) || text.includes(0x0f) ? text.lastIndexOf(0x0e) > text.lastIndexOf(0x0f) : this.#shifted;
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
		const modes = [...this.#changed].map(([mode, state]) => `\u001B[?${mode}${state === 'h' ? 'l' : 'h'}`);
		const undone = [
			this.#state === 'string' || this.#state === 'string-escape' ? '\u001B\\' : this.#state === 'ground' ? '' : '\u0018',
			this.#hasAttributes ? '\u001B[0m' : '',
			this.#charset ? '\u001B(B' : '',
			this.#shifted ? '\u000F' : '',
			this.#keypad ? '\u001B>' : '',
			this.#insert ? '\u001B[4l' : '',
			this.#region ? '\u001B7\u001B[r\u001B8' : '',
			this.#cursorShape ? '\u001B[0 q' : '',
			this.#modifyOtherKeys ? '\u001B[>4;0m' : '',
			this.#keyboards > 0 ? `\u001B[<${this.#keyboards}u` : '',
			...modes.sort((a, b) => Number(isAlternate(a)) - Number(isAlternate(b))),
		].join('');
		this.#reset();
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
					this.#charset = this.#sequence.startsWith('(') ? this.#sequence !== '(B' : this.#charset;
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
			this.#keypad = character === '=' || (character !== '>' && this.#keypad);
			if (character === 'c') {
				this.#reset();
			}
		}
	}

	#onControlSequence(parameters: string, final: string): void {
		if (parameters.startsWith('?') && (final === 'h' || final === 'l')) {
			for (const mode of parameters.slice(1).split(';')) {
				this.#setMode(mode, final);
			}
		} else if (final === 'm' && /^[\d;:]*$/.test(parameters)) {
			this.#hasAttributes = !/^0*$/.test(parameters);
		} else if (final === 'm' && parameters.startsWith('>4')) {
			this.#modifyOtherKeys = !/^>4(?:;0*)?$/.test(parameters);
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
		const defaultState = defaultModes.get(mode);
		if (defaultState === state) {
			this.#changed.delete(mode);
		} else if (defaultState !== undefined) {
			this.#changed.set(mode, state);
		}
	}

	#reset(): void {
		this.#state = 'ground';
		this.#changed = new Map();
		this.#hasAttributes = false;
		this.#charset = false;
		this.#shifted = false;
		this.#keypad = false;
		this.#region = false;
		this.#insert = false;
		this.#cursorShape = false;
		this.#modifyOtherKeys = false;
		this.#keyboards = 0;
	}
}

function isAlternate(sequence: string): boolean {
	return /\?(?:47|1047|1049)/.test(sequence);
}
