/** Messages about connections. */
import test from 'ava';
import type {Path, TlsState} from '../../../source/evidence/evidence.ts';
import type {ConnectionEntry} from '../../../source/session/frame/connection-list.ts';
import {emptySession, type ClusterState} from '../../../source/session/frame/session-state.ts';
import {reduceSession, type SessionEvent} from '../../../source/session/frame/session-reducer.ts';

const path = (tls: TlsState, phase: Path['phase'] = 'settled', context = 'c') =>
	({
		about: 'open-connection',
		phase,
		cluster: {context},
		process: {id: null},
		legs: [{tls: {state: 'verified'}}, {tls: {state: tls}}],
	}) as unknown as Path;
const connections = (event: Extract<SessionEvent, {type: 'connections'}>['event']): SessionEvent => ({type: 'connections', event});
const change = (to: Partial<ConnectionEntry>) => connections({type: 'change', id: 'f-1', to});
const label = (tls: TlsState, phase?: Path['phase']) => connections({type: 'label', connection: 'c', path: path(tls, phase)});
const labelOfOther = connections({type: 'label', connection: 'd', path: path('unverified', 'settled', 'd')});
const opened = connections({type: 'open', entry: {id: 'f-1', kind: 'forward', what: ':1 → pod/x:80', context: 'c', since: 0}});
const connected = connections({type: 'connected', id: 'f-1', connection: 'c'});
const open = change({phase: 'open', note: ''});
const lost = change({phase: 'working', note: 'No agent available · try 1 in 1 s'});

const cases: ReadonlyArray<readonly [title: string, events: readonly SessionEvent[], said: readonly string[]]> = [
	['a first opening has no message', [opened, open], []],
	['further attempts have no message', [opened, lost, change({note: 'try 2'})], []],
	[
		'a failure has one message, with its reason',
		[opened, open, lost, change({note: 'try 2'}), change({note: 'try 3'})],
		['forward :1 → pod/x:80: No agent available · try 1 in 1 s'],
	],
	[
		'a recovery has a message',
		[opened, open, lost, open],
		['forward :1 → pod/x:80: No agent available · try 1 in 1 s', 'forward :1 → pod/x:80: reconnected'],
	],
	['a stream that the user stopped has no message', [opened, open, change({phase: 'stopped', note: 'stopped by you'}), open], []],
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
		const state = run(events);
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
	const state = run([opened, open, layered, lost]);
	t.is(state.notice, null);
	t.is(state.messages.length, 1);
});

test('a message names the context and namespace if they are not the current ones', t => {
	const here = {context: 'prod', namespace: 'web'};
	t.deepEqual(
		run([opened, open, lost], here).messages.map(({text}) => text),
		['forward :1 → pod/x:80 on c: No agent available · try 1 in 1 s'],
	);
	const inDemo = connections({type: 'open', entry: {id: 'f-1', kind: 'logs', what: 'pod/x', context: 'prod', namespace: 'demo', since: 0}});
	t.deepEqual(
		run([inDemo, connected, label('verified'), label('unverified')], here).messages.map(({text}) => text),
		['logs demo/pod/x: unverified now, was verified'],
	);
});

function run(events: readonly SessionEvent[], cluster: Pick<ClusterState, 'context' | 'namespace'> = {context: 'c', namespace: null}) {
	let state = emptySession(cluster as ClusterState, {columns: 80, rows: 24}, 1000);
	for (const event of events) {
		state = reduceSession(state, event);
	}

	return state;
}
