/** Search in a text. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {reduceSession} from '../../../source/session/frame/session-reducer.ts';
import {emptySession, type Layer} from '../../../source/session/frame/session-state.ts';
import {nextFound, searchProblem, searchText} from '../../../source/session/text/text-search.ts';

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
