/** Text in the syntax of shells, URLs and JSON. */
import {unsafeCharacters} from './sanitize.ts';

/** ASCII, and the quotes and the ellipsis of spoke's own texts. */
const safe = /^[ -~‘’“”…]*$/;

/** Not typed by TypeScript yet. @see https://tc39.es/proposal-json-parse-with-source/ */
const jsonWithSource = JSON as unknown as {
	parse(text: string, reviver: (key: string, value: unknown, context: {source?: string}) => unknown): unknown;
	rawJSON(source: string): object;
	isRawJSON(value: unknown): boolean;
};

export function quoteForShell(text: string): string {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Encodes each byte of the text that is not a `plain` character. */
export function percentEncode(text: string, plain: RegExp): string {
	return [...Buffer.from(text)]
		.map(byte => {
			const character = String.fromCodePoint(byte);
			return plain.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
		})
		.join('');
}

/** Escapes what `sanitize` makes visible. */
export function toSafeJson(value: object): string {
	return escapeUnsafeCharacters(JSON.stringify(value));
}

export function escapeUnsafeCharacters(json: string): string {
	// Most lines are safe, and to build the other pattern takes 0.7 ms.
	return safe.test(json)
		? json
		: json.replaceAll(unsafeCharacters(), found => Array.from({length: found.length}, (_, at) => escapeUnit(found[at]!)).join(''));
}

function escapeUnit(unit: string): string {
	return `\\u${unit.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}

/**
`JSON.stringify` returns every number as written: 64-bit ids, `1.0`, `1e5`.
@throws SyntaxError
*/
export function parseLosslessJson(text: string): unknown {
	return jsonWithSource.parse(text, (_, value, {source}) =>
		typeof value === 'number' && source !== undefined && String(value) !== source ? jsonWithSource.rawJSON(source) : value,
	);
}

export function isLosslessNumber(value: unknown): boolean {
	return typeof value === 'number' || jsonWithSource.isRawJSON(value);
}

export function losslessNumberSource(value: unknown): string {
	return JSON.stringify(value);
}
