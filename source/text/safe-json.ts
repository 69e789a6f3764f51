/** JSON that is safe on a terminal. */
import {unsafeCharacters} from './sanitize.ts';

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

/** ASCII, and the quotes and the ellipsis of spoke's own texts. */
const safe = /^[ -~‘’“”…]*$/;

function escapeUnit(unit: string): string {
	return `\\u${unit.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}
