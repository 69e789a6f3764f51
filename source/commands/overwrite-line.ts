/** A line of a terminal that is drawn again and again. */
import {toTerminalCharset} from '../text/terminal-charset.ts';

export const clearLine = '\r\u001B[K';

/** Cuts to the width, because a line that wraps cannot be cleared. */
export function overwriteLine(terminal: NodeJS.WriteStream, text: string): void {
	const fitting = toTerminalCharset(terminal, text).slice(0, Math.max(0, (terminal.columns || 80) - 1));
	terminal.write(`${clearLine}${fitting}`);
}
