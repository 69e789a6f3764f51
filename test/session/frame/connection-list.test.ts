/** The connection list. */
import test from 'ava';
import type {Path, TlsState} from '../../../source/evidence/evidence.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {
	describeOpenConnections,
	reduceConnectionList,
	withoutEnded,
	worstPath,
	type ConnectionEntry,
	type ConnectionList,
	type ConnectionListEvent,
	formatRoundTrips,
	describeRoundTrips,
	type OverdueTimes,
} from '../../../source/session/frame/connection-list.ts';
import {reduceSession, type SessionEvent} from '../../../source/session/frame/session-reducer.ts';
import {emptySession, type ClusterState, type SessionState} from '../../../source/session/frame/session-state.ts';
import {clockTime} from '../../../source/base/text/formats.ts';
import {unicodeGlyphs} from '../../../source/session/kit/theme.ts';
import {pathLineSpansWithEndTime} from '../../../source/session/kit/path-line-spans.ts';

const path = (tls: TlsState, about: Path['about'] = 'open-connection') =>
	({about, legs: [{tls: {state: 'verified'}}, {tls: {state: tls}}]}) as unknown as Path;

const run = (...events: ConnectionListEvent[]): ConnectionList => {
	let connections: ConnectionList = [];
	for (const event of events) {
		connections = reduceConnectionList(connections, event);
	}

	return connections;
};

const open: ConnectionListEvent = {type: 'open', entry: {id: 'tail-1', kind: 'logs', what: 'x', context: 'c', since: 0}};

const worst = (connections: ConnectionList) => worstPath(connections[0]!.paths.values())?.legs[1]?.tls.state;

test('the newest stream is first, and one that opens again keeps its place', t => {
	const of = (id: string): ConnectionListEvent => ({type: 'open', entry: {id, kind: 'logs', what: id, context: 'c', since: 0}});
	t.deepEqual(
		run(of('a'), of('b'), of('c'), of('b')).map(({id}) => id),
		['c', 'b', 'a'],
	);
});

test('an ended stream leaves the list after 30 s, a failed or restarted one stays', t => {
	const stopped = run(open, {type: 'change', id: 'tail-1', to: {phase: 'stopped'}});
	const none = new Set<string>();
	const seen = withoutEnded(stopped, 1000, none);
	t.is(withoutEnded(seen, 30_000, none), seen);
	t.is(withoutEnded(seen, 31_000, new Set(['tail-1'])).length, 1);
	t.is(withoutEnded(seen, 31_000, none).length, 0);
	const [again] = withoutEnded(reduceConnectionList(seen, {type: 'change', id: 'tail-1', to: {phase: 'open'}}), 31_000, none);
	t.is(again?.endedAt, null);
	t.is(withoutEnded(run(open, {type: 'change', id: 'tail-1', to: {phase: 'failed'}}), 99_000, none).length, 1);
});

test('the cursor stays on its stream when streams come and leave', t => {
	const of = (id: string): SessionEvent => ({
		type: 'connections',
		event: {type: 'open', entry: {id, kind: 'logs', what: id, context: 'c', since: 0}},
	});
	const reduce = (state: SessionState, ...events: readonly SessionEvent[]) => events.reduce(reduceSession, state);
	const two = reduce(emptySession(clusterState(null), {columns: 80, rows: 24}, 0), of('a'), of('b'));
	t.is(two.connectionCursor, 0, 'the newest, until the user moves it');
	const at = reduce(two, {type: 'pane'}, {type: 'cursor', of: 'connections', to: 1}, of('c'));
	t.is(at.connections[at.connectionCursor]?.id, 'a');
	const ended = reduce(
		at,
		...['a', 'c'].map((id): SessionEvent => ({type: 'connections', event: {type: 'change', id, to: {phase: 'stopped'}}})),
	);
	const later = reduce(ended, {type: 'tick', now: 1000}, {type: 'tick', now: 31_000});
	t.deepEqual(
		later.connections.map(({id}) => id),
		['b', 'a'],
	);
	t.is(later.connections[later.connectionCursor]?.id, 'a', 'the selected one stays');
});

test('several streams show the worst TLS state: plain, unverified, unknown, verified', t => {
	const states = (['verified', 'unknown', 'unverified', 'plain'] as const).map((tls, index): ConnectionListEvent[] => [
		{type: 'connected', id: 'tail-1', connection: `c${index}`},
		{type: 'label', connection: `c${index}`, path: path(tls)},
	]);
	for (const [index, expected] of (['verified', 'unknown', 'unverified', 'plain'] as const).entries()) {
		t.is(worst(run(open, ...states.slice(0, index + 1).flat())), expected);
	}
});

