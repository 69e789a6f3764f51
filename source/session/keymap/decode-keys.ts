/** Decoder of terminal input: keys, mouse reports, pasted text and reports. */
import {StringDecoder} from 'node:string_decoder';

export type KeyInput = {key: string} | {paste: string} | {report: string} | {mouse: MouseReport};

/** `code`: button, modifiers and kind, as xterm encodes them. `column` and `row` begin at 0. */
export type MouseReport = {code: number; column: number; row: number; isRelease: boolean};

type KeyDecoder = {
	/** A lone escape byte at the end of `bytes` waits for `flush`. */
	decode(bytes: Uint8Array): KeyInput[];
	readonly isWaiting: boolean;
	flush(): KeyInput[];
};

const escape = '\u001B';
const pasteStart = `${escape}[200~`;
const pasteEnd = `${escape}[201~`;
/** Maximum paste length in characters. */
const maxPasteLength = 1_000_000;

/** @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h2-PC-Style-Function-Keys */
const keysByFinalCharacter: Readonly<Record<string, string>> = {
	A: 'up',
	B: 'down',
	C: 'right',
	D: 'left',
	H: 'home',
	F: 'end',
	P: 'f1',
	Q: 'f2',
	R: 'f3',
	S: 'f4',
	Z: 'shift+tab',
};
const keysByTildeNumber: Readonly<Record<string, string>> = {
	1: 'home',
	2: 'insert',
	3: 'delete',
	4: 'end',
	5: 'pgup',
	6: 'pgdn',
	7: 'home',
	8: 'end',
	11: 'f1',
	12: 'f2',
	13: 'f3',
	14: 'f4',
	15: 'f5',
	17: 'f6',
	18: 'f7',
	19: 'f8',
	20: 'f9',
	21: 'f10',
	23: 'f11',
	24: 'f12',
};

const plainKeys: Readonly<Record<string, string>> = {
	'\u0000': 'ctrl+space',
	'\b': 'backspace',
	'\t': 'tab',
	'\n': 'enter',
	'\r': 'enter',
	' ': 'space',
	'\u007F': 'backspace',
};

/** What a terminal sends for each named key; a final character rather than a number. */
const sequences: Readonly<Record<string, string>> = {
	...Object.fromEntries(Object.entries(plainKeys).map(([character, key]) => [key, character])),
	esc: escape,
	...Object.fromEntries(Object.entries(keysByTildeNumber).map(([number, key]) => [key, `${escape}[${number}~`])),
	...Object.fromEntries(
		Object.entries(keysByFinalCharacter).map(([final, key]) => [key, `${escape}${/^f\d/.test(key) ? 'O' : '['}${final}`]),
	),
};

export function createKeyDecoder(): KeyDecoder {
	const utf8 = new StringDecoder('utf8');
	let rest = '';
	let paste: string | null = null;

	const read = (final: boolean): KeyInput[] => {
		const out: KeyInput[] = [];
		while (rest.length > 0) {
			if (paste !== null) {
				const end = rest.indexOf(pasteEnd);
				const keep = end < 0 ? Math.max(0, rest.length - pasteEnd.length + 1) : end;
				paste = (paste + rest.slice(0, keep)).slice(0, maxPasteLength);
				rest = rest.slice(end < 0 ? keep : end + pasteEnd.length);
				if (end < 0) {
					break;
				}

				out.push({paste});
				paste = null;
				continue;
			}

			const decoded = decodeFirst(rest, final);
			if (decoded === null) {
				break;
			}

			rest = rest.slice(decoded.length);
			if (decoded.input === 'paste') {
				paste = '';
			} else if (decoded.input !== null) {
				out.push(decoded.input);
			}
		}

		return out;
	};

	return {
		decode(bytes) {
			rest += utf8.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
			return read(false);
		},
		get isWaiting() {
			return rest.length > 0 && paste === null;
		},
		flush: () => read(true),
	};
}

type DecodedInput = {length: number; input: KeyInput | 'paste' | null};

