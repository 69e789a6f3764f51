/** Ink's layout as cells, and the undocumented tree that it is read from. */
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {PassThrough} from 'node:stream';
import test from 'ava';
import {Box, render, Text, type DOMElement} from 'ink';
import {createElement as h, type ReactNode} from 'react';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {Rows, Row} from '../../../source/session/kit/styled-text.tsx';
import {line, styled} from '../../../source/session/kit/styled-line.ts';
import {plainTheme, unicodeGlyphs, type Theme} from '../../../source/session/kit/theme.ts';
import {drawnBytes} from '../../support/drawn.ts';

const theme: Theme = {...plainTheme, sgr: {...plainTheme.sgr, key: '96'}, glyphs: unicodeGlyphs};

const state = emptySession(clusterState(null), {columns: 12, rows: 4}, 0);

const painted = (content: ReactNode) => drawnBytes({state, theme, keymap: new Map(), hints: []}, content);

const rowsOf = (output: string) => [...output.matchAll(/\u001B\[\d+;1H([^\u001B]*)/g)].map(([, text]) => text!.trimEnd());

test('rows are painted into the box that Ink laid out, at its size', t => {
	const shown = painted([
		h(Text, {key: 1}, 'head'),
		h(Rows, {key: 2, draw: ({columns, rows}) => Array.from({length: rows}, (_, index) => line(`${columns}x${rows} ${index}`))}),
		h(Text, {key: 3}, 'foot'),
	]);
	t.deepEqual(rowsOf(shown).slice(0, 4), ['head', '12x2 0', '12x2 1', 'foot']);
});

test('text that does not fit is cut with a mark, and roles become colors', t => {
	t.is(rowsOf(painted(h(Row, line('a text too long'))))[0], 'a text too …');
	t.regex(painted(h(Row, line(styled('key', 'k'), ' ok'))), /\u001B\[0;96mk\u001B\[m ok/);
});

test('a background covers what lies below it', t => {
	const shown = painted([
		h(Rows, {key: 1, draw: () => [line('aaaaaaaaaaaa'), line('bbbbbbbbbbbb')]}),
		h(Box, {key: 2, position: 'absolute', backgroundColor: 'blank', marginLeft: 2, marginTop: 1, width: 4, height: 1}, h(Text, null, 'x')),
	]);
	t.deepEqual(rowsOf(shown).slice(0, 2), ['aaaaaaaaaaaa', 'bbx   bbbbbb']);
});

test('a wrapped text takes the rows that Ink measured', t => {
	t.deepEqual(rowsOf(painted([h(Text, {key: 1}, 'three short words'), h(Text, {key: 2}, 'next')])).slice(0, 3), [
		'three short',
		'words',
		'next',
	]);
});

test('a border is drawn around its box, and a border of one side is a rule', t => {
	const borderStyle = {topLeft: '1', top: '-', topRight: '2', right: '|', bottomRight: '3', bottom: '-', bottomLeft: '4', left: '|'};
	const [borderBottom, borderLeft, borderRight] = [false, false, false];
	const shown = painted([
		h(Box, {key: 1, borderStyle, width: 6}, h(Text, null, 'in')),
		h(Box, {key: 2}, h(Text, null, 'rest '), h(Box, {flexGrow: 1, borderStyle, borderBottom, borderLeft, borderRight})),
	]);
	t.deepEqual(rowsOf(shown), ['1----2', '|in  |', '4----3', 'rest -------']);
});

test('the nodes of Ink have the undocumented members that are read', t => {
	let box: DOMElement | null = null;
	const content = h(
		Box,
		{
			'aria-role': 'list',
			'aria-state': {busy: true},
			ref(node: DOMElement | null) {
				box ??= node;
			},
		},
		h(Text, {color: 'red'}, 'outer ', h(Text, {bold: true}, 'inner')),
	);
	const stdout = Object.assign(new PassThrough(), {columns: 12, rows: 4}) as unknown as NodeJS.WriteStream;
	const ink = render(content, {stdout, interactive: false, patchConsole: false, isScreenReaderEnabled: true});
	const isBox = {nodeName: 'ink-box', style: {flexDirection: 'row'}, internal_accessibility: {role: 'list', state: {busy: true}}};
	t.like(box, isBox);
	const {parentNode, childNodes, yogaNode} = box as unknown as DOMElement;
	t.is(parentNode!.nodeName, 'ink-root');
	t.deepEqual([typeof parentNode!.onRender, typeof parentNode!.onImmediateRender], ['function', 'function']);
	t.is(parentNode!.childNodes.length, 1);
	t.deepEqual(
		[yogaNode!.getComputedLeft(), yogaNode!.getComputedTop(), yogaNode!.getComputedWidth(), yogaNode!.getComputedHeight()],
		[0, 0, 12, 1],
	);
	const [text] = childNodes as DOMElement[];
	t.like(text, {nodeName: 'ink-text', style: {textWrap: 'wrap'}});
	const [outer, inner] = text!.childNodes;
	t.like(outer, {nodeName: '#text', nodeValue: 'outer '});
	t.like(inner, {nodeName: 'ink-virtual-text', childNodes: [{nodeName: '#text', nodeValue: 'inner'}]});
	ink.unmount();
});

test('Ink is pinned to the installed version, and wraps texts with the same package', async t => {
	const {dependencies, devDependencies} = JSON.parse(await readFile('package.json', 'utf8')) as Record<string, Record<string, string>>;
	const ours = createRequire(import.meta.url);
	const ink = ours.resolve('ink');
	const {version} = JSON.parse(await readFile(new URL('../package.json', `file://${ink}`), 'utf8')) as {version: string};
	t.is({...dependencies, ...devDependencies}['ink'], version);
	t.is(createRequire(ink).resolve('wrap-ansi'), ours.resolve('wrap-ansi'));
});
