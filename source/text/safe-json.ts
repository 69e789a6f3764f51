/** JSON that is safe on a terminal. */
import {unsafeCharacters} from './sanitize.ts';

/** Also escapes what `sanitize` would make visible, in addition to the controls below U+0020. */
export function toSafeJson(value: object): string {
	return escapeUnsafeCharacters(JSON.stringify(value));
}

/** For JSON that is built from parts. */
export function escapeUnsafeCharacters(json: string): string {
	return json.replaceAll(unsafeCharacters, found => Array.from({length: found.length}, (_, at) => escapeUnit(found[at]!)).join(''));
}

/** One UTF-16 unit. */
function escapeUnit(unit: string): string {
	return `\\u${unit.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}
