/** A line at a time, as a cooked terminal takes it. */
import test from 'ava';
import {LineEditor} from '../../source/terminal/line-editor.ts';

const cases: ReadonlyArray<readonly [title: string, typed: string, send: string, echo: string, more?: {isEnd?: true; isInterrupt?: true}]> =
	[
		['a line goes at its end', 'hi\r', 'hi\n', 'hi\r\n'],
		['nothing goes before', 'hi', '', 'hi'],
		['what was erased does not go', 'helllo\u007F\bo\r', 'hello\n', 'helllo\b \b\b \bo\r\n'],
		['nothing can be erased before the line', '\u007F\r', '\n', '\r\n'],
		['a whole line is dropped', 'rm x\u0015ls\r', 'ls\n', 'rm x\b \b\b \b\b \b\b \bls\r\n'],
		['a character of several bytes is erased at once', '\u00E9\u{1F389}\u007F\r', '\u00E9\n', '\u00E9\u{1F389}\b \b\r\n'],
		['arrows are nothing', 'a\u001B[A\u001BOBb\r', 'ab\n', 'ab\r\n'],
		['the end of input in a line sends what is there', 'ab\u0004', 'ab', 'ab'],
		['the end of input on an empty line ends it', '\u0004', '', '', {isEnd: true}],
		['an interrupt leaves', 'a\u0003', '', 'a', {isInterrupt: true}],
	];
for (const [title, typed, send, echo, more] of cases) {
	test(title, t => {
		t.deepEqual(new LineEditor().feed(Buffer.from(typed)), {send, echo, isEnd: false, isInterrupt: false, ...more});
	});
}

test('a character whose bytes come apart is one', t => {
	const typing = new LineEditor();
	const bytes = Buffer.from('\u00E9');
	t.is(typing.feed(bytes.subarray(0, 1)).echo, '');
	t.is(typing.feed(bytes.subarray(1)).echo, '\u00E9');
});
