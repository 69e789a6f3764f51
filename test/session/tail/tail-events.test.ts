/** Notices of outages and waiting containers. */
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {fullMessage} from '../../../source/cluster/server-messages/unwrap-message.ts';
import type {GapReason, LogSource} from '../../../source/streams/logs/log-events.ts';
import {shortError} from '../../../source/report/descriptions/describe-error.ts';
import {tailNotice} from '../../../source/session/tail/tail-events.ts';
import {isUnreadable, tailPhase} from '../../../source/session/tail/tail-sources.ts';

const source: LogSource = {namespace: 'd', pod: 'p', uid: null, node: 'n1', container: 'app'};
const error = new SpokeError('ERR_SECOND_LEG', 'no agent is connected');

test('an outage is reported and counted once, at its first visible attempt', t => {
	const begun = tailNotice({type: 'reconnecting', source, attempt: 2, retryInMs: 1000, error}, '', 'open');
	t.is(begun.text, 'no agent is connected; reconnecting, attempt 2 in 1.0 s');
	t.is(begun.counters?.reconnects, 1);
	const goesOn = tailNotice({type: 'reconnecting', source, attempt: 3, retryInMs: 2000, error}, '', 'interrupted');
	t.is(goesOn.text, null);
	t.is(goesOn.counters, undefined);
	t.is(goesOn.source.note, 'no agent is connected · attempt 3');
});

for (const text of ['aborted', 'read ECONNRESET']) {
	test(`a row has no cause of an interruption (${text}), and space for the attempt`, t => {
		const cut = new SpokeError('ERR_STREAM_LOST', `the log of p was interrupted: ${text}`, {leg: 1, text});
		t.is(
			tailNotice({type: 'reconnecting', source, attempt: 1, retryInMs: 200, error: cut}, '', 'open').source.note,
			'interrupted · attempt 1',
		);
	});
}

test('a truncated line starts with the cause', t => {
	const refused = new SpokeError('ERR_SECOND_LEG', 'no agent is connected to its proxy server: No agent available', {
		text: 'Get "https://10.0.0.1:10250/x": No agent available',
	});
	t.is(
		tailNotice({type: 'reconnecting', source, attempt: 1, retryInMs: 200, error: refused}, '', 'open').text,
		'No agent available: no agent is connected to its proxy server; reconnecting, attempt 1 in 0.2 s',
	);
});

test('a container that waits after it ran is reported in the stream', t => {
	const ended = {exitCode: 2, reason: 'Error', at: '2026-11-25T09:55:58Z'};
	const over = tailNotice({type: 'waiting', source, reason: null, message: null, ended}, '', 'open');
	t.is(over.text, 'app: terminated at 09:55:58 with exit code 2 Error, waiting to restart');
	t.is(over.source.note, 'terminated with exit code 2 Error');
	const backOff = tailNotice({type: 'waiting', source, reason: 'CrashLoopBackOff', message: null, ended}, 'x2x', 'open');
	t.is(backOff.text, 'x2x: terminated at 09:55:58 with exit code 2 Error, waiting to restart: CrashLoopBackOff');
	t.is(backOff.source.note, 'CrashLoopBackOff');
	t.is(tailNotice({type: 'waiting', source, reason: null, message: null, ended: null}, '', 'open').text, 'app: waiting to start');
	t.is(tailNotice({type: 'waiting', source, reason: 'ContainerCreating', message: null, ended: null}, '', 'waiting').text, null);
});

test('a notice has the first 12 digits of the id of a container', t => {
	const text = `unable to retrieve container logs for containerd://${'0123456789ab'.padEnd(64, 'c')}`;
	t.is(
		tailNotice({type: 'server-said', source, text}, '', 'open').text,
		'the kubelet says: unable to retrieve container logs for containerd://0123456789ab',
	);
});

test('a gap claims nothing about a log that has ended', t => {
	const gap = (reason: GapReason) => tailNotice({type: 'gap', source, after: '2026-11-25T09:55:58.123456789Z', reason}, '', 'open').text;
	t.is(gap('last-line-not-met'), 'could not find the last line again (was the log file rotated?): lines after 09:55:58.123 may be missing');
	t.is(
		gap('log-gone'),
		'the log can no longer be read, so it is unknown whether this was its end: lines after 09:55:58.123 may be missing',
	);
});

test('a tail follows while one source is open, and shows the waits of the others when none is', t => {
	t.deepEqual(
		tailPhase([
			{state: 'interrupted', note: 'try 3'},
			{state: 'open', note: ''},
		]),
		{phase: 'following', note: ''},
	);
	t.deepEqual(
		tailPhase([
			{state: 'waiting', note: 'app is waiting'},
			{state: 'interrupted', note: 'no agent · attempt 3'},
		]),
		{phase: 'waiting', note: 'no agent · attempt 3'},
	);
	t.is(tailPhase([{state: 'ended', note: ''}]), null);
});