test('several streams with the same TLS state show the weakest basis', t => {
	const of = (basis: 'proven' | 'inferred') =>
		({about: 'open-connection', legs: [{tls: {state: 'verified', basis: 'proven'}}, {tls: {state: 'verified', basis}}]}) as unknown as Path;
	for (const bases of [
		['proven', 'inferred'],
		['inferred', 'proven'],
	] as const) {
		t.is(worstPath(bases.map(basis => of(basis)))?.legs[1]?.tls.basis, 'inferred');
	}
});

test('an ended connection shows its label only until another one is known', t => {
	const first: ConnectionListEvent[] = [
		open,
		{type: 'connected', id: 'tail-1', connection: 'c1'},
		{type: 'label', connection: 'c1', path: path('unverified')},
		{type: 'label', connection: 'c1', path: path('unverified', 'ended-connection')},
		{type: 'disconnected', id: 'tail-1', connection: 'c1'},
	];
	t.is(worst(run(...first)), 'unverified');
	const second: ConnectionListEvent[] = [...first, {type: 'connected', id: 'tail-1', connection: 'c2'}];
	t.is(worst(run(...second)), undefined);
	t.is(worst(run(...second, {type: 'label', connection: 'c2', path: path('verified')})), 'verified');
});

test('a connection that ends before its label settles keeps the previous label', t => {
	const checking = (about: Path['about']) => ({...path('unknown', about), phase: 'checking'}) as unknown as Path;
	const before: ConnectionListEvent[] = [
		open,
		{type: 'connected', id: 'tail-1', connection: 'c1'},
		{type: 'label', connection: 'c1', path: path('unverified', 'ended-connection')},
		{type: 'disconnected', id: 'tail-1', connection: 'c1'},
	];
	const tried: ConnectionListEvent[] = [
		...before,
		{type: 'connected', id: 'tail-1', connection: 'c2'},
		{type: 'label', connection: 'c2', path: checking('open-connection')},
	];
	t.is(worst(run(...tried)), 'unknown');
	t.is(
		worst(
			run(
				...tried,
				{type: 'label', connection: 'c2', path: checking('ended-connection')},
				{type: 'disconnected', id: 'tail-1', connection: 'c2'},
			),
		),
		'unverified',
	);
});

test('of several ended connections, the settled label stays', t => {
	const silent = {...path('unknown', 'ended-connection'), phase: 'checking'} as unknown as Path;
	const ended = {...path('unverified', 'ended-connection'), phase: 'failed'} as unknown as Path;
	const both: ConnectionListEvent[] = [
		open,
		{type: 'connected', id: 'tail-1', connection: 'c1'},
		{type: 'connected', id: 'tail-1', connection: 'c2'},
	];
	const over = (connection: string, of: Path): ConnectionListEvent[] => [
		{type: 'label', connection, path: of},
		{type: 'disconnected', id: 'tail-1', connection},
	];
	t.is(worst(run(...both, ...over('c2', silent), ...over('c1', ended))), 'unverified');
	t.is(worst(run(...both, ...over('c1', ended), ...over('c2', silent))), 'unverified');
	t.is(
		worst(
			run(
				...both,
				{type: 'label', connection: 'c2', path: silent},
				{type: 'label', connection: 'c1', path: ended},
				{type: 'disconnected', id: 'tail-1', connection: 'c2'},
				{type: 'disconnected', id: 'tail-1', connection: 'c1'},
			),
		),
		'unverified',
	);
	t.is(
		worst(
			run(
				...both,
				{type: 'label', connection: 'c1', path: ended},
				{type: 'label', connection: 'c2', path: silent},
				{type: 'disconnected', id: 'tail-1', connection: 'c1'},
				{type: 'disconnected', id: 'tail-1', connection: 'c2'},
			),
		),
		'unverified',
	);
});

test('the confirmation names what leaving disconnects, without tails', t => {
	t.is(describeOpenConnections(run(open)), null);
	t.is(
		describeOpenConnections(
			run(
				open,
				{type: 'open', entry: {id: 'f1', kind: 'forward', what: '', context: '', since: 0}},
				{type: 'open', entry: {id: 'f2', kind: 'forward', what: '', context: '', since: 0}},
				{type: 'open', entry: {id: 'p', kind: 'proxy', what: '', context: '', since: 0}},
			),
		),
		'2 forwards and 1 local API proxy',
	);
});

