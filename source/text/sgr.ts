/** Which colours an SGR sequence sets, and whether it may pass. */

/** The colours in force: as `31`, `5;196`, `2;255;0;0`; `null` is the terminal's own. */
export type TextColors = {ink: string | null; paper: string | null};

/**
The pen after `parameters` (what stands between `CSI` and `m`), or `undefined` when any part of it is not a colour or a weight:
hidden (8), blinking, fonts and frames do not pass, nor does ink on paper of its own colour, which would hide the text as well.
@see ECMA-48 8.3.117; ITU-T T.416 13.1.8 for 38 and 48
*/
export function parseSgr(parameters: string, before: TextColors): TextColors | undefined {
	const pen = {...before};
	const rest = parameters.split(';');
	while (rest.length > 0) {
		const code = rest.shift()!;
		if (code === '' || code === '0') {
			pen.ink = null;
			pen.paper = null;
		} else if (code === '39') {
			pen.ink = null;
		} else if (code === '49') {
			pen.paper = null;
		} else if (/^(?:3[0-7]|9[0-7])$/.test(code)) {
			pen.ink = basic(Number(code) - (code.startsWith('9') ? 82 : 30));
		} else if (/^(?:4[0-7]|10[0-7])$/.test(code)) {
			pen.paper = basic(Number(code) - (code.length === 3 ? 92 : 40));
		} else if (/^[34]8(?::|$)/.test(code)) {
			const colour = code.includes(':') ? withColons(code) : withSemicolons(rest);
			if (colour === undefined) {
				return undefined;
			}

			pen[code.startsWith('3') ? 'ink' : 'paper'] = colour;
		} else if (!weights.has(code)) {
			return undefined;
		}
	}

	return pen.ink !== null && pen.ink === pen.paper ? undefined : pen;
}

/** Bold, faint, italic, underlined, reversed, struck, and their ends. */
const weights = new Set(['1', '2', '3', '4', '7', '9', '21', '22', '23', '24', '27', '29']);

function basic(index: number): string {
	return `5;${index}`;
}

/** `38;5;196` and `38;2;255;0;0`: takes what belongs to the colour out of `rest`. */
function withSemicolons(rest: string[]): string | undefined {
	const kind = rest.shift();
	const values = rest.splice(0, kind === '5' ? 1 : 3);
	return colourOf(kind, values);
}

/** `38:5:196`, `38:2:255:0:0`, and with a colour space `38:2::255:0:0`. */
function withColons(code: string): string | undefined {
	const [, kind, ...values] = code.split(':');
	return colourOf(kind, kind === '2' && values.length === 4 ? values.slice(1) : values);
}

function colourOf(kind: string | undefined, values: readonly string[]): string | undefined {
	const wanted = kind === '5' ? 1 : kind === '2' ? 3 : undefined;
	const valid = values.length === wanted && values.every(value => /^\d{1,3}$/.test(value) && Number(value) < 256);
	return valid ? [kind, ...values.map(Number)].join(';') : undefined;
}
