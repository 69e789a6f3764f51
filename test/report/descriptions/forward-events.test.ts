/** A one-shot and the session say the same of each forward event. */
import test from 'ava';
import {textReporter} from '../../../source/commands/port-forward/forward-reporter.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {forwardLogLines} from '../../../source/session/forwards/reduce-forward.ts';
import type {ForwardEvent} from '../../../source/streams/port-forward/forward-event.ts';

const connection = {forward: 'f1', connection: 'f1.7', tunnel: 't1'} as const;
const counts = {...connection, up: 10, down: 2000, durationMs: 1012};
const error = new SpokeError('ERR_SECOND_LEG', 'no agent is connected', {text: 'No agent available'});
const ready = {
	event: 'ready',
	forward: 'f1',
	target: {name: 'web-1', chosenFrom: 2},
	remotePort: 80,
	remotePortName: 'http',
	host: null,
	carrier: 'websocket',
	listen: [{address: '0.0.0.0', port: 8080, family: 'IPv4'}],
} as unknown as ForwardEvent & {event: 'ready'};
const opened = {...connection, event: 'connection-opened', client: '', port: 8080, pod: 'web-1', shared: false} as const;
const moved = {event: 'moved', forward: 'f1', from: {name: 'web-1', uid: null}, to: {name: 'web-2', uid: null}, outageMs: 1240} as const;

type Row<Type extends ForwardEvent['event']> = readonly [
	event: ForwardEvent & {event: Type},
	oneShot: readonly string[],
	session: readonly string[],
	/** In both, where both say something. */
	statement: string,
];

/** Exhaustive by type: a new kind of event needs rows. */
const rows: {readonly [Type in ForwardEvent['event']]: ReadonlyArray<Row<Type>>} = {
	ready: [
		[
			ready,
			[
				'Forwarding from 0.0.0.0:8080 -> 80',
				'warning: anyone who can reach 0.0.0.0:8080 can use this forward with your permissions while it runs',
			],
			['Forwarding from 0.0.0.0:8080 -> 80, on web-1'],
			'Forwarding from 0.0.0.0:8080 -> 80',
		],
	],
	'bound-without': [
		[
			{event: 'bound-without', forward: 'f1', error},
			['no agent is connected; the forward works without it [ERR_SECOND_LEG]'],
			['no agent is connected; the forward works without it'],
			'no agent is connected; the forward works without it',
		],
	],
	'connection-opened': [[opened, ['Handling connection for 8080'], [], 'Handling connection for 8080']],
	'connection-closed': [
		[
			{...counts, event: 'connection-closed', activeMs: 12, end: 'pod-reset'},
			['connection f1.7 (8080 -> 80): closed after 12 ms, reset inside the pod: 10 B sent, 2.0 kB received'],
			['#7: closed after 12 ms, reset inside the pod: 10 B sent, 2.0 kB received'],
			'closed after 12 ms, reset inside the pod: 10 B sent, 2.0 kB received',
		],
		[
			{...counts, event: 'connection-closed', activeMs: 12, end: 'client-fin'},
			[],
			['#7: closed after 12 ms, by the client: 10 B sent, 2.0 kB received'],
			'closed after 12 ms, by the client',
		],
	],
	'connection-failed': [
		[
			{...counts, event: 'connection-failed', port: 8080, remotePort: 80, error},
			[
				'an error occurred forwarding 8080 -> 80: no agent is connected (run `spoke doctor` on the target) [ERR_SECOND_LEG]',
				'connection f1.7 (8080 -> 80): No agent available',
			],
			['#7: an error occurred forwarding 8080 -> 80: no agent is connected', '#7: No agent available'],
			'an error occurred forwarding 8080 -> 80: no agent is connected',
		],
	],
	'connection-congested': [
		[
			{...connection, event: 'connection-congested'},
			['connection f1.7 (8080 -> 80): blocked because the local client is not reading; tunnel t1 accepts no new connections'],
			['#7: blocked because the local client is not reading; tunnel t1 accepts no new connections'],
			'blocked because the local client is not reading; tunnel t1 accepts no new connections',
		],
	],
	'connection-flowing': [
		[
			{...connection, event: 'connection-flowing'},
			['connection f1.7 (8080 -> 80): no longer blocked'],
			['#7: no longer blocked'],
			'no longer blocked',
		],
	],
	moved: [
		[
			{...moved, reason: 'evicted'},
			['moved from web-1 to web-2 after 1.2 s: pod was evicted'],
			['moved from web-1 to web-2 after 1.2 s: pod was evicted'],
			'moved from web-1 to web-2 after 1.2 s: pod was evicted',
		],
		[
			{...moved, to: moved.from, reason: 'sandbox-changed'},
			['reconnected to web-1 after 1.2 s: pod sandbox was recreated'],
			['reconnected to web-1 after 1.2 s: pod sandbox was recreated'],
			'reconnected to web-1 after 1.2 s: pod sandbox was recreated',
		],
	],
	'watch-failed': [
		[
			{event: 'watch-failed', forward: 'f1', error: new SpokeError('ERR_CREDENTIALS', 'Unauthorized'), retryInMs: 1100},
			['cannot watch pods: Unauthorized; the forward keeps its pods (next attempt in 1.1 s) [ERR_CREDENTIALS]'],
			['cannot watch pods: Unauthorized; the forward keeps its pods'],
			'cannot watch pods: Unauthorized; the forward keeps its pods',
		],
	],
	interrupted: [
		[
			{event: 'interrupted', forward: 'f1', error: new SpokeError('ERR_STREAM_LOST', 'the tunnel was lost'), attempt: 2, retryInMs: 1100},
			['interrupted: the tunnel was lost (attempt 2, next in 1.1 s) [ERR_STREAM_LOST]'],
			['interrupted: the tunnel was lost'],
			'interrupted: the tunnel was lost',
		],
	],
	waiting: [
		[
			{event: 'waiting', forward: 'f1', asked: 'svc/web', podCount: 2, timeoutMs: 60_000},
			['waiting: no pod of svc/web is running (for up to 1 min 0 s)'],
			['waiting: no pod of svc/web is running (for up to 1 min 0 s)'],
			'waiting: no pod of svc/web is running (for up to 1 min 0 s)',
		],
	],
	restored: [
		[
			{event: 'restored', forward: 'f1', outageMs: 900},
			['reconnected after 0.9 s'],
			['reconnected after 0.9 s'],
			'reconnected after 0.9 s',
		],
	],
};

