import test from 'ava';
import {showsUnicode, toTerminalCharset} from '../../../source/base/text/terminal-charset.ts';

const terminal = {isTTY: true};
const words = 'the node’s “proxy” → 10250 … ≥ 3 × ✓ ✗ · §2 ━╍┈► Müller';

test('a terminal without UTF-8 gets symbols in ASCII and letters unchanged', t => {
	t.is(toTerminalCharset(terminal, words, {LANG: 'C'}, 'linux'), 'the node\'s "proxy" -> 10250 ... >= 3 x + x - section 2 =~.> Müller');
});

test('a file, a pipe and a UTF-8 terminal get symbols unchanged', t => {
	t.is(toTerminalCharset({}, words, {LANG: 'C'}, 'linux'), words);
	t.is(toTerminalCharset({isTTY: false}, words, {LANG: 'C'}, 'linux'), words);
	t.is(toTerminalCharset(terminal, words, {LANG: 'de_DE.UTF-8'}, 'linux'), words);
	t.is(toTerminalCharset(terminal, words, {LC_ALL: 'C.utf8', LANG: 'C'}, 'linux'), words);
});

test('LC_ALL precedes LC_CTYPE and LANG, and macOS defaults to UTF-8', t => {
	t.false(showsUnicode({LC_ALL: 'C', LC_CTYPE: 'C.UTF-8', LANG: 'C.UTF-8'}, 'linux'));
	t.true(showsUnicode({LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C'}, 'linux'));
	t.false(showsUnicode({}, 'linux'));
	t.true(showsUnicode({}, 'darwin'));
});

test('TERM and SPOKE_GLYPHS override the locale', t => {
	t.false(showsUnicode({LANG: 'C.UTF-8', TERM: 'linux'}, 'linux'));
	t.false(showsUnicode({LANG: 'C.UTF-8', TERM: 'dumb'}, 'darwin'));
	t.false(showsUnicode({LANG: 'C.UTF-8', SPOKE_GLYPHS: 'ascii'}, 'linux'));
	t.true(showsUnicode({LANG: 'C', SPOKE_GLYPHS: 'unicode'}, 'linux'));
});