test('the worst path of a context is not that of another', t => {
	const of = (context: string, tls: TlsState) => ({...path(tls), cluster: {context}}) as Path;
	const paths = [of('eu', 'unverified'), of('us', 'verified'), null];
	t.is(worstPath(paths)?.cluster.context, 'eu');
	t.is(worstPath(paths, 'us')?.legs[1]?.tls.state, 'verified');
	t.is(worstPath(paths, 'asia'), null);
});

test('the keys return to the view when the last connection closes', t => {
	const open: SessionEvent = {
		type: 'connections',
		event: {type: 'open', entry: {id: 'a', kind: 'logs', what: 'a', context: 'c', since: 0}},
	};
	const empty = emptySession(clusterState(null), {columns: 80, rows: 24}, 0);
	const focused = [open, {type: 'pane'} as const].reduce(reduceSession, empty);
	t.is(focused.pane, 'connections');
	t.is(reduceSession(focused, {type: 'connections', event: {type: 'close', id: 'a'}}).pane, 'main');
});

const changedPath = (tls: TlsState, phase: Path['phase'] = 'settled', context = 'c') =>
	({
		about: 'open-connection',
		phase,
		cluster: {context},
		process: {id: null},
		legs: [{tls: {state: 'verified'}}, {tls: {state: tls}}],
	}) as unknown as Path;

const connections = (event: Extract<SessionEvent, {type: 'connections'}>['event']): SessionEvent => ({type: 'connections', event});

const change = (to: Partial<ConnectionEntry>) => connections({type: 'change', id: 'f-1', to});

const label = (tls: TlsState, phase?: Path['phase']) => connections({type: 'label', connection: 'c', path: changedPath(tls, phase)});
const labelOfOther = connections({type: 'label', connection: 'd', path: changedPath('unverified', 'settled', 'd')});
const opened = connections({type: 'open', entry: {id: 'f-1', kind: 'forward', what: ':1 → pod/x:80', context: 'c', since: 0}});
const connected = connections({type: 'connected', id: 'f-1', connection: 'c'});
const openEntry = change({phase: 'open', note: ''});
const lost = change({phase: 'working', note: 'No agent available · try 1 in 1 s'});

const cases: ReadonlyArray<readonly [title: string, events: readonly SessionEvent[], said: readonly string[]]> = [
	['a first opening has no message', [opened, openEntry], []],
	['further attempts have no message', [opened, lost, change({note: 'try 2'})], []],
	[
		'a failure has one message, with its reason',
		[opened, openEntry, lost, change({note: 'try 2'}), change({note: 'try 3'})],
		['forward :1 → pod/x:80: No agent available · try 1 in 1 s'],
	],
	[
		'a recovery has a message',
		[opened, openEntry, lost, openEntry],
		['forward :1 → pod/x:80: No agent available · try 1 in 1 s', 'forward :1 → pod/x:80: reconnected'],
	],
	['a stream that the user stopped has no message', [opened, openEntry, change({phase: 'stopped', note: 'stopped by you'}), openEntry], []],
	['a first label has no message', [opened, connected, label('unknown'), label('unverified')], []],
	[
		'a worse label has a message',
		[opened, connected, label('verified'), label('unverified')],
		['forward :1 → pod/x:80: unverified now, was verified'],
	],
	[
		'the path of another cluster is no change',
		[opened, connected, label('verified'), connections({type: 'connected', id: 'f-1', connection: 'd'}), labelOfOther, label('unverified')],
		['forward :1 → pod/x:80: unverified now, was verified on c'],
	],
	['a refusal after an unsettled label has no message', [opened, connected, label('verified', 'checking'), label('refused', 'failed')], []],
	['a better label has no message', [opened, connected, label('plain'), label('verified')], []],
	['a label that becomes unknown has no message', [opened, connected, label('verified'), label('unknown')], []],
];
for (const [title, events, said] of cases) {
	test(title, t => {
		const state = runChanges(events);
		t.deepEqual(
			state.messages.map(({text}) => text),
			said,
		);
		t.is(state.connections[0]!.changedAt, said.length > 0 ? 1000 : null);
		t.is(state.notice?.text, said[0]);
	});
}

test('a change of the tail on top shows no notice, but is kept in the messages', t => {
	const layered: SessionEvent = {type: 'push', layer: {kind: 'tail', id: 'f-1', line: null}};
	const state = runChanges([opened, openEntry, layered, lost]);
	t.is(state.notice, null);
	t.is(state.messages.length, 1);
});

