/** A notice as one sanitized line. */
import {toTerminalCharset} from '../text/terminal-charset.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

/** Of stderr, what notices need. */
export type TextStream = {readonly isTTY?: boolean | undefined; write(text: string): unknown};

/** The notice with its line feed, in glyphs that `to` can show. */
export function noticeLine(text: string, to: Pick<TextStream, 'isTTY'>): string {
	return `${toTerminalCharset(to, sanitizeLine(text))}\n`;
}