const ended = {exitStatus: 0, reason: 'signal', signal: null, totals: {connections: 1, failed: 0, up: 0, down: 0}, error: null};

test('the lines of a burst of connections are two writes, in order with other lines', t => {
	const writes: string[] = [];
	const stream = {
		write(text: string) {
			writes.push(text);
			return true;
		},
	};
	const reporter = textReporter(stream, stream);
	for (let port = 1; port <= 300; port++) {
		reporter.event({...opened, connection: `f1.${port}`, port});
	}

	t.deepEqual(writes, ['Handling connection for 1\n']);
	reporter.event({event: 'restored', forward: 'f1', outageMs: 900});
	reporter.event({...opened, port: 301});
	reporter.ended(ended);
	t.deepEqual(writes.join('').split('\n'), [
		...Array.from({length: 300}, (_, index) => `Handling connection for ${index + 1}`),
		'reconnected after 0.9 s',
		'Handling connection for 301',
		'',
	]);
	t.is(writes.length, 4);
});

function oneShotLines(event: ForwardEvent): string[] {
	const lines: string[] = [];
	let isShown = false;
	const stream = {
		write(text: string) {
			lines.push(...(isShown ? [text.trimEnd()] : []));
			return true;
		},
	};
	const reporter = textReporter(stream, stream);
	reporter.event(ready);
	reporter.event(opened);
	isShown = true;
	reporter.event(event);
	reporter.ended(ended);
	return lines;
}

for (const [type, cases] of Object.entries(rows)) {
	test(`a one-shot and the session say the same of ${type}`, t => {
		for (const [event, oneShot, session, statement] of cases) {
			t.deepEqual(oneShotLines(event), oneShot);
			t.deepEqual(forwardLogLines(event), session);
			for (const lines of [oneShot, session].filter(lines => lines.length > 0)) {
				t.true(lines[0]!.includes(statement));
			}
		}
	});
}
