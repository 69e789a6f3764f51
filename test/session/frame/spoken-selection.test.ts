/** The spoken selection. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';
import {listKinds} from '../../../source/session/lists/list-kinds.ts';
import {reduceList} from '../../../source/session/lists/list-state.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {searchText} from '../../../source/session/text/text-search.ts';
import {rowReader} from '../../../source/session/lists/table-rows.ts';
import {emptyTail} from '../../../source/session/tail/tail-view.ts';
import {unicodeGlyphs} from '../../../source/session/kit/glyphs.ts';
import type {RenderInput} from '../../../source/session/kit/render-input.ts';
import {spokenSelection} from '../../../source/session/frame/spoken-selection.ts';
import {spokenText} from '../../../source/session/text/spoken-text.ts';
import {whyBody} from '../../../source/session/why/why.tsx';

const session = emptySession({...clusterState(null), namespace: 'demo', reachable: 'yes'}, {columns: 100, rows: 24}, 60_000);
const screenOf = (parts: object) =>
	({state: session, theme: {glyphs: unicodeGlyphs}, hints: [], keymap: new Map(), ...parts}) as unknown as RenderInput;

/** The pod was read 60 s after 1970 began. */
function saidOfPod(restarts: string): string {
	const read = rowReader(
		listKinds.pods.columns,
		'',
		[
			{name: 'Name', type: 'string', format: 'name', priority: 0},
			{name: 'Restarts', type: 'string', format: '', priority: 0},
		],
		0,
	);
	const pods = reduceList(session.lists.pods, {
		type: 'page',
		chunk: 'pods',
		first: true,
		rows: [read({cells: ['web', restarts], object: null}, 'demo', 60_000)],
	});
	return spokenSelection(screenOf({state: {...session, lists: {...session.lists, pods}}})).join(' ');
}

for (const [restarts, said] of [
	['0', 'web.'],
	['1', 'web, 1 restart.'],
	['3', 'web, 3 restarts.'],
	['1 (5m ago)', 'web, 1 restart, 5m ago.'],
	['8 (3h ago)', 'web, 8 restarts, the last 3h ago.'],
] as const) {
	test(`a pod with RESTARTS ${restarts} is spoken as “${said}”`, t => {
		t.true(saidOfPod(restarts).endsWith(said), saidOfPod(restarts));
	});
}

test('a tail with one error, gap or reconnect is spoken in the singular', t => {
	const tail = {...emptyTail('tail-1', 'pod/web'), counters: {reconnects: 1, possibleGaps: 1, restarts: 0, json: 0}};
	const said = spokenSelection(screenOf({state: {...session, layers: [{kind: 'tail', id: 'tail-1'}]}, tail})).join(' ');
	t.regex(said, /\. 0 errors, 1 possible gap, 1 reconnect\.$/);
});

test('a searched text speaks the match, then the lines from the top row on', t => {
	const lines = ['kind: Pod', `annotation: ${'x'.repeat(250)}`, 'image: web', 'image: db'].map(text => ({text, asIs: true}) as const);
	const layer = {
		kind: 'text',
		title: 'YAML',
		subject: 'pod/web',
		right: '',
		lines,
		top: 2,
		context: 'details',
		copy: '',
		command: null,
		busy: false,
		search: searchText(lines, {text: 'image', regex: false}, 3),
	} as const;
	t.deepEqual(spokenSelection(screenOf({state: {...session, layers: [layer]}})), [
		'YAML of pod/web.',
		'Search for image: match 2 of 2, image: db.',
		'image: web',
		'image: db',
	]);
});

const cited = {evidence: [], need: []};
const path = {
	process: {id: null},
	target: {node: 'n1'},
	evidence: [],
	broken: null,
	legs: [
		{
			n: 2,
			from: 'apiserver',
			to: 'kubelet',
			tls: {...cited, state: 'unverified', basis: 'proven'},
			route: {...cited, state: 'direct', basis: 'inferred', via: null, agent: null},
			peer: null,
		},
	],
};

test('a following tail speaks its path', t => {
	const tail = emptyTail('tail-1', 'pod/web');
	const connections = [{id: 'tail-1', paths: new Map([['one', path]])}];
	t.regex(
		spokenSelection(screenOf({state: {...session, connections, layers: [{kind: 'tail', id: 'tail-1'}]}, tail})).join(' '),
		/Leg 2, apiserver to kubelet n1: unverified, proven; directly, inferred\.$/,
	);
});

test('an ended connection speaks its path as past', t => {
	const connections = [
		{
			id: 'f-1',
			kind: 'forward',
			what: ':1 → pod/x:80',
			phase: 'working',
			note: 'connection refused',
			paths: new Map([['one', {...path, about: 'ended-connection', time: '2026-11-26T13:48:31Z'}]]),
		},
	];
	t.regex(
		spokenSelection(screenOf({state: {...session, connections, pane: 'connections'}})).join(' '),
		/connection refused\. The connection ended \d\d:\d\d:\d\d\. It was: Leg 2, apiserver to kubelet n1: unverified, proven/,
	);
});

test('the help is read key by key, not across columns', async t => {
	const {keymap} = await loadKeymap({});
	const help = {kind: 'help', context: 'pods', top: 0} as const;
	const text = spokenText(screenOf({keymap, state: {...session, size: {columns: 200, rows: 24}}}), help);
	t.true(text.includes('l follow logs'));
	t.true(text.includes('? this help'));
	t.deepEqual(spokenSelection(screenOf({keymap, state: {...session, layers: [{...help, top: text.length - 3}]}})).slice(1), text.slice(-3));
});

test('a why screen without a connection says so, on the screen and spoken', t => {
	const layer = {kind: 'why', about: 'logs pod/web', path: null, error: null, entry: 'tail-1', top: 0} as const;
	const screen = screenOf({
		state: {...session, connections: [{id: 'tail-1', note: 'ImagePullBackOff', paths: new Map()}], layers: [layer]},
	});
	t.true(
		whyBody(screen, layer)
			.map(({spans}) => spans.map(({text}) => text).join(''))
			.some(line => line.includes('No open connection: ImagePullBackOff.')),
	);
	t.regex(spokenSelection(screen).join(' '), /^Why: logs pod\/web\. No open connection: ImagePullBackOff\./);
});
