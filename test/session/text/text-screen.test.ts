/** Text screens. */
import test from 'ava';
import {searchText} from '../../../source/session/text/text-search.ts';
import type {Layer, TextLine} from '../../../source/session/frame/session-state.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import type {RenderInput} from '../../../source/session/kit/render-input.ts';
import type {Line} from '../../../source/session/kit/styled-line.ts';
import {wrapped} from '../../../source/session/kit/text-wrapping.ts';
import {layerRows} from '../../../source/session/text/layer-rows.ts';
import {textLines} from '../../../source/session/kit/text-rows.ts';
import {pageOf, rowOfMatch, textScreen} from '../../../source/session/text/text-screen.ts';

const screenOf = (columns: number, now = 0) =>
	({state: {size: {columns, rows: 24}, processes: [], now}, theme: plainTheme}) as unknown as RenderInput;
const told = ({spans}: Line) =>
	spans.map(({text, role}) => (role === 'match' ? `[${text}]` : role === 'match.current' ? `{${text}}` : text)).join('');
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
		right: 'as read',
		lines,
		top: 0,
		context: 'details',
		copy: '',
		command: null,
		busy: false,
		search: searchText(lines, {text, regex: false}, 0),
	};
}

test('matches are highlighted, even across a cut, and counted', t => {
	const layer = layerOf([asIs('image: one-two'), asIs('kind'), {label: 'Image', text: 'it'}], 'e: one-t');
	const [rule, ...rows] = textScreen(screenOf(12), layer, 5).map(line => told(line));
	t.deepEqual(rows, [' imag{e: one-}', '   {t}wo', ' kind', ' Image     it']);
	t.regex(rule!, /YAML/);
	t.regex(told(textScreen(screenOf(80), layer, 5)[0]!), /match 1 of 1 /);
	t.regex(told(textScreen(screenOf(80), layerOf(layer.lines, 'nowhere'), 5)[0]!), /no match/);
	t.regex(
		told(textScreen(screenOf(80), {...layer, search: searchText(layer.lines, {text: '(', regex: true}, 0)}, 5)[0]!),
		/invalid regular expression: unterminated group/,
	);
	t.regex(told(textScreen(screenOf(80), {...layer, search: null}, 5)[0]!), /as read/);
	t.deepEqual(
		textScreen(screenOf(80), {...layerOf(layer.lines, 'image')}, 5)
			.slice(1)
			.map(line => told(line).trim()),
		['{image}: one-two', 'kind', '[Image]     it', ''],
	);
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
		textScreen(screenOf(80), layer, 22);
	}

	t.true(performance.now() - began < 10_000);
});

test('the number of lines below has thousands separators', t => {
	const screen = {state: {size: {columns: 80, rows: 24}}, theme: plainTheme} as unknown as RenderInput;
	const body = Array.from({length: 5000}, () => ({spans: []}));
	t.regex(
		pageOf(screen, {title: 'Body', right: ''}, body, 0, 20)[0]!
			.spans.map(({text}) => text)
			.join(''),
		/4,981 below/,
	);
});