const failed = tailNotice({type: 'failed', source, error}, '', 'open').source as {state: 'ended'; hasFailed: boolean};
const failedOtherwise = {...failed, note: 'no permission'};
const done = tailNotice({type: 'ended', source, reason: 'container-ended', ended: null}, '', 'open').source as {
	state: 'ended';
	hasFailed: boolean;
};
for (const [what, sources, is] of [
	['the one that is there failed', [failed], true],
	['the one that failed has another note', [failedOtherwise], true],
	['one failed and one is done', [failed, done], true],
	['one failed and one is open', [failed, {state: 'open'}], false],
	['the one that failed was read to its end since', [{...failed, ...done}], false],
	['all are done', [done, done], false],
	['the one that failed is gone', [{...failed, isGone: true}, done], false],
	['there is none', [], false],
] as const) {
	test(`${is ? 'no log is readable' : 'a log may be readable'} when ${what}`, t => {
		t.is(isUnreadable(sources), is);
	});
}

test('a row names a failure by the innermost server text, or by the message of spoke', t => {
	t.is(shortError({message: 'long', text: 'Get "https://10.0.0.1:10250/containerLogs/d/p/app": No agent available'}), 'No agent available');
	t.is(
		shortError({message: 'long', text: 'error dialing backend: dial tcp 10.0.0.1:10250: connect: connection refused'}),
		'connection refused',
	);
	t.is(
		shortError({message: 'long', text: '{"kind":"Status","message":"Get \\"https://x\\": No agent available","code":500}'}),
		'No agent available',
	);
	t.is(
		shortError({
			message: 'long',
			text: 'connection error: desc = "transport: Error while dialing: dial unix /x.sock: connect: connection refused"',
		}),
		'connection refused',
	);
	t.is(shortError({message: 'long', text: 'no route (tried: connection refused)'}), 'connection refused');
	t.is(shortError({message: 'long', text: 'cannot do it: no such file "x.txt"'}), 'no such file "x.txt"');
	t.is(shortError({message: 'the pod is gone', text: null}), 'the pod is gone');
	t.is(shortError({message: 'ours', text: 'x'.repeat(80)}), 'ours');
});

test('a failure whose text is part of its message is shown once', t => {
	t.is(fullMessage(new SpokeError('ERR_NOT_FOUND', 'pods "nope" not found', {text: 'pods "nope" not found\n'})), 'pods "nope" not found');
	t.is(
		fullMessage(new SpokeError('ERR_SECOND_LEG', 'no agent is connected', {text: 'No agent available'})),
		'no agent is connected: No agent available',
	);
});

test('a Status failure shows its message once', t => {
	const text = JSON.stringify({
		kind: 'Status',
		status: 'Failure',
		message: 'Get "https://10.0.0.1:10250/containerLogs/d/p/app": No agent available',
		code: 500,
	});
	t.is(
		fullMessage({message: 'no agent is connected', text}),
		'no agent is connected: Get "https://10.0.0.1:10250/containerLogs/d/p/app": No agent available',
	);
	t.is(fullMessage({message: 'no agent is connected: No agent available', text}), 'no agent is connected: No agent available');
});

test('a silent tail shows what it requests, and follows only after a response', t => {
	const sourceOf = (event: Parameters<typeof tailNotice>[0]) => tailNotice(event, '', 'open').source;
	t.deepEqual(sourceOf({type: 'asking', source}), {state: 'interrupted', note: 'requested again, no response'});
	t.deepEqual(sourceOf({type: 'checking', source}), {state: 'checking', note: 'checking whether the stream is alive; no data'});
	t.deepEqual(sourceOf({type: 'checked', source}), {state: 'open', note: ''});
	t.like(sourceOf({type: 'restarted', source, restarts: 1, ended: null}), {state: 'waiting', note: 'restarted'});
	t.deepEqual(tailPhase([sourceOf({type: 'checking', source}) as {state: 'checking'; note: string}]), {
		phase: 'waiting',
		note: 'checking whether the stream is alive; no data',
	});
});

test('a reconnected tail claims only what was observed', t => {
	const text = (proven: boolean, met: boolean) =>
		tailNotice({type: 'resumed', source, outageMs: 700, proven, foundLastLine: met}, '', 'interrupted').text;
	t.is(text(true, true), 'reconnected after 0.7 s; resumed at the last line, no gap');
	t.is(text(true, false), 'reconnected after 0.7 s; no gap');
	t.is(text(false, false), 'reconnected after 0.7 s');
});