function decodeFirst(text: string, final: boolean): DecodedInput | null {
	if (!text.startsWith(escape)) {
		const character = String.fromCodePoint(text.codePointAt(0)!);
		return {length: character.length, input: {key: plainKey(character)}};
	}

	if (text.length === 1) {
		return final ? {length: 1, input: {key: 'esc'}} : null;
	}

	if (text.startsWith(pasteStart)) {
		return {length: pasteStart.length, input: 'paste'};
	}

	const mouse = decodeMouse(text, final);
	if (mouse !== undefined) {
		return mouse;
	}

	const csi = /^\u001B\[([<=>?]?)([\d;:]*)([ -/]*)([@-~])/.exec(text);
	if (csi) {
		return {length: csi[0].length, input: csi[1] === '' && csi[3] === '' ? csiKey(csi[2]!, csi[4]!) : null};
	}

	const ss3 = /^\u001BO([A-Z])/.exec(text);
	if (ss3) {
		const key = keysByFinalCharacter[ss3[1]!];
		return {length: 3, input: key === undefined ? null : {key}};
	}

	const report = /^\u001B([\]P_^])([\s\S]*?)(?:\u0007|\u001B\\)/.exec(text);
	if (report) {
		return {length: report[0].length, input: {report: report[2]!}};
	}

	if (!final && /^\u001B(?:\[[<=>?]?[\d;:]*[ -/]*|O|[\]P_^][^\u0007]{0,4096})$/.test(text)) {
		return null;
	}

	const next = String.fromCodePoint(text.codePointAt(1)!);
	if (next === escape) {
		return {length: 1, input: {key: 'esc'}};
	}

	return {length: 1 + next.length, input: {key: `alt+${plainKey(next)}`.replace('alt+ctrl+', 'ctrl+alt+')}};
}

/**
`undefined` if `text` does not begin with a mouse report, `null` if the report is incomplete: its rest must never be taken for keys, so it
waits also when flushed. A terminal without SGR reports sends three characters after `ESC [ M`.
@see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h2-Mouse-Tracking
*/
function decodeMouse(text: string, final: boolean): DecodedInput | null | undefined {
	const sgr = /^\u001B\[<(\d+);(\d+);(\d+)([Mm])/.exec(text);
	if (sgr) {
		const [code, column, row] = sgr.slice(1, 4).map(Number) as [number, number, number];
		return {length: sgr[0].length, input: {mouse: {code, column: column - 1, row: row - 1, isRelease: sgr[4] === 'm'}}};
	}

	if (/^\u001B\[<[\d;]*$/.test(text)) {
		return null;
	}

	if (!text.startsWith(`${escape}[M`)) {
		return undefined;
	}

	const [code, column, row] = [...text.slice(3, 6)].map(character => character.codePointAt(0)! - 32);
	if (row === undefined) {
		return final ? {length: text.length, input: null} : null;
	}

	return {length: 6, input: {mouse: {code: code!, column: column! - 1, row: row - 1, isRelease: (code! & 3) === 3 && code! < 64}}};
}

function csiKey(parameters: string, final: string): KeyInput | null {
	const numbers = parameters.split(';');
	const base = final === '~' ? keysByTildeNumber[numbers[0]!] : keysByFinalCharacter[final];
	if (base === undefined) {
		return null;
	}

	const bits = Number(numbers[1] ?? '1') - 1;
	const modifiers = `${bits & 4 ? 'ctrl+' : ''}${bits & 2 ? 'alt+' : ''}${bits & 1 ? 'shift+' : ''}`;
	return {key: base.startsWith('shift+') ? base : modifiers + base};
}

function plainKey(character: string): string {
	const code = character.codePointAt(0)!;
	return plainKeys[character] ?? (code < 0x20 ? `ctrl+${String.fromCodePoint(code + 0x40).toLowerCase()}` : character);
}

/** Encoder of keys as terminal input. */
export function keyBytes(key: string): Buffer {
	const sequence = sequences[key];
	if (sequence !== undefined) {
		return Buffer.from(sequence);
	}

	if (key.startsWith('alt+')) {
		return Buffer.concat([Buffer.from('\u001B'), keyBytes(key.slice(4))]);
	}

	const arrows = /^((?:ctrl\+|alt\+|shift\+)+)(up|down|right|left|home|end)$/.exec(key);
	if (arrows) {
		const bits = (arrows[1]!.includes('shift') ? 1 : 0) + (arrows[1]!.includes('alt') ? 2 : 0) + (arrows[1]!.includes('ctrl') ? 4 : 0);
		return Buffer.from(`\u001B[1;${bits + 1}${sequences[arrows[2]!]!.at(-1)!}`);
	}

	return key.startsWith('ctrl+') ? Buffer.from([key.slice(5).toUpperCase().codePointAt(0)! - 0x40]) : Buffer.from(key);
}
