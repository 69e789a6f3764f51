/** The texts of a one-shot and of the session contain the same statement about each log event. */
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {tailLine} from '../../../source/session/tail/tail-events.ts';
import {formatLogEvent} from '../../../source/report/descriptions/describe-log-event.ts';
import type {LogEvent, LogSource} from '../../../source/streams/logs/log-events.ts';

const source: LogSource = {namespace: 'shop', pod: 'web-0', uid: 'u1', node: 'n1', container: 'app'};
const place = {namespace: 'shop', pod: 'web-0', node: 'n1'};
const ended = {exitCode: 2, reason: 'Error', at: '2026-11-25T09:55:58Z'};
const lost = new SpokeError('ERR_STREAM_LOST', 'the log of web-0 was interrupted', {text: 'EOF'});
const dialed = new SpokeError('ERR_SECOND_LEG', 'no agent is connected', {text: 'Get "https://10.0.0.1:10250/x": No agent available'});
const refused = new SpokeError('ERR_APISERVER_UNREACHABLE', 'cannot connect to the apiserver');
const after = '2026-11-25T09:55:58.123456789Z';

type Row<Type extends LogEvent['type']> = readonly [
	event: LogEvent & {type: Type},
	oneShot: string | null,
	session: string | null,
	/** What both texts contain, if that is not the session’s. */
	statement?: string,
];

