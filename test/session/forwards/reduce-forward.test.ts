/** Rows and notices of forward events. */
import test from 'ava';
import {reduceForward, forwardNotice} from '../../../source/session/forwards/reduce-forward.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {ForwardEvent, ConnectionSnapshot} from '../../../source/streams/port-forward/forward-event.ts';
import type {ForwardState} from '../../../source/session/frame/session-state.ts';
import {toWeb} from '../../support/forward-config.ts';

const row: ForwardState = {
	...toWeb,
	id: 'f',
	context: 'c',
	namespace: 'n',
	remote: '80',
	portName: null,
	local: 8080,
	asked: 'any',
	address: 'localhost',
	port: '8080:80',
	phase: 'open',
	note: 'on web-1',
	podText: 'web-1',
	open: 0,
	closed: 3,
	failed: 1,
	bytesUp: 0,
	bytesDown: 0,
	openConnections: [],
	log: [],
	error: null,
	listenerUsers: null,
};
const live: ConnectionSnapshot = {
	connection: 'f.7',
	client: '127.0.0.1:9',
	pod: 'web-1',
	tunnel: 't1',
	shared: false,
	congested: false,
	up: 1,
	down: 2,
	since: 0,
};
const of = {forward: 'f', connection: 'f.7', tunnel: null} as const;
const counts = {...of, up: 10, down: 2000, durationMs: 1012};
const error = new SpokeError('ERR_STREAM_LOST', 'the pod is gone');

const rows: ReadonlyArray<readonly [event: ForwardEvent, changed: Partial<ForwardState>, line: string | null]> = [
	[{event: 'bound-without', forward: 'f', error}, {}, 'the pod is gone; the forward works without it'],
	[{...of, event: 'connection-opened', client: '', port: 8080, pod: 'web-1', shared: false}, {open: 1}, null],
	[
		{...counts, event: 'connection-closed', activeMs: 12, end: 'pod-fin'},
		{closed: 4, open: 1},
		'#7: closed after 12 ms, by the pod: 10 B sent, 2.0 kB received',
	],
	[
		{...counts, event: 'connection-failed', port: 8080, remotePort: 80, error},
		{failed: 2, open: 1},
		'#7: an error occurred forwarding 8080 -> 80: the pod is gone',
	],
	[
		{...of, event: 'connection-congested'},
		{open: 1},
		'#7: blocked because the local client is not reading; its tunnel accepts no new connections',
	],
	[{...of, event: 'connection-flowing'}, {open: 1}, '#7: no longer blocked'],
	[
		{event: 'moved', forward: 'f', from: {name: 'web-1', uid: null}, to: {name: 'web-2', uid: null}, reason: 'deleted', outageMs: 1240},
		{open: 1, podText: 'web-2', note: 'on web-2'},
		'moved from web-1 to web-2 after 1.2 s: pod was deleted',
	],
	[
		{event: 'interrupted', forward: 'f', error, attempt: 2, retryInMs: 1100},
		{phase: 'working', note: 'the pod is gone · attempt 2'},
		'interrupted: the pod is gone',
	],
	[{event: 'restored', forward: 'f', outageMs: 900}, {}, 'reconnected after 0.9 s'],
	[{event: 'watch-failed', forward: 'f', error, retryInMs: 1100}, {}, 'cannot watch pods: the pod is gone; the forward keeps its pods'],
	[
		{event: 'waiting', forward: 'f', asked: 'svc/web', podCount: 0, timeoutMs: 60_000},
		{note: 'waiting: no pod exists'},
		'waiting: no pod of svc/web exists (for up to 1 min 0 s)',
	],
];

for (const [event, changed, line] of rows) {
	test(`${event.event}: ${line ?? 'logs nothing'}`, t => {
		const {log, openConnections: shown, ...after} = reduceForward(row, event, [live]);
		const {log: _log, openConnections: _live, ...before} = row;
		t.deepEqual(after, {...before, ...changed});
		t.deepEqual(
			shown.map(({connection}) => connection),
			'open' in changed ? ['#7'] : [],
		);
		t.deepEqual(
			log.map(({text}) => text),
			line === null ? [] : [line],
		);
	});
}

test('a ready forward reports its address and users, a move is a warning', t => {
	const ready = {
		event: 'ready',
		forward: 'f',
		target: {name: 'web-1', chosenFrom: 2},
		remotePort: 80,
		remotePortName: 'http',
		host: null,
		carrier: 'websocket',
		listen: [
			{address: '127.0.0.1', port: 8081, family: 'IPv4'},
			{address: '::', port: 8081, family: 'IPv6'},
		],
	} as unknown as ForwardEvent & {event: 'ready'};
	const after = reduceForward({...row, phase: 'working', local: null}, ready, []);
	t.like(after, {phase: 'open', local: 8081, podText: 'web-1, one of 2', note: 'on web-1, one of 2', portName: 'http'});
	t.deepEqual(
		after.log.map(({text}) => text),
		['Forwarding from 127.0.0.1:8081 -> 80, on web-1', 'Forwarding from [::]:8081 -> 80, on web-1'],
	);
	t.deepEqual(forwardNotice(ready, after), {text: 'http://localhost:8081 forwards to web-1'});
	t.is(after.listenerUsers, 'anyone who can reach [::]:8081 can use this forward');
	t.is(reduceForward(row, {...ready, listen: ready.listen.slice(0, 1)}, []).listenerUsers, null);
	t.deepEqual(forwardNotice(rows[6]![0], row), {text: 'http://localhost:8080 moved to web-2: pod was deleted', role: 'warn'});
	t.is(forwardNotice(rows[8]![0], row), null);
});
