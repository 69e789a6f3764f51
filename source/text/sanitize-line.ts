/** Cluster text as one line that a terminal cannot be moved by. */
import {unsafeCharacters, sanitize} from './sanitize.ts';

/** `text` with line breaks shown as `⏎` and everything else as `sanitise` gives it, without colours. */
export function sanitizeLine(text: string): string {
	return sanitize(text.trimEnd(), {colors: 'strip'}).replaceAll(/\r?\n/g, ' ⏎ ');
}

const unsafePattern = new RegExp(unsafeCharacters, 'u');

/** A part of a line on its way to the screen, with nothing in it that could move the cursor. What is harmless stays as it is, blanks included. */
export function escapeControls(text: string): string {
	return unsafePattern.test(text) ? sanitize(text).replaceAll(/\r?\n/g, ' ⏎ ').replaceAll('\t', '  ') : text;
}

/** Several lines stay several. */
export function sanitizeText(text: string): string {
	return sanitize(text).replaceAll('\r\n', '\n').replaceAll('\t', '  ');
}
