/** A notice for the person, as one line that no cluster's word can break out of. */
import {toTerminalCharset} from '../text/terminal-charset.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

/** With its line feed, in the signs that `to` can show. */
export function noticeLine(text: string, to: {readonly isTTY?: boolean | undefined}): string {
	return `${toTerminalCharset(to, sanitizeLine(text))}\n`;
}
