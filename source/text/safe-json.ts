/** JSON that a terminal cannot be moved or fooled by. */
import {unsafeCharacters} from './sanitize.ts';

/** JSON escapes control characters below U+0020 by itself; here everything else is escaped as well that `sanitise` would make visible. */
export function toSafeJson(value: object): string {
	return escapeUnsafeCharacters(JSON.stringify(value));
}

/** For JSON that is put together from pieces. */
export function escapeUnsafeCharacters(json: string): string {
	return json.replaceAll(unsafeCharacters, found => Array.from({length: found.length}, (_, at) => escapeUnit(found[at]!)).join(''));
}

/** One UTF-16 unit. */
function escapeUnit(unit: string): string {
	return `\\u${unit.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}
