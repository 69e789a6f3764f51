/** Lines of styled text. */
import test from 'ava';
import {wrapToWidth} from '../../../source/base/text/cell-width.ts';
import {clipSpans, line, styled} from '../../../source/session/kit/styled-line.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {drawnLines} from '../../support/drawn.ts';

const screenOf = (columns: number) => ({state: {size: {columns, rows: 1}}, theme: plainTheme}) as unknown as ScreenInput;

for (const [hazard, shown] of [
	['\u001B]52;c;cm0gLXJm\u0007', '^[]52;c;cm0gLXJm^G'],
	['\u009B2J', '<U+009B>2J'],
	['a\nb', 'a ⏎ b'],
	['a\tb', 'a  b'],
	['a\rb', 'a^Mb'],
	['\u202Egnp', '<U+202E>gnp'],
] as const) {
	test(`${JSON.stringify(hazard)} in a span is escaped`, async t => {
		const hazardous = [line('x ', styled('state.failed', hazard), ' y')];
		t.deepEqual(await drawnLines(screenOf(40), hazardous), [`x ${shown} y`]);
		t.true((await drawnLines(screenOf(4), hazardous))[0]!.length <= 4);
	});
}

test('long words are broken by cells without loss', t => {
	const text = '漢字かな交じり文のログ行';
	const rows = wrapToWidth(text, 7);
	t.deepEqual(rows, ['漢字か', 'な交じ', 'り文の', 'ログ行']);
	t.is(wrapToWidth('👩‍💻👩‍💻', 2).join(''), '👩‍💻👩‍💻');
});

const clipped = (width: number, mark: string, ...texts: string[]) =>
	clipSpans(
		texts.map(text => styled(undefined, text)),
		width,
		mark,
	)
		.map(({text}) => text)
		.join('');

test('a cut is marked, even if a span ends at the edge', t => {
	t.is(clipped(6, '…', 'abc', 'def'), 'abcdef');
	t.is(clipped(5, '…', 'abc', 'def'), 'abcd…');
	t.is(clipped(3, '…', 'abc', 'def'), 'ab…');
	t.is(clipped(3, '$', 'abc', '', 'd'), 'ab$');
	t.is(clipped(3, '…', 'abc', ''), 'abc');
	t.is(clipped(4, '…', '日本', '語'), '日…');
	t.is(clipped(3, '', 'abc', 'def'), 'abc');
	t.is(clipped(0, '…', 'abc'), '');
});
