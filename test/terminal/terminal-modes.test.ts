/** Only what was changed and not changed back is undone, wherever the output was cut. */
import test from 'ava';
import {TerminalModes} from '../../source/terminal/terminal-modes.ts';

const rows: ReadonlyArray<[title: string, output: string, undo: string]> = [
	['plain text changes nothing', 'ls\r\nfile\r\n', ''],
	['what a program undoes itself stays undone', '\u001B[?1049h\u001B[?25l\u001B[1;31mx\u001B[0m\u001B[?25h\u001B[?1049l', ''],
	['a hidden cursor is shown', '\u001B[?25l', '\u001B[?25h'],
	['the alternate screen is left last', '\u001B[?1049h\u001B[?2004h', '\u001B[?2004l\u001B[?1049l'],
	['several modes in one sequence', '\u001B[?1000;1006h', '\u001B[?1000l\u001B[?1006l'],
	['colour ends', '\u001B[31mred', '\u001B[0m'],
	['line drawing and shifts end', '\u001B(0\u000E', '\u001B(B\u000F'],
	['a scroll region goes, the cursor stays', '\u001B[2;5r', '\u001B7\u001B[r\u001B8'],
	['keyboard protocols are popped as often as pushed', '\u001B[>1u\u001B[>3u\u001B[<u', '\u001B[<1u'],
	['a title that never ends is ended', '\u001B]0;half', '\u001B\\'],
	['a sequence that was cut is cancelled', '\u001B[3', '\u0018'],
	['a full reset undoes all', '\u001B[?1049h\u001B[31m\u001Bc', ''],
	['modes that rest nowhere are left alone', '\u001B[?12h\u001B[20h', ''],
];

for (const [title, output, undo] of rows) {
	test(title, t => {
		const bytes = Buffer.from(output);
		for (let cut = 0; cut <= bytes.length; cut++) {
			const modes = new TerminalModes();
			modes.watch(bytes.subarray(0, cut));
			modes.watch(bytes.subarray(cut));
			t.is(modes.undo(), undo, `cut at ${cut}`);
			t.is(modes.undo(), '');
		}
	});
}
