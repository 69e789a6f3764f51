/** Shell quoting. */
import {unsafeCharacters} from './sanitize.ts';

/** ASCII, and the quotes and the ellipsis of spoke's own texts. */
const safe = /^[ -~‘’“”…]*$/;

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
