/** A notice as one sanitized line. */
import {toTerminalCharset} from '../text/terminal-charset.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

/** With its line feed, in the glyphs that `to` can show. */
export function noticeLine(text: string, to: {readonly isTTY?: boolean | undefined}): string {
	return `${toTerminalCharset(to, sanitizeLine(text))}\n`;
}
