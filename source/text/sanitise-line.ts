/** Cluster text as one line that a terminal cannot be moved by. */
import {hazard, sanitise} from './sanitise.ts';

/** `text` with line breaks shown as `⏎` and everything else as `sanitise` gives it, without colours. */
export function sanitiseLine(text: string): string {
	return sanitise(text.trimEnd(), {colours: 'strip'}).replaceAll(/\r?\n/g, ' ⏎ ');
}

const hazardous = new RegExp(hazard, 'u');

/** A part of a line on its way to the screen, with nothing in it that could move the cursor. What is harmless stays as it is, blanks included. */
export function harmless(text: string): string {
	return hazardous.test(text) ? sanitise(text).replaceAll(/\r?\n/g, ' ⏎ ').replaceAll('\t', '  ') : text;
}
