/** An object as `kubectl get -o yaml` prints it: the same bytes, of which it is known what is a key. */
import {exactSource, isNumber} from './exact-json.ts';
import {compareKeys, isPlain} from './yaml-words.ts';

/** `key` is from where to where the name of a field stands in the text. */
export type YamlLine = {text: string; key: readonly [from: number, to: number] | null};

/** kubectl's writer begins a new line at the first blank behind this column. */
const longestLine = 80;
/** The name of a field that is longer stands on a line of its own. */
const longestKey = 128;

/**
Keys are sorted, as kubectl sorts them; a number of `parseExactly` keeps its digits.
@see https://github.com/yaml/go-yaml/blob/v2.4.3/emitterc.go
*/
export function yamlLines(object: object): readonly YamlLine[] {
	const page = new Page();
	writeChild(page, object, -2, 'root');
	return page.column === 0 ? page.lines.slice(0, -1) : page.lines;
}

/** Lines, and the column in which the next character stands. */
class Page {
	readonly lines: Array<{text: string; key: readonly [number, number] | null}> = [];
	#row = {text: '', key: null as readonly [number, number] | null};
	/** Counted in characters, as kubectl's writer does. */
	column = 0;

	constructor() {
		this.lines.push(this.#row);
	}

	get at(): number {
		return this.#row.text.length;
	}

	put(text: string): void {
		this.#row.text += text;
		this.column += text.length;
	}

	/** One character, of which a JavaScript string may need two. */
	putOne(character: string): void {
		this.#row.text += character;
		this.column++;
	}

	markKey(from: number): void {
		this.#row.key = [from, this.at];
	}

	/** To a new line, unless this one is empty. */
	newLine(indent: number): void {
		if (this.column > 0 || this.#row.text !== '') {
			this.break();
		}

		this.put(' '.repeat(indent));
	}

	break(): void {
		this.#row = {text: '', key: null};
		this.lines.push(this.#row);
		this.column = 0;
	}
}

type Place = 'root' | 'field' | 'item';

/** What stands behind a key, a dash, or at the top. `indent` is that of the map or list it is in. */
function writeChild(page: Page, value: unknown, indent: number, place: Place): void {
	const isList = Array.isArray(value);
	const isMap = !isList && typeof value === 'object' && value !== null && !isNumber(value);
	if (isList && value.length > 0) {
		// The dashes of a field stand below its name.
		writeList(page, value, place === 'field' ? indent : indent + 2, place);
	} else if (isMap && Object.keys(value).length > 0) {
		writeMap(page, value as Readonly<Record<string, unknown>>, indent + 2, place);
	} else {
		page.put(place === 'root' ? '' : ' ');
		writeScalar(page, isList ? '[]' : isMap ? '{}' : value, isList || isMap, indent + 2);
	}
}

function writeList(page: Page, items: readonly unknown[], indent: number, place: Place): void {
	for (const [index, item] of items.entries()) {
		begin(page, indent, index === 0 && place !== 'field', place);
		page.put('-');
		writeChild(page, item, indent, 'item');
	}
}

function writeMap(page: Page, map: Readonly<Record<string, unknown>>, indent: number, place: Place): void {
	for (const [index, key] of Object.keys(map).sort(compareKeys).entries()) {
		begin(page, indent, index === 0 && place !== 'field', place);
		const isSimple = Buffer.byteLength(key) <= longestKey && !anyBreak.test(key);
		page.put(isSimple ? '' : '? ');
		const from = page.at;
		writeString(page, key, indent + 2, isSimple);
		if (isSimple) {
			page.markKey(from);
		} else {
			page.newLine(indent);
		}

		page.put(':');
		writeChild(page, map[key], indent, 'field');
	}
}

/** The first of a map or list behind a dash stands beside it. */
function begin(page: Page, indent: number, isFirst: boolean, place: Place): void {
	if (isFirst) {
		page.put(place === 'item' ? ' ' : '');
	} else {
		page.newLine(indent);
	}
}

function writeScalar(page: Page, value: unknown, isEmpty: boolean, indent: number): void {
	if (typeof value === 'string' && !isEmpty) {
		writeString(page, value, indent, false);
	} else {
		page.put(isNumber(value) ? numberText(exactSource(value)) : String(value));
	}
}

/** A whole number of 64 bits as it is, any other as Go's shortest one. */
function numberText(source: string): string {
	const value = Number(source);
	const whole = /^-?\d+$/.test(source) ? source : String(value);
	if (/^-?\d+$/.test(whole) && BigInt(whole) < 2n ** 64n && BigInt(whole) >= -(2n ** 63n)) {
		return String(BigInt(whole));
	}

	const [digits = '', power = ''] = value.toExponential().split('e');
	return Number(power) < -4 || Number(power) >= 6 ? `${digits}e${power[0]}${power.slice(1).padStart(2, '0')}` : String(value);
}

function writeString(page: Page, text: string, indent: number, isKey: boolean): void {
	const value = text.toWellFormed();
	const facts = look(value);
	if (value.includes('\n')) {
		if (facts.mayBlock && !isKey) {
			writeBlock(page, value, indent);
		} else {
			writeDouble(page, value, indent, isKey);
		}
	} else if (isPlain(value) && facts.mayPlain) {
		writeFolded(page, value, indent, isKey);
	} else if (isPlain(value) && facts.maySingle) {
		page.put('\'');
		writeFolded(page, value.replaceAll('\'', '\'\''), indent, isKey);
		page.put('\'');
	} else {
		writeDouble(page, value, indent, isKey);
	}
}

const anyBreak = /[\n\r\u0085\u2028\u2029]/;
/** What is a break of a line besides the usual one. */
const isBroken = (text: string) => /[\u0085\u2028\u2029]/.test(text);

/** What kubectl's writer shows as it is. */
const unprintable = /[^\n\u0020-\u007E\u00A0-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD]/u;

/** Nothing stands before its first character or behind its last one that would be lost, and nothing in it is a sign of YAML. */
const startsPlain = /^(?!---|\.\.\.|[#,[\]{}&*!|>'"%@` \n\u2028\u2029]|[?:-](?:[ \t\n]|$))/;
const signWithin = /:(?:[ \t\n]|$)|[ \t\n\r\u0085\u2028\u2029]#|[ \n\u2028\u2029]$/;
const blankBesideBreak = /[\n\u2028\u2029] /;
const breakBehindBlank = / [\n\u2028\u2029]/;

/** In which forms a text may be written. */
function look(text: string): {mayPlain: boolean; maySingle: boolean; mayBlock: boolean} {
	const mayQuote = !unprintable.test(text) && !breakBehindBlank.test(text);
	const maySingle = mayQuote && !blankBesideBreak.test(text);
	return {mayPlain: maySingle && !anyBreak.test(text) && startsPlain.test(text) && !signWithin.test(text), maySingle, mayBlock: mayQuote && !text.endsWith(' ')};
}

/** Blanks in a text that is longer than a line become breaks. */
function writeFolded(page: Page, text: string, indent: number, isKey: boolean): void {
	const characters = [...text];
	let afterSpace = false;
	let afterBreak = false;
	for (const [index, character] of characters.entries()) {
		if (character === ' ') {
			if (!isKey && !afterSpace && page.column > longestLine && index > 0 && index < characters.length - 1 && characters[index + 1] !== ' ') {
				page.newLine(indent);
			} else {
				page.putOne(' ');
			}

			afterSpace = true;
		} else if (isBroken(character)) {
			page.putOne(character);
			page.column = 0;
			afterBreak = true;
		} else {
			page.put(afterBreak ? ' '.repeat(indent) : '');
			page.putOne(character);
			afterSpace = false;
			afterBreak = false;
		}
	}
}

function writeBlock(page: Page, text: string, indent: number): void {
	const ends = /\n*$/.exec(text)![0].length;
	page.put(`|${/^[ \n\u2028\u2029]/.test(text) ? '2' : ''}${ends === 0 ? '-' : ends > 1 || text === '\n' ? '+' : ''}`);
	for (const row of text.split('\n')) {
		page.break();
		page.put(row === '' ? '' : ' '.repeat(indent) + row);
	}
}

const escapes: ReadonlyMap<string, string> = new Map([['\0', '0'], ['\u0007', 'a'], ['\b', 'b'], ['\t', 't'], ['\n', 'n'], ['\v', 'v'], ['\f', 'f'], ['\r', 'r'], ['\u001B', 'e'], ['"', '"'], ['\\', '\\'], ['\u0085', 'N'], ['\u00A0', '_'], ['\u2028', 'L'], ['\u2029', 'P']]);

function writeDouble(page: Page, text: string, indent: number, isKey: boolean): void {
	const characters = [...text];
	// kubectl's writer asks whether the text begins so, at each character.
	const isMarked = text.startsWith('\uFEFF');
	let afterSpace = false;
	page.put('"');
	for (const [index, character] of characters.entries()) {
		if (isMarked || character === '"' || character === '\\' || character === '\n' || isBroken(character) || unprintable.test(character)) {
			page.put(`\\${escapes.get(character) ?? coded(character.codePointAt(0)!)}`);
			afterSpace = false;
		} else if (character === ' ' && !isKey && !afterSpace && page.column > longestLine && index > 0 && index < characters.length - 1) {
			page.newLine(indent);
			page.put(characters[index + 1] === ' ' ? '\\' : '');
			afterSpace = true;
		} else {
			page.putOne(character);
			afterSpace = character === ' ';
		}
	}

	page.put('"');
}

function coded(point: number): string {
	const [sign, width] = point <= 0xFF ? ['x', 2] as const : point <= 0xFF_FF ? ['u', 4] as const : ['U', 8] as const;
	return sign + point.toString(16).toUpperCase().padStart(width, '0');
}
