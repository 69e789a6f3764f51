/** Sanitizing of untrusted text for a terminal. */

type SanitizeOptions = {
	/** `keep` passes SGR colors; `strip` (default) shows them. */
	colors?: 'keep' | 'strip';
};

/**
Shows controls as `^[`, invisible and bidirectional characters as `<U+202E>`, lone surrogates as U+FFFD. Keeps tabs and line ends. Removes
no escape sequence, so an unterminated one hides nothing.
`keep` passes colors and font styles up to the end of their line, except those that hide text.
*/
export function sanitize(text: string, options: SanitizeOptions = {}): string {
	const plain = plainText.test(text);
	return plain ? text : new Sanitizer(options).finish(text);
}

/** Sanitizes bytes that can be split anywhere. */
export class Sanitizer {
	readonly #keepsColors: boolean;
	readonly #decoder = new TextDecoder('utf-8', {ignoreBOM: true});
	#buffered = '';
	#textColors: TextColors = {foreground: null, background: null};
	#isColored = false;

	constructor(options: SanitizeOptions = {}) {
		this.#keepsColors = options.colors === 'keep';
	}

	/** Invalid UTF-8 becomes U+FFFD. */
	write(chunk: Uint8Array): string {
		return this.#sanitize(this.#decoder.decode(chunk, {stream: true}), false);
	}

	/** Returns the rest of the text, and resets colors. */
	end(): string {
		return this.finish(this.#decoder.decode());
	}

	finish(text: string): string {
		return this.#sanitize(text, true) + this.#resetColors();
	}

	#sanitize(text: string, last: boolean): string {
		const whole = this.#buffered + text;
		const cut = last ? whole.length : whole.length - (this.#keepsColors ? unfinishedColor : unfinished).exec(whole)![0].length;
		this.#buffered = whole.slice(cut);
		return whole
			.slice(0, cut)
			.replaceAll(this.#keepsColors ? patterns().replacedBesidesColors : patterns().replaced, (found: string, parameters?: string) =>
				this.#replace(found, parameters),
			);
	}

	#replace(found: string, parameters: string | undefined): string {
		if (found.endsWith('\n')) {
			return this.#resetColors() + found;
		}

		if (this.#keepsColors && found.length > 1 && found.startsWith('\u001B')) {
			return this.#setColors(found, parameters ?? '');
		}

		return makeVisible(found);
	}

	#setColors(sequence: string, parameters: string): string {
		const pen = parseSgr(parameters, this.#textColors);
		if (!pen) {
			return makeVisible('\u001B') + sequence.slice(1);
		}

		this.#textColors = pen;
		this.#isColored = true;
		return sequence;
	}

	#resetColors(): string {
		const reset = this.#isColored ? '\u001B[0m' : '';
		this.#isColored = false;
		this.#textColors = {foreground: null, background: null};
		return reset;
	}
}

const plainText = /^[\t\n -~]*$/;

// Default_Ignorable_Code_Point has bidi controls, zero-width marks, BOM, fillers, tags, and the emoji variation selectors (FE0E, FE0F),
// which stay. It lacks line ends (U+2028, U+2029) and annotations (U+FFF9–FFFB).
const unsafe = String.raw`[\p{Cc}\p{Cs}\u2028\u2029\uFFF9-\uFFFB]|(?![\uFE0E\uFE0F])\p{Default_Ignorable_Code_Point}`;

let built: {unsafe: RegExp; replaced: RegExp; replacedBesidesColors: RegExp} | undefined;

/** Built on first use: Unicode properties take 0.7 ms to build, before the first byte of every command. */
function patterns() {
	const lineEnd = String.raw`\r?\n`;
	built ??= {
		unsafe: new RegExp(unsafe, 'gu'),
		replaced: new RegExp(`${lineEnd}|(?!\\t)(?:${unsafe})`, 'gu'),
		replacedBesidesColors: new RegExp(`${lineEnd}|\\u001B\\[([\\d;:]{0,64})m|(?!\\t)(?:${unsafe})`, 'gu'),
	};
	return built;
}

