/** A notice as one sanitized line. */
import {toTerminalCharset} from '../text/terminal-charset.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

/** The notice with its line feed, in glyphs that `to` can show. */
export function noticeLine(text: string, to: {readonly isTTY?: boolean | undefined}): string {
	return `${toTerminalCharset(to, sanitizeLine(text))}\n`;
}
