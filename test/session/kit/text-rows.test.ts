/** Screen lines as copied text. */
import test from 'ava';
import {formatCopiedLines, nextFound, searchProblem, searchText, wrappingOf} from '../../../source/session/kit/text-rows.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {reduceSession, type SessionEvent} from '../../../source/session/frame/session-reducer.ts';
import {emptySession, type Layer} from '../../../source/session/frame/session-state.ts';

test('a label precedes its text, and a continuation line is indented', t => {
	t.is(
		formatCopiedLines(
			[
				{label: 'Node', text: 'n1'},
				{text: 'Containers', rule: true},
				{label: 'app   ', text: 'running'},
				{label: '', text: 'image a:1', indent: 12},
				{text: 'plain'},
			],
			0,
		),
		'Node: n1\n\nContainers\napp: running\n  image a:1\nplain',
	);
});

const lines = ['kind: Pod', 'image: web', 'Image: db', 'IMAGE'].map(text => ({text, asIs: true}) as const);

const find = (text: string, {regex = false, from = 0} = {}) => searchText(lines, {text, regex}, from);

for (const [text, regex, found] of [
	['image', false, [1, 2, 3]],
	['Image', false, [2]],
	['.', false, []],
	[':', false, [0, 1, 2]],
	['^i', true, [1, 2, 3]],
	['web|Pod$', true, [0, 1]],
	['(', true, []],
] as const) {
	test(`the ${regex ? 'regular expression' : 'text'} ${text} matches ${found.length === 0 ? 'no line' : `lines ${found.join(', ')}`}`, t => {
		t.deepEqual(find(text, {regex})!.found, found);
	});
}

test('a search includes labels', t => {
	t.deepEqual(
		searchText(
			[
				{label: 'Node', text: 'n1'},
				{text: 'node-2', rule: true},
			],
			{text: 'node', regex: false},
			0,
		)!.found,
		[0, 1],
	);
});

test('a search starts at the visible line and wraps around', t => {
	const search = find('image', {from: 2})!;
	t.is(search.at, 2);
	t.is(find('pod', {from: 2})!.at, 0);
	t.deepEqual(
		[nextFound(search, 1), nextFound({...search, at: 3}, 1), nextFound(search, -1), nextFound({...search, at: 1}, -1)],
		[3, 1, 1, 3],
	);
	t.is(nextFound(find('nothing')!, 1), null);
});

test('an empty search is none, and an invalid one is reported as in lists and tails', t => {
	t.is(find(''), null);
	t.is(searchProblem({text: '(', regex: false}), null);
	t.is(searchProblem({text: '(', regex: true}), 'invalid regular expression: unterminated group');
});

test('a search with endless backtracking finds nothing', t => {
	const began = performance.now();
	t.deepEqual(searchText([{text: `${'a'.repeat(60)}!`}], {text: '(a+)+$', regex: true}, 0)!.found, []);
	t.true(performance.now() - began < 5000);
});

test('a refreshed text is searched again', t => {
	const layer: Layer = {
		kind: 'text',
		id: 'text-1',
		title: 'YAML',
		subject: 'pod/web',
		status: '',
		lines,
		top: 0,
		keyContext: 'details',
		copy: '',
		command: null,
		busy: false,
		search: find('image', {from: 2}),
	};
	const pushed = reduceSession(emptySession(clusterState(null), {columns: 80, rows: 24}, 0), {type: 'push', layer});
	const {
		layers: [now],
	} = reduceSession(pushed, {type: 'fill-text', id: 'text-1', to: {lines: [...lines.slice(0, 2), {text: 'new'}, ...lines.slice(2)]}});
	t.deepEqual(now?.kind === 'text' && now.search, {text: 'image', regex: false, found: [1, 3, 4], at: 3});
});

const text: Layer = {
	kind: 'text',
	title: 'YAML',
	subject: 'pod/web',
	status: '',
	lines: [],
	top: 3,
	keyContext: 'yaml',
	copy: '',
	command: null,
	busy: false,
};
const wrap: SessionEvent = {type: 'wrap'};

const move = (left: number): SessionEvent => ({type: 'layer', to: {left}});

const push = (layer: Layer): SessionEvent => ({type: 'push', layer});

for (const [what, events, isCut, left] of [
	['a text is wrapped when it is opened', [push(text)], false, 0],
	['wrap cuts what is wrapped', [push(text), wrap], true, 0],
	['wrap twice is as before', [push(text), wrap, wrap], false, 0],
	['what is moved sideways is cut meanwhile', [push(text), move(20)], true, 20],
	['moved back it is wrapped again', [push(text), move(20), move(0)], false, 0],
	['wrap wraps what is moved, from its beginning', [push(text), move(20), wrap], false, 0],
	['wrap wraps what is cut and moved', [push(text), wrap, move(20), wrap], false, 0],
	['a text that is opened later is cut as the one before', [push(text), wrap, {type: 'pop'}, push({...text, title: 'Details'})], true, 0],
	['and so is a why', [push(text), wrap, push({kind: 'why', about: 'pod/web', path: null, error: null, entry: null, top: 0})], true, 0],
	['how far it is moved is each one’s own', [push(text), wrap, move(40), push({kind: 'messages', top: 0})], true, 0],
	[
		'on the way back from it the text is where it was',
		[push(text), wrap, move(40), push({kind: 'messages', top: 0}), {type: 'pop'}],
		true,
		40,
	],
] as ReadonlyArray<readonly [string, readonly SessionEvent[], boolean, number]>) {
	test(what, t => {
		let state = emptySession(clusterState(null), {columns: 80, rows: 24}, 0);
		for (const event of events) {
			state = reduceSession(state, event);
		}

		t.deepEqual(wrappingOf(state, state.layers.at(-1)), {isCut, left});
	});
}