test('a message names the context and namespace if they are not the current ones', t => {
	const here = {context: 'prod', namespace: 'web'};
	t.deepEqual(
		runChanges([opened, openEntry, lost], here).messages.map(({text}) => text),
		['forward :1 → pod/x:80 on c: No agent available · try 1 in 1 s'],
	);
	const inDemo = connections({type: 'open', entry: {id: 'f-1', kind: 'logs', what: 'pod/x', context: 'prod', namespace: 'demo', since: 0}});
	t.deepEqual(
		runChanges([inDemo, connected, label('verified'), label('unverified')], here).messages.map(({text}) => text),
		['logs demo/pod/x: unverified now, was verified'],
	);
});

function runChanges(
	events: readonly SessionEvent[],
	cluster: Pick<ClusterState, 'context' | 'namespace'> = {context: 'c', namespace: null},
) {
	let state = emptySession(cluster as ClusterState, {columns: 80, rows: 24}, 1000);
	for (const event of events) {
		state = reduceSession(state, event);
	}

	return state;
}

const words = (websocket: number | null, runtime: number | null) => describeRoundTrips({rttMs: {websocket, runtime}} as Path);

test('an ended connection shows its last round-trip times and its end time', t => {
	const time = '2026-11-26T13:48:31Z';
	const path = {
		about: 'ended-connection',
		time,
		phase: 'settled',
		target: {kind: 'Pod', name: 'web', node: 'n1', container: null},
		process: {id: null},
		rttMs: {websocket: 1.6, runtime: 9},
		legs: [
			{n: 1, to: 'apiserver', tls: {state: 'verified', basis: 'proven'}, route: {state: 'direct', basis: 'proven'}},
			{n: 2, to: 'kubelet', tls: {state: 'verified', basis: 'proven'}, route: {state: 'direct', basis: 'proven'}},
		],
	} as unknown as Path;
	const shown = (one: Path, width: number) =>
		pathLineSpansWithEndTime(one, width, unicodeGlyphs, null)
			.map(({text}) => text)
			.join('');
	t.is(describeRoundTrips(path), 'was 1.6 ms to the end of the WebSocket · 9.0 ms to the runtime');
	t.is(shown(path, 80), `ended ${clockTime(time)}  you ━ verified ━► apiserver ━ direct ━ verified ━► kubelet n1`);
	t.true(shown(path, 38).length <= 38);
	t.regex(shown(path, 38), /^ended \S+ {2}.*━ verified/);
	t.notRegex(shown({...path, about: 'open-connection'}, 80), /ended/);
	t.is(describeRoundTrips({...path, rttMs: {websocket: null, runtime: null}}), '');
});

test('each measured round trip is shown with its far end', t => {
	t.is(words(4.06, 11), '4.1 ms to the end of the WebSocket · 11.0 ms to the runtime');
	t.is(words(null, 11), '11.0 ms to the runtime');
	t.is(words(16_714.1, 16_714.7), '16.7 s to the end of the WebSocket · 16.7 s to the runtime');
	t.is(words(null, null), '');
});

const waiting: ReadonlyArray<readonly [title: string, rttMs: Path['rttMs'], overdue: OverdueTimes, long: string, short: string]> = [
	[
		'no end responds, and measured times are not shown as current',
		{websocket: 1.6, runtime: 9},
		{websocket: 8400, runtime: 8100},
		'no response for 8 s',
		'no response for 8 s',
	],
	[
		'the end of the WebSocket responds, and the runtime does not',
		{websocket: 1.6, runtime: 9},
		{websocket: null, runtime: 72_300},
		'1.6 ms to the end of the WebSocket · over 1 min 12 s to the runtime',
		'rtt 1.6 ms/over 1 min 12 s',
	],
	[
		'the runtime responds, and the end of the WebSocket does not',
		{websocket: 1.6, runtime: 9},
		{websocket: 12_000, runtime: null},
		'over 12 s to the end of the WebSocket · 9.0 ms to the runtime',
		'rtt over 12 s/9 ms',
	],
	[
		'no ping was ever answered with a pong',
		{websocket: null, runtime: null},
		{websocket: 30_000, runtime: 30_000},
		'no response for 30 s',
		'no response for 30 s',
	],
	[
		'the only end does not respond',
		{websocket: 4.06, runtime: null},
		{websocket: 5000, runtime: null},
		'no response for 5 s',
		'no response for 5 s',
	],
	[
		'both ends respond',
		{websocket: 1.6, runtime: 9},
		{websocket: null, runtime: null},
		'1.6 ms to the end of the WebSocket · 9.0 ms to the runtime',
		'rtt 1.6/9 ms',
	],
];

for (const [title, rttMs, overdue, long, short] of waiting) {
	test(title, t => {
		const path = {about: 'open-connection', rttMs} as Path;
		t.deepEqual([describeRoundTrips(path, overdue), formatRoundTrips(path, overdue)], [long, short]);
	});
}