/** Exhaustive by type: a new kind of event needs rows. */
const rows: {readonly [Type in LogEvent['type']]: ReadonlyArray<Row<Type>>} = {
	lines: [[{type: 'lines', source, bytes: Buffer.from('x\n')}, null, null]],
	opened: [[{type: 'opened', source}, null, null]],
	asking: [[{type: 'asking', source}, null, null]],
	checking: [[{type: 'checking', source}, null, null]],
	checked: [[{type: 'checked', source}, null, null]],
	waiting: [
		[
			{type: 'waiting', source, reason: null, message: null, ended: null},
			'web-0/app: waiting to start',
			'app: waiting to start',
			'waiting to start',
		],
		[
			{type: 'waiting', source, reason: 'ErrImagePull', message: 'not found', ended: null},
			'web-0/app: waiting to start: ErrImagePull (not found)',
			'app: waiting to start: ErrImagePull',
			'waiting to start: ErrImagePull',
		],
		[
			{type: 'waiting', source, reason: 'CrashLoopBackOff', message: 'back-off 10s', ended},
			'web-0/app: terminated at 09:55:58 with exit code 2 Error, waiting to restart: CrashLoopBackOff',
			'app: terminated at 09:55:58 with exit code 2 Error, waiting to restart: CrashLoopBackOff',
			'terminated at 09:55:58 with exit code 2 Error, waiting to restart: CrashLoopBackOff',
		],
	],
	stalled: [
		[
			{type: 'stalled', source, leg: 1, silentForMs: 30_000},
			'web-0/app: no data for 30 s: stalled on leg 1 (the apiserver does not respond); reconnecting',
			'no data for 30 s: stalled on leg 1; reconnecting',
			'no data for 30 s: stalled on leg 1',
		],
		[
			{type: 'stalled', source, leg: 2, silentForMs: 30_000},
			'web-0/app: no data for 30 s: stalled on leg 2 (the log cannot be read on a second connection); reconnecting',
			'no data for 30 s: stalled on leg 2; reconnecting',
			'no data for 30 s: stalled on leg 2',
		],
		[
			{type: 'stalled', source, leg: null, silentForMs: 30_000},
			'web-0/app: no data for 30 s: stalled (the server has lines that did not arrive, or a second read stopped midway); reconnecting',
			'no data for 30 s: stalled; reconnecting',
			'no data for 30 s: stalled',
		],
	],
	reconnecting: [
		[
			{type: 'reconnecting', source, attempt: 1, retryInMs: 0, error: null},
			'web-0/app: the stream ended normally but the container is still running; resuming',
			'the stream ended normally but the container is still running; resuming',
		],
		[
			{type: 'reconnecting', source, attempt: 2, retryInMs: 1000, error: lost},
			'web-0/app: the log of web-0 was interrupted; reconnecting',
			'the log of web-0 was interrupted; reconnecting, attempt 2 in 1.0 s',
			'the log of web-0 was interrupted; reconnecting',
		],
		[
			{type: 'reconnecting', source, attempt: 2, retryInMs: 1000, error: dialed},
			'web-0/app: no agent is connected; reconnecting',
			'No agent available: no agent is connected; reconnecting, attempt 2 in 1.0 s',
			'no agent is connected; reconnecting',
		],
	],
	resumed: [
		[
			{type: 'resumed', source, outageMs: 3000, proven: true, foundLastLine: true},
			'web-0/app: reconnected after 3.0 s; resumed at the last line, no gap',
			'reconnected after 3.0 s; resumed at the last line, no gap',
		],
		[
			{type: 'resumed', source, outageMs: 3000, proven: true, foundLastLine: false},
			'web-0/app: reconnected after 3.0 s; no gap',
			'reconnected after 3.0 s; no gap',
		],
		[
			{type: 'resumed', source, outageMs: 72_000, proven: false, foundLastLine: false},
			'web-0/app: reconnected after 1 min 12 s',
			'reconnected after 1 min 12 s',
		],
	],
	gap: [
		[
			{type: 'gap', source, after, reason: 'last-line-not-met'},
			`web-0/app: could not find the last line again (was the log file rotated?): lines after ${after} may be missing`,
			'could not find the last line again (was the log file rotated?): lines after 09:55:58.123 may be missing',
			'could not find the last line again (was the log file rotated?): lines after',
		],
		[
			{type: 'gap', source, after, reason: 'log-gone'},
			`web-0/app: the log can no longer be read, so it is unknown whether this was its end: lines after ${after} may be missing`,
			'the log can no longer be read, so it is unknown whether this was its end: lines after 09:55:58.123 may be missing',
			'the log can no longer be read, so it is unknown whether this was its end: lines after',
		],
		[
			{type: 'gap', source, after, reason: 'restarts-missed'},
			`web-0/app: restarted more times than the node keeps logs for: lines after ${after} may be missing`,
			'restarted more times than the node keeps logs for: lines after 09:55:58.123 may be missing',
			'restarted more times than the node keeps logs for: lines after',
		],
		[
			{type: 'gap', source, after: null, reason: 'no-line-yet'},
			'web-0/app: interrupted before the first line, and the server may not send all lines since: lines may be missing',
			'interrupted before the first line, and the server may not send all lines since: lines may be missing',
		],
		[
			{type: 'gap', source, after, reason: 'clock-went-back'},
			`web-0/app: the node’s clock moved back, or too many lines share one second: lines after ${after} may be repeated`,
			'the node’s clock moved back, or too many lines share one second: lines after 09:55:58.123 may be repeated',
			'the node’s clock moved back, or too many lines share one second: lines after',
		],
	],
	restarted: [
		[
			{type: 'restarted', source, restarts: 3, ended},
			'web-0/app: terminated at 09:55:58 with exit code 2 Error and restarted (restart 3)',
			'app: terminated at 09:55:58 with exit code 2 Error and restarted (restart 3)',
			'terminated at 09:55:58 with exit code 2 Error and restarted (restart 3)',
		],
	],
	'server-said': [
		[
			{type: 'server-said', source, text: 'failed to watch file'},
			'web-0/app: the kubelet says: failed to watch file',
			'the kubelet says: failed to watch file',
		],
	],
	ended: [
		[{type: 'ended', source, reason: 'pod-gone', ended: null}, 'web-0: the pod is gone', 'the pod is gone'],
		[
			{type: 'ended', source, reason: 'container-ended', ended: {exitCode: 0, reason: 'Completed', at: null}},
			'web-0/app: terminated with exit code 0',
			'app: terminated with exit code 0',
			'terminated with exit code 0',
		],
		[{type: 'ended', source, reason: 'container-ended', ended: null}, 'web-0/app: terminated', 'app: terminated', 'terminated'],
	],
	'pod-appeared': [[{type: 'pod-appeared', ...place}, 'web-0: new pod, followed', 'new pod, followed']],
	'pod-gone': [[{type: 'pod-gone', ...place}, 'web-0: the pod is gone', 'the pod is gone']],
	'no-pods': [
		[{type: 'no-pods'}, 'no pods to follow; waiting for one', 'no pods to follow; waiting for one'],
		[
			{type: 'no-pods', error: refused},
			'no pods to follow; waiting for one, because it is unknown whether one can appear: cannot connect to the apiserver',
			'no pods to follow; waiting for one, because it is unknown whether one can appear: cannot connect to the apiserver',
		],
	],
	'no-more-pods': [
		[
			{type: 'no-more-pods'},
			'no log is left to follow, and no more pods are expected; stopped following',
			'no log is left to follow, and no more pods are expected; stopped following',
		],
	],
	'apiserver-unreachable': [
		[
			{type: 'apiserver-unreachable', error: refused},
			'cannot connect to the apiserver; retrying until it responds',
			'cannot connect to the apiserver; retrying until it responds',
			'retrying until it responds',
		],
	],
	'apiserver-reached': [
		[
			{type: 'apiserver-reached', outageMs: 42_000},
			'the apiserver responded after 42 s; following its logs',
			'the apiserver responded after 42 s; following its logs',
		],
	],
	failed: [
		[
			{type: 'failed', source, error: dialed},
			'web-0/app: no agent is connected: Get "https://10.0.0.1:10250/x": No agent available',
			'no agent is connected: Get "https://10.0.0.1:10250/x": No agent available',
		],
	],
};

for (const [type, cases] of Object.entries(rows)) {
	test(`a one-shot and the session say the same of ${type}`, t => {
		for (const [event, oneShot, session, statement = session ?? ''] of cases) {
			t.is(formatLogEvent(event), oneShot);
			t.is(tailLine(event, ''), session);
			t.true(session === null || session.includes(statement));
			t.true(oneShot === null || oneShot.includes(statement));
		}
	});
}

test('with several sources the session names the source or the pod', t => {
	t.is(tailLine({type: 'ended', source, reason: 'container-ended', ended}, 'x2x'), 'x2x: terminated at 09:55:58 with exit code 2 Error');
	t.is(
		tailLine({type: 'ended', source, reason: 'container-ended', ended, isPodDeleted: true}, 'x2x'),
		'x2x: terminated at 09:55:58 with exit code 2 Error; its pod was deleted',
	);
	t.is(tailLine({type: 'ended', source, reason: 'pod-gone', ended: null}, 'x2x'), 'web-0: the pod is gone');
	t.is(tailLine({type: 'server-said', source, text: 'x'}, 'x2x'), 'x2x: the kubelet says: x');
});
