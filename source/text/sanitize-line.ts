/** Untrusted text within lines of spoke. */
import {unsafeCharacters, sanitize} from './sanitize.ts';

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
