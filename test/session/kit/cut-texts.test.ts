/** Cut texts in a terminal. */
import test from 'ava';
import {searchText, hiddenCells} from '../../../source/session/kit/text-rows.ts';
import type {Layer, TextLine} from '../../../source/session/frame/session-state.ts';
import {leftOfMatch, pageBody, rowOfMatch} from '../../../source/session/text/pager.tsx';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {drawnLines} from '../../support/drawn.ts';

const columns = 24;
const theme = {...plainTheme, glyphs: {...plainTheme.glyphs, more: '…'}};
const screen = {
	state: {
		size: {columns, rows: 24},
		processes: [],
		now: 0,
		isTextCut: true,
		messages: [{time: 0, text: 'one two three four five', role: 'plain', hint: ''}],
	},
	theme,
} as unknown as ScreenInput;

const lines: readonly TextLine[] = [
	{text: '  image: registry/web:1.27', asIs: true, key: [2, 7]},
	{text: 'kind: Pod', asIs: true},
	{text: '日本語日本語日本語日本語日本語', asIs: true},
	{text: 'Events', rule: true},
	{label: 'Pulled', text: 'pulled the image in 3 s'},
	{label: 'Failed', text: 'first\nsecond row of it'},
];

const layer = (left: number, search = ''): Extract<Layer, {kind: 'text'}> => ({
	kind: 'text',
	title: 'YAML',
	subject: 'web',
	status: '',
	lines,
	top: 0,
	left,
	keyContext: 'yaml',
	copy: '',
	command: null,
	busy: false,
	search: searchText(lines, {text: search, regex: false}, 0),
});

test('each line has one row, a cut is marked, and labels stay', async t => {
	t.deepEqual(await drawnLines(screen, pageBody(screen, layer(0))), [
		'   image: registry/web:…',
		' kind: Pod',
		' 日本語日本語日本語日本…',
		'-- Events --------------',
		' Pulled    pulled the …',
		' Failed    first',
		'           second row …',
	]);
});

test('scrolling sideways shows the ends of lines and keeps rules and labels', async t => {
	t.deepEqual(await drawnLines(screen, pageBody(screen, layer(11))), [
		' gistry/web:1.27',
		'',
		' 語日本語日本語日本語',
		'-- Events --------------',
		' Pulled    image in 3 s',
		' Failed',
		'           of it',
	]);
});

test('scrolling sideways stops at the longest line', t => {
	t.is(hiddenCells(screen, lines), 11);
	t.is(hiddenCells(screen, lines.slice(3, 4)), 0, 'a rule is as long as the screen is wide');
});

test('a match is highlighted, and scrolled to if it is not visible', t => {
	const spans = (left: number, search: string) =>
		pageBody(screen, layer(left, search)).flatMap(({spans}) =>
			spans.filter(({role}) => role === 'match' || role === 'match.current').map(({text}) => text),
		);
	t.deepEqual(spans(0, '1.27'), []);
	t.deepEqual(spans(8, '1.27'), ['1.27']);
	t.deepEqual(spans(0, 'kind'), ['kind']);
	t.is(rowOfMatch(screen, layer(0, '1.27'), {isCut: true, left: 0}), 0);
	t.is(leftOfMatch(screen, layer(0, 'kind'), 0), 0);
	const left = leftOfMatch(screen, layer(0, '1.27'), 0);
	t.deepEqual(spans(left, '1.27'), ['1.27']);
	t.is(leftOfMatch(screen, layer(left, 'kind'), left), 0, 'and back');
});

test('a cut message takes one row', async t => {
	t.deepEqual(await drawnLines(screen, pageBody(screen, {kind: 'messages', top: 0, left: 0})), [' 00:00:00  one two thr…']);
	t.deepEqual(await drawnLines(screen, pageBody(screen, {kind: 'messages', top: 0, left: 12})), [' 00:00:00  e four five']);
});
