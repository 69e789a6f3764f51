/** Line editing like a terminal in canonical mode. */
import test from 'ava';
import {LineEditor} from '../../../source/session/shell/line-editor.ts';

const cases: ReadonlyArray<readonly [title: string, typed: string, send: string, echo: string, more?: {isEnd?: true; isInterrupt?: true}]> =
	[
		['Enter sends the line', 'hi\r', 'hi\n', 'hi\r\n'],
		['an incomplete line is not sent', 'hi', '', 'hi'],
		['erased characters are not sent', 'helllo\u007F\bo\r', 'hello\n', 'helllo\b \b\b \bo\r\n'],
		['erasing stops at the start of the line', '\u007F\r', '\n', '\r\n'],
		['Ctrl-U drops the line', 'rm x\u0015ls\r', 'ls\n', 'rm x\b \b\b \b\b \b\b \bls\r\n'],
		['a character of several bytes is erased as one', '\u00E9\u{1F389}\u007F\r', '\u00E9\n', '\u00E9\u{1F389}\b \b\r\n'],
		['arrow keys are ignored', 'a\u001B[A\u001BOBb\r', 'ab\n', 'ab\r\n'],
		['Ctrl-D in a line sends it', 'ab\u0004', 'ab', 'ab'],
		['Ctrl-D on an empty line ends the input', '\u0004', '', '', {isEnd: true}],
		['Ctrl-C is an interrupt', 'a\u0003', '', 'a', {isInterrupt: true}],
	];
for (const [title, typed, send, echo, more] of cases) {
	test(title, t => {
		t.deepEqual(new LineEditor().feed(Buffer.from(typed)), {send, echo, isEnd: false, isInterrupt: false, ...more});
	});
}

test('a character in split bytes is one character', t => {
	const typing = new LineEditor();
	const bytes = Buffer.from('\u00E9');
	t.is(typing.feed(bytes.subarray(0, 1)).echo, '');
	t.is(typing.feed(bytes.subarray(1)).echo, '\u00E9');
});
