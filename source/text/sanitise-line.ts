/** Cluster text as one line that a terminal cannot be moved by. */
import {sanitise} from './sanitise.ts';

/** `text` with line breaks shown as `⏎` and everything else as `sanitise` gives it, without colours. */
export function sanitiseLine(text: string): string {
	return sanitise(text.trimEnd(), {colours: 'strip'}).replaceAll(/\r?\n/g, ' ⏎ ');
}
