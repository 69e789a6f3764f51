/** What an outage or a waiting container puts into a tail, and that a tail never says it follows what is cut. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import {fullMessage} from '../../../source/server-messages/full-message.ts';
import type {GapReason, LogSource} from '../../../source/streams/logs/log-events.ts';
import {shortError} from '../../../source/session/short-error.ts';
import {tailNotice} from '../../../source/session/tail/tail-notices.ts';
import {isUnreadable, tailPhase} from '../../../source/state/tail/tail-sources.ts';

const source: LogSource = {namespace: 'd', pod: 'p', uid: null, node: 'n1', container: 'app'};
const error = new SpokeError('ERR_SECOND_LEG', 'no agent is connected');

test('an outage is told and counted when it begins, whichever try is the first that is told', t => {
	const begun = tailNotice({type: 'reconnecting', source, attempt: 2, retryInMs: 1000, error}, '', 'open');
	t.is(begun.text, 'no agent is connected, try 2 in 1.0 s');
	t.is(begun.counters?.reconnects, 1);
	const goesOn = tailNotice({type: 'reconnecting', source, attempt: 3, retryInMs: 2000, error}, '', 'interrupted');
	t.is(goesOn.text, null);
	t.is(goesOn.counters, undefined);
	t.is(goesOn.source.note, 'no agent is connected · try 3');
});

test('a row names its log once, and leaves room for the try', t => {
	const cut = new SpokeError('ERR_STREAM_LOST', 'the log of p was cut: the connection was closed in the middle of the response', {leg: 1});
	t.is(tailNotice({type: 'reconnecting', source, attempt: 1, retryInMs: 200, error: cut}, '', 'open').source.note, 'was cut · try 1');
});

test('what broke stands first where a line is cut', t => {
	const refused = new SpokeError('ERR_SECOND_LEG', 'no agent is connected to its proxy server: No agent available', {
		text: 'Get "https://10.0.0.1:10250/x": No agent available',
	});
	t.is(
		tailNotice({type: 'reconnecting', source, attempt: 1, retryInMs: 200, error: refused}, '', 'open').text,
		'No agent available: no agent is connected to its proxy server, try 1 in 200 ms',
	);
});

test('a container that waits after it ran is told in the stream', t => {
	const ended = {exitCode: 2, reason: 'Error', at: '2026-11-25T09:55:58Z'};
	const over = tailNotice({type: 'waiting', source, reason: null, ended}, '', 'open');
	t.is(over.text, 'app ended at 09:55:58 with exit 2 Error, waits to be started again');
	t.is(over.source.note, 'ended with exit 2 Error');
	const backOff = tailNotice({type: 'waiting', source, reason: 'CrashLoopBackOff', ended}, 'x2x: ', 'open');
	t.is(backOff.text, 'x2x: app ended at 09:55:58 with exit 2 Error, waits: CrashLoopBackOff');
	t.is(backOff.source.note, 'CrashLoopBackOff');
	t.is(tailNotice({type: 'waiting', source, reason: null, ended: null}, '', 'open').text, 'app is waiting');
	t.is(tailNotice({type: 'waiting', source, reason: 'ContainerCreating', ended: null}, '', 'waiting').text, null);
});

test('a gap claims nothing of a log that is over', t => {
	const gap = (reason: GapReason) => tailNotice({type: 'gap', source, after: '2026-11-25T09:55:58.123456789Z', reason}, '', 'open').text;
	t.is(gap('last-line-not-met'), 'last line not met again (log file was rotated?). Lines after 09:55:58.123 may be missing');
	t.is(gap('log-gone'), 'its log can no longer be read, so whether that was its end is not known. Lines after 09:55:58.123 may be missing');
});

test('a tail follows while one of its sources is open, and says what the others wait for when none is', t => {
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
			{state: 'interrupted', note: 'no agent · try 3'},
		]),
		{phase: 'waiting', note: 'no agent · try 3'},
	);
	t.is(tailPhase([{state: 'ended', note: ''}]), null);
});

const failed = tailNotice({type: 'failed', source, error}, '', 'open').source as {state: 'ended'; note: string};
const done = {state: 'ended', note: ''} as const;
for (const [what, sources, is] of [
	['the one that is there failed', [failed], true],
	['one failed and one is done', [failed, done], true],
	['one failed and one is open', [failed, {state: 'open', note: ''}], false],
	['all are done', [done, done], false],
	['the one that failed is gone', [{...failed, isGone: true}, done], false],
	['there is none', [], false],
] as const) {
	test(`where ${what}, ${is ? 'no log can be read' : 'it is not said that none can be read'}`, t => {
		t.is(isUnreadable(sources), is);
	});
}

test('a row names a failure by the innermost words of the other side, and by our own where it has none that are short', t => {
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

test('a failure whose text is in its message says it once', t => {
	t.is(fullMessage(new SpokeError('ERR_NOT_FOUND', 'pods "nope" not found', {text: 'pods "nope" not found\n'})), 'pods "nope" not found');
	t.is(
		fullMessage(new SpokeError('ERR_SECOND_LEG', 'no agent is connected', {text: 'No agent available'})),
		'no agent is connected: No agent available',
	);
});

test('a failure that came as a Status is told by its message, and what the message says of it is not said again', t => {
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

test('a tail says what it asks for while nothing comes, and follows again only with an answer', t => {
	const sourceOf = (event: Parameters<typeof tailNotice>[0]) => tailNotice(event, '', 'open').source;
	t.deepEqual(sourceOf({type: 'asking', source}), {state: 'interrupted', note: 'asking again, no answer'});
	t.deepEqual(sourceOf({type: 'checking', source}), {state: 'checking', note: 'asking whether it is alive; quiet'});
	t.deepEqual(sourceOf({type: 'checked', source}), {state: 'open', note: ''});
	t.like(sourceOf({type: 'restarted', source, restarts: 1, ended: null}), {state: 'waiting', note: 'restarted'});
	t.deepEqual(tailPhase([sourceOf({type: 'checking', source}) as {state: 'checking'; note: string}]), {
		phase: 'waiting',
		note: 'asking whether it is alive; quiet',
	});
});

test('that a tail is back claims no more than was seen', t => {
	const text = (proven: boolean, met: boolean) =>
		tailNotice({type: 'resumed', source, outageMs: 700, proven, foundLastLine: met}, '', 'interrupted').text;
	t.is(text(true, true), 'back after 700 ms, last line met again: no gap');
	t.is(text(true, false), 'back after 700 ms: no gap');
	t.is(text(false, false), 'back after 700 ms');
});
