/** Reset sequences for the modes that output changed, with the output split at any byte. */
import test from 'ava';
import {TerminalModes} from '../../source/terminal/terminal-modes.ts';

const rows: ReadonlyArray<[title: string, output: string, undo: string]> = [
	['plain text needs no reset', 'ls\r\nfile\r\n', ''],
	['modes that the program resets itself need no reset', '\u001B[?1049h\u001B[?25l\u001B[1;31mx\u001B[0m\u001B[?25h\u001B[?1049l', ''],
	['a hidden cursor is shown again', '\u001B[?25l', '\u001B[?25h'],
	['the alternate screen is left last', '\u001B[?1049h\u001B[?2004h', '\u001B[?2004l\u001B[?1049l'],
	['several modes in one sequence are reset', '\u001B[?1000;1006h', '\u001B[?1000l\u001B[?1006l'],
	['colors are reset', '\u001B[31mred', '\u001B[0m'],
	['line drawing and shifts are reset', '\u001B(0\u000E', '\u001B(B\u000F'],
	['a scroll region is reset without moving the cursor', '\u001B[2;5r', '\u001B7\u001B[r\u001B8'],
	['keyboard protocols are popped as often as pushed', '\u001B[>1u\u001B[>3u\u001B[<u', '\u001B[<1u'],
	['an unterminated title is terminated', '\u001B]0;half', '\u001B\\'],
	['an incomplete sequence is canceled', '\u001B[3', '\u0018'],
	['a full reset needs no further reset', '\u001B[?1049h\u001B[31m\u001Bc', ''],
	['modes without a default are not reset', '\u001B[?12h\u001B[20h', ''],
];

for (const [title, output, undo] of rows) {
	test(title, t => {
		const bytes = Buffer.from(output);
		for (let cut = 0; cut <= bytes.length; cut++) {
			const modes = new TerminalModes();
			modes.watch(bytes.subarray(0, cut));
			modes.watch(bytes.subarray(cut));
			t.is(modes.undo(), undo, `split at ${cut}`);
			t.is(modes.undo(), '');
		}
	});
}
