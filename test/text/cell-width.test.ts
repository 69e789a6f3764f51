/** Width and truncation of text. */
import test from 'ava';
import {cellWidth, truncateToCells, fitToCells} from '../../source/text/cell-width.ts';

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
