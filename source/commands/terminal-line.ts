/** Questions on the terminal. */
import {createInterface} from 'node:readline/promises';
import {toTerminalCharset} from '../base/text/terminal-charset.ts';
import type {Invocation} from './command.ts';

type Terminal = Pick<Invocation, 'stdin' | 'stderr' | 'interrupted'>;

export const clearLine = '\r\u001B[K';

/** `null` without a terminal to ask on. @throws the reason of `interrupted` */
export async function confirm(question: string, {stdin, stderr, interrupted}: Terminal): Promise<boolean | null> {
	if (!stdin.isTTY || !stderr.isTTY) {
		return null;
	}

	// Without `terminal`, Ctrl-C still sends the signal.
	const dialog = createInterface({input: stdin, output: stderr, terminal: false});
	try {
		return /^y(es)?$/i.test((await dialog.question(toTerminalCharset(stderr, `${question} [y/N] `), {signal: interrupted})).trim());
	} finally {
		dialog.close();
	}
}

/** Cuts to the width, because a line that wraps cannot be cleared. */
export function overwriteLine(terminal: NodeJS.WriteStream, text: string): void {
	const fitting = toTerminalCharset(terminal, text).slice(0, Math.max(0, (terminal.columns || 80) - 1));
	terminal.write(`${clearLine}${fitting}`);
}
