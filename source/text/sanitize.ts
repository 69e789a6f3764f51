/** What cluster text may do to a terminal: nothing but show itself. */
import {parseSgr, type TextColors} from './sgr.ts';

export type SanitizeOptions = {
	/** `keep` lets SGR colours through (log lines); `strip` shows them as any other escape. Default strip. */
	colours?: 'keep' | 'strip';
};

/**
`text` with everything made visible that could move, colour, retitle or fool a terminal: controls as `^[`, all that is
invisible or turns the direction of writing as `<U+202E>`, lone surrogates as U+FFFD. Tabs and line ends (`\n`, `\r\n`) stay.
No escape sequence is ever swallowed, so one that never ends hides nothing behind it.
With `colours: 'keep'` colours and weights pass, never past the end of their line; whoever hides text (SGR 8, ink on paper of its own colour) is shown doing it.
*/
export function sanitize(text: string, options: SanitizeOptions = {}): string {
	const plain = plainly.test(text);
	return plain ? text : new Sanitizer(options).finish(text);
}

/** The same for bytes that come in pieces, cut anywhere: what comes out does not depend on where they were cut. */
export class Sanitizer {
	readonly #colours: boolean;
	readonly #decoder = new TextDecoder('utf-8', {ignoreBOM: true});
	/** A sequence or line end of which only the beginning has come. */
	#held = '';
	#pen: TextColors = {ink: null, paper: null};
	#painted = false;

	constructor(options: SanitizeOptions = {}) {
		this.#colours = options.colours === 'keep';
	}

	/** What can be shown of the bytes so far. Bytes that are no UTF-8 become U+FFFD. */
	write(chunk: Uint8Array): string {
		return this.#show(this.#decoder.decode(chunk, {stream: true}), false);
	}

	/** What was still held back, and the end of any colour. */
	end(): string {
		return this.finish(this.#decoder.decode());
	}

	/** `text` as the last piece. */
	finish(text: string): string {
		return this.#show(text, true) + this.#unpaint();
	}

	#show(text: string, last: boolean): string {
		const whole = this.#held + text;
		const cut = last ? whole.length : whole.length - (this.#colours ? unfinishedColoured : unfinished).exec(whole)![0].length;
		this.#held = whole.slice(cut);
		return whole
			.slice(0, cut)
			.replaceAll(this.#colours ? notableColoured : notable, (found: string, parameters?: string) => this.#replace(found, parameters));
	}

	#replace(found: string, parameters: string | undefined): string {
		if (found.endsWith('\n')) {
			return this.#unpaint() + found;
		}

		if (this.#colours && found.length > 1 && found.startsWith('\u001B')) {
			return this.#paint(found, parameters ?? '');
		}

		return visible(found);
	}

	#paint(sequence: string, parameters: string): string {
		const pen = parseSgr(parameters, this.#pen);
		if (!pen) {
			return visible('\u001B') + sequence.slice(1);
		}

		this.#pen = pen;
		this.#painted = true;
		return sequence;
	}

	#unpaint(): string {
		const reset = this.#painted ? '\u001B[0m' : '';
		this.#painted = false;
		this.#pen = {ink: null, paper: null};
		return reset;
	}
}

const plainly = /^[\t\n -~]*$/;

// Default_Ignorable_Code_Point holds the bidi controls, zero-width marks, BOM, fillers and tags; of it only the variation selectors
// that emoji carry (FE0E, FE0F) stay. U+2028 and U+2029 end lines, U+FFF9–FFFB hide annotations, and are not in it.
const hazards = String.raw`[\p{Cc}\p{Cs}\u2028\u2029\uFFF9-\uFFFB]|(?![\uFE0E\uFE0F])\p{Default_Ignorable_Code_Point}`;

/** What may not stand in a line as it is. */
export const unsafeCharacters = new RegExp(hazards, 'gu');

const lineEnd = String.raw`\r?\n`;
const notable = new RegExp(`${lineEnd}|(?!\\t)(?:${hazards})`, 'gu');
const notableColoured = new RegExp(`${lineEnd}|\\u001B\\[([\\d;:]{0,64})m|(?!\\t)(?:${hazards})`, 'gu');
const unfinished = /\r?$/;
const unfinishedColoured = /(?:\r|\u001B(?:\[[\d;:]{0,64})?)?$/;

function visible(character: string): string {
	const code = character.codePointAt(0)!;
	if (code < 0x20) {
		return `^${String.fromCodePoint(code + 0x40)}`;
	}

	if (code === 0x7f) {
		return '^?';
	}

	return code >= 0xd8_00 && code <= 0xdf_ff ? '\uFFFD' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}
