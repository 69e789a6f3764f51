/** Widths without the tables of string-width. */
import test from 'ava';
import stringWidth from 'string-width';
import {isSingleCells, widthOfSingleCells} from '../../../source/base/text/single-cells.ts';

const texts = [
	'',
	'abc ~',
	'┤1 Pods 0…├ ━ direct ╍► ✓ ✗ “x” – ·',
	'\u001B[38;5;242m──\u001B[0m Path \u001B[1;31mto\u001B[m',
	'\u001B[31',
	'a\u001B]8;;https://example.test\u0007b',
	'日本',
	'e\u0301',
	'❤️',
	'\t',
];

test('the width of single cells is that of string-width, and other text has none', t => {
	for (const text of texts) {
		const width = widthOfSingleCells(text);
		t.true(width === undefined || width === stringWidth(text), JSON.stringify(text));
		const counted = widthOfSingleCells(text, {countAnsiEscapeCodes: true});
		t.true(counted === undefined || counted === stringWidth(text, {countAnsiEscapeCodes: true}), JSON.stringify(text));
	}

	t.deepEqual(
		texts.map(text => widthOfSingleCells(text)),
		[0, 5, 35, 10, undefined, undefined, undefined, undefined, undefined, undefined],
	);
});

test('each character of the single cells has the width 1', t => {
	for (let code = 0; code < 0x1_00_00; code++) {
		const character = String.fromCharCode(code);
		if (isSingleCells(character)) {
			t.is(stringWidth(character), 1, code.toString(16));
		}
	}
});