/** Global, for `replaceAll` and `search`. */
export function unsafeCharacters(): RegExp {
	return patterns().unsafe;
}

const unfinished = /\r?$/;
const unfinishedColor = /(?:\r|\u001B(?:\[[\d;:]{0,64})?)?$/;

function makeVisible(character: string): string {
	const code = character.codePointAt(0)!;
	if (code < 0x20) {
		return `^${String.fromCodePoint(code + 0x40)}`;
	}

	if (code === 0x7f) {
		return '^?';
	}

	return code >= 0xd8_00 && code <= 0xdf_ff ? '\uFFFD' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

/** `5;196` or `2;255;0;0`; `null` is the default. */
type TextColors = {foreground: string | null; background: string | null};

/**
`undefined` if any parameter is not a color or font style: hidden (8), blinking, fonts and frames do not pass, nor do equal text and
background colors, which hide text.
@see ECMA-48 8.3.117; ITU-T T.416 13.1.8 for 38 and 48
*/
function parseSgr(parameters: string, before: TextColors): TextColors | undefined {
	const pen = {...before};
	const rest = parameters.split(';');
	while (rest.length > 0) {
		const code = rest.shift()!;
		if (code === '' || code === '0') {
			pen.foreground = null;
			pen.background = null;
		} else if (code === '39') {
			pen.foreground = null;
		} else if (code === '49') {
			pen.background = null;
		} else if (/^(?:3[0-7]|9[0-7])$/.test(code)) {
			pen.foreground = paletteColor(Number(code) - (code.startsWith('9') ? 82 : 30));
		} else if (/^(?:4[0-7]|10[0-7])$/.test(code)) {
			pen.background = paletteColor(Number(code) - (code.length === 3 ? 92 : 40));
		} else if (/^[34]8(?::|$)/.test(code)) {
			const color = code.includes(':') ? parseColonColor(code) : parseSemicolonColor(rest);
			if (color === undefined) {
				return undefined;
			}

			pen[code.startsWith('3') ? 'foreground' : 'background'] = color;
		} else if (!fontStyles.has(code)) {
			return undefined;
		}
	}

	return pen.foreground !== null && pen.foreground === pen.background ? undefined : pen;
}

const fontStyles = new Set(['1', '2', '3', '4', '7', '9', '21', '22', '23', '24', '27', '29']);

function paletteColor(index: number): string {
	return `5;${index}`;
}

/** `38;5;196`, `38;2;255;0;0`. */
function parseSemicolonColor(rest: string[]): string | undefined {
	const kind = rest.shift();
	const values = rest.splice(0, kind === '5' ? 1 : 3);
	return formatColor(kind, values);
}

/** `38:5:196`, `38:2:255:0:0`, with color space `38:2::255:0:0`. */
function parseColonColor(code: string): string | undefined {
	const [, kind, ...values] = code.split(':');
	return formatColor(kind, kind === '2' && values.length === 4 ? values.slice(1) : values);
}

function formatColor(kind: string | undefined, values: readonly string[]): string | undefined {
	const wanted = kind === '5' ? 1 : kind === '2' ? 3 : undefined;
	const valid = values.length === wanted && values.every(value => /^\d{1,3}$/.test(value) && Number(value) < 256);
	return valid ? [kind, ...values.map(Number)].join(';') : undefined;
}

/** Shows line breaks as `⏎`. */
export function sanitizeLine(text: string): string {
	return sanitize(text.trimEnd(), {colors: 'strip'}).replaceAll(/\r?\n/g, ' ⏎ ');
}

/** Unlike `sanitizeLine`, keeps trailing spaces. */
export function escapeControls(text: string): string {
	return text.search(unsafeCharacters()) >= 0 ? sanitize(text).replaceAll(/\r?\n/g, ' ⏎ ').replaceAll('\t', '  ') : text;
}

/** Keeps line breaks; replaces tabs, whose width depends on the terminal. */
export function sanitizeText(text: string): string {
	return sanitize(text).replaceAll('\r\n', '\n').replaceAll('\t', '  ');
}
