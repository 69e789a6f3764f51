/** Width and truncation of text. */
import test from 'ava';
import {cellWidth, truncateToCells, fitToCells, wrapCommand, wrapText} from '../../../source/base/text/cell-width.ts';

test('wide characters take two cells, marks and colors none', t => {
	t.is(cellWidth('abc'), 3);
	t.is(cellWidth('日本'), 4);
	t.is(cellWidth('e\u0301'), 1);
	t.is(cellWidth('\u001B[31mred\u001B[0m'), 3);
});

test('truncateToCells truncates between characters and adds a mark', t => {
	t.is(truncateToCells('abcdef', 6), 'abcdef');
	t.is(truncateToCells('abcdefg', 6), 'abcde…');
	t.is(truncateToCells('日本語', 5), '日本…');
	t.is(truncateToCells('日本語', 6), '日本語');
	t.is(truncateToCells('日本語', 4), '日…');
	t.is(truncateToCells('abc', 0), '');
	t.is(truncateToCells('e\u0301e\u0301e\u0301', 2), 'e\u0301…');
});

test('fitToCells returns exactly the given width', t => {
	for (const text of ['', 'a', 'abcdefghij', '日本語日本語', 'a日b本c語', 'e\u0301'.repeat(9), '❤️❤️❤️❤️']) {
		for (let cells = 1; cells < 12; cells++) {
			t.is(cellWidth(fitToCells(text, cells)), cells, `${text} in ${cells}`);
		}
	}
});

test('wrapText keeps flag and value, quotes and brackets together', t => {
	t.deepEqual(wrapText('it needs --probe active, or not', 14), ['it needs', '--probe active,', 'or not']);
	t.deepEqual(wrapText('run `spoke help me` now', 12), ['run', '`spoke help me`', 'now']);
	t.deepEqual(wrapText('x [--port PORT | -u FILE] y', 10), ['x', '[--port PORT | -u FILE]', 'y']);
	t.deepEqual(wrapText('', 10), ['']);
});

test('wrapCommand returns one shell command', t => {
	t.deepEqual(wrapCommand('a b', 3), ['a b']);
	t.deepEqual(wrapCommand('spoke logs --tail 20 web', 20), ['spoke logs \\', '  --tail 20 web']);
});
