/** Text screens. */
import test from 'ava';
import {createElement as h} from 'react';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {Page} from '../../../source/session/kit/page.tsx';
import {drawn} from '../../support/drawn.ts';
import {searchText} from '../../../source/session/text/text-search.ts';
import type {Layer, TextLine} from '../../../source/session/frame/session-state.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {line, type Line} from '../../../source/session/kit/styled-line.ts';
import {wrapped} from '../../../source/session/kit/text-wrapping.ts';
import {layerRows} from '../../../source/session/text/layer-rows.ts';
import {textLines} from '../../../source/session/kit/text-rows.ts';
import {rowOfMatch, textBody, TextPage} from '../../../source/session/text/text-page.tsx';

const screenOf = (columns: number, now = 0) =>
	({state: {size: {columns, rows: 24}, processes: [], now}, theme: plainTheme}) as unknown as ScreenInput;
const told = ({spans}: Line) =>
	spans.map(({text, role}) => (role === 'match' ? `[${text}]` : role === 'match.current' ? `{${text}}` : text)).join('');
const drawnScreen: ScreenInput = {
	state: {...emptySession(clusterState(null), {columns: 80, rows: 24}, 0), pageRows: 21},
	theme: plainTheme,
	keymap: new Map(),
	hints: [],
};
const asIs = (text: string): TextLine => ({text, asIs: true});

test('the age of an event grows', t => {
	const at = (now: number) => textLines(screenOf(80, now), [{since: 1000, label: 'Started', text: 'started it'}]).map(line => told(line));
	t.deepEqual(at(3000), [' 2s    Started started it']);
	t.deepEqual(at(43_000), [' 42s   Started started it']);
});

test('a verbatim line keeps its blanks, and continues indented', t => {
	t.deepEqual(
		textLines(screenOf(16), [asIs('  - name: a'), asIs(''), asIs('    value:  1234567890')]).map(line => told(line)),
		['   - name: a', ' ', '     value:  123', '       4567890'],
	);
});

test('wide and combined characters are not split', t => {
	t.deepEqual(
		textLines(screenOf(8), [asIs('日本語日本'), asIs('e\u0301'.repeat(9))]).map(line => told(line)),
		[' 日本語', '   日本', ` ${'e\u0301'.repeat(7)}`, `   ${'e\u0301'.repeat(2)}`],
	);
});

test('a field name has its own role on each of its rows', t => {
	const [row] = textLines(screenOf(80), [{text: '- a/b: a', asIs: true, key: [2, 5]}]);
	t.deepEqual(row!.spans.slice(1), [
		{text: '- ', role: undefined},
		{text: 'a/b', role: 'json.key'},
		{text: ': a', role: undefined},
	]);
});

function layerOf(lines: readonly TextLine[], text: string): Extract<Layer, {kind: 'text'}> {
	return {
		kind: 'text',
		title: 'YAML',
		subject: 'pod/web',
		status: 'as read',
		lines,
		top: 0,
		keyContext: 'details',
		copy: '',
		command: null,
		busy: false,
		search: searchText(lines, {text, regex: false}, 0),
	};
}

test('matches are highlighted, even across a cut, and counted', t => {
	const layer = layerOf([asIs('image: one-two'), asIs('kind'), {label: 'Image', text: 'it'}], 'e: one-t');
	t.deepEqual(
		textBody(screenOf(12), layer).map(line => told(line)),
		[' imag{e: one-}', '   {t}wo', ' kind', ' Image     it'],
	);
	t.deepEqual(
		textBody(screenOf(80), layerOf(layer.lines, 'image')).map(line => told(line).trim()),
		['{image}: one-two', 'kind', '[Image]     it'],
	);
});

test('the title of a text counts its matches, or says why there are none', async t => {
	const layer = layerOf([asIs('image: one-two'), asIs('kind')], 'e: one-t');
	const title = async (of: typeof layer) => (await drawn(drawnScreen, h(TextPage, {layer: of})))[0]!;
	t.regex(await title(layer), /YAML/);
	t.regex(await title(layer), /match 1 of 1 /);
	t.regex(await title(layerOf(layer.lines, 'nowhere')), /no match/);
	t.regex(
		await title({...layer, search: searchText(layer.lines, {text: '(', regex: true}, 0)}),
		/invalid regular expression: unterminated group/,
	);
	t.regex(await title({...layer, search: null}), /as read/);
});

test('the row of a match is the one on which the match starts', t => {
	const lines = [asIs('x'.repeat(30)), asIs(`${'y'.repeat(25)}image`)];
	const layer = layerOf(lines, 'image');
	t.is(rowOfMatch(screenOf(80), layer, wrapped), 1);
	t.is(rowOfMatch(screenOf(11), layer, wrapped), 6);
	t.is(rowOfMatch(screenOf(80), layerOf(lines, 'nowhere'), wrapped), -1);
	const rows = layerRows(screenOf(11), layer);
	t.deepEqual(
		[0, 3, 4, 99].map(top => rows[top]),
		[0, 0, 1, undefined],
	);
});

test('a line of 256 KiB is drawn and searched', t => {
	const layer = layerOf([asIs(`${'{"a":"b"},'.repeat(26_000)}end`)], 'end');
	const began = performance.now();
	for (let frame = 0; frame < 10; frame++) {
		textBody(screenOf(80), layer);
	}

	t.true(performance.now() - began < 10_000);
});

test('a title that is cut keeps a dash between its parts', async t => {
	const page = h(Page, {title: 'Why', after: 'x'.repeat(40), right: 'y'.repeat(40), body: [], top: 0});
	t.regex((await drawn(drawnScreen, page))[0]!, /x - y+\$ -$/);
});

test('a page counts the lines above and below it, and ends with the last one', async t => {
	const body = Array.from({length: 5000}, (_, index) => line(`row ${index}`));
	const page = async (top: number) => drawn(drawnScreen, h(Page, {title: 'Body', right: '', body, top}));
	const first = await page(0);
	t.regex(first[0]!, /4,979 below/);
	t.deepEqual(first.slice(1, 3), ['row 0', 'row 1']);
	const last = await page(9999);
	t.regex(last[0]!, /4,979 above -/);
	t.is(last.at(-1), 'row 4999');
});
