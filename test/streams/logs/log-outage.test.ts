/** Reports of log outages. */
import test from 'ava';
import {ConnectionClosedError} from '../../../source/cluster/transport/response-body.ts';
import {type ClusterClient, ClusterRecords, type Connection} from '../../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {LogEvent, LogSource} from '../../../source/streams/logs/log-events.ts';
import {LogInterruptedError} from '../../../source/streams/logs/open-log.ts';
import {LogOutage, waitForApiserver, notBefore} from '../../../source/streams/logs/log-outage.ts';

const source: LogSource = {namespace: 'demo', pod: 'web', uid: null, node: 'n1', container: 'app'};
const cut = new SpokeError('ERR_STREAM_LOST', 'the log of web was interrupted', {leg: 1});

const answers = async () => ({close() {}}) as Connection;

function outageOf(options: {resume: boolean; signal?: AbortSignal}, connect: () => Promise<Connection> = answers) {
	const told: LogEvent[] = [];
	const outage = new LogOutage({
		...options,
		source,
		async emit(event) {
			told.push(event);
		},
		cluster: {connect, records: new ClusterRecords()},
	});
	return {outage, told, words: () => told.map(event => (event.type === 'reconnecting' ? `try ${event.attempt}` : event.type))};
}

test('an outage reports each attempt and its end, and a clean end is not reported', async t => {
	const {outage, words} = outageOf({resume: true});
	await outage.handleCleanEnd();
	await outage.reportResumed({proven: true, foundLastLine: true});
	t.deepEqual(words(), []);
	await outage.handleLoss(cut);
	await outage.reportResumed({proven: false, foundLastLine: false});
	await outage.reportResumed({proven: true, foundLastLine: true});
	t.deepEqual(words(), ['try 2', 'resumed']);
});

test('clean ends are reported from the fifth in a row', async t => {
	const {outage, words} = outageOf({resume: true, signal: AbortSignal.abort()});
	for (let ends = 1; ends <= 4; ends++) {
		await t.throwsAsync(outage.handleCleanEnd());
	}

	t.deepEqual(words(), []);
	await t.throwsAsync(outage.handleCleanEnd());
	t.deepEqual(words(), ['try 5']);
});

test('a missing response is reported once, and only during an outage', async t => {
	const {outage, told, words} = outageOf({resume: true});
	await outage.reportUnanswered();
	t.deepEqual(words(), []);
	await outage.handleCleanEnd();
	await outage.reportUnanswered();
	await outage.reportUnanswered();
	t.deepEqual(words(), ['try 1']);
	t.like(told[0], {retryInMs: 0, error: null});
	await outage.reportResumed({proven: true, foundLastLine: true});
	await outage.reportUnanswered();
	t.deepEqual(words(), ['try 1', 'resumed']);
});

test('without resume the interruption is thrown, and an abort prevents an attempt', async t => {
	const error = await t.throwsAsync(
		outageOf({resume: false}).outage.handleLoss(new SpokeError('ERR_SECOND_LEG', 'no agent', {text: 'No agent available'})),
		{code: 'ERR_STREAM_LOST', message: 'the log of web was interrupted: no agent'},
	);
	t.is((error as SpokeError).text, 'No agent available');
	const {outage, told} = outageOf({resume: true, signal: AbortSignal.abort(new Error('left'))});
	await t.throwsAsync(outage.handleLoss(cut), {message: 'left'});
	t.deepEqual(told, []);
});

const aborted = () => new LogInterruptedError('the log of web was interrupted', new ConnectionClosedError({inResponse: true}));

const refused = async () => {
	throw new SpokeError('ERR_APISERVER_UNREACHABLE', 'connect: connection refused');
};

const never = async () => new Promise<never>(() => {});

for (const [title, connect, leg, message] of [
	[
		'while the apiserver responds may have been lost on either leg',
		answers,
		2,
		/^the log of web was interrupted: the connection was closed in the middle of the response: the apiserver responds to new connections; it is unknown whether the apiserver’s connection to the kubelet \(leg 2\) or your connection to the apiserver \(leg 1\) was lost$/,
	],
	['while the apiserver is away was lost on leg 1', refused, 1, /: the connection to the apiserver \(leg 1\) was lost$/],
] as const) {
	test(`an interrupted log ${title}`, async t => {
		const {outage, told} = outageOf({resume: true}, connect);
		await outage.handleLoss(aborted());
		const [event] = told;
		t.is(event?.type, 'reconnecting');
		const error = event?.type === 'reconnecting' ? event.error! : null;
		t.is(error?.leg, leg);
		t.regex(error!.message, message);
		const thrown = await t.throwsAsync(outageOf({resume: false}, connect).outage.handleLoss(aborted()), {code: 'ERR_STREAM_LOST', message});
		t.is((thrown as SpokeError).exitStatus, 13);
	});
}

test('the next attempt does not wait for the leg, which is then unknown', async t => {
	const {outage, told} = outageOf({resume: true}, never);
	await outage.handleLoss(aborted());
	t.like(told, {length: 1, 0: {type: 'reconnecting', attempt: 1}});
	const error = told[0]?.type === 'reconnecting' ? told[0].error! : null;
	t.regex(
		error!.message,
		/: it is unknown whether the apiserver’s connection to the kubelet \(leg 2\) or your connection to the apiserver \(leg 1\) was lost$/,
	);
});

test('logs interrupted together check the apiserver once', async t => {
	let asked = 0;
	const cluster = {
		records: new ClusterRecords(),
		async connect() {
			asked++;
			return answers();
		},
	};
	await Promise.all(
		['a', 'b', 'c'].map(async () => t.throwsAsync(new LogOutage({source, async emit() {}, resume: false, cluster}).handleLoss(aborted()))),
	);
	t.is(asked, 1);
});

test('a reset before the first line is leg 1, and an abort waits for no verdict', async t => {
	const reset = Object.assign(new Error('read ECONNRESET'), {code: 'ECONNRESET', syscall: 'read'});
	const lost = new SpokeError('ERR_APISERVER_UNREACHABLE', 'the connection was lost: connection reset by peer', {
		text: 'connection reset by peer',
		cause: reset,
	});
	const error = await t.throwsAsync(
		outageOf({resume: false}).outage.handleLoss(new LogInterruptedError('the log of web was interrupted before its first line', lost)),
	);
	t.like(error, {
		leg: 1,
		text: 'connection reset by peer',
		message:
			'the log of web was interrupted before its first line: the connection was lost: connection reset by peer: the connection to the apiserver (leg 1) was lost',
	});
	const leave = new AbortController();
	const waiting = outageOf({resume: false, signal: leave.signal}, never).outage.handleLoss(aborted());
	leave.abort(new Error('left'));
	await t.throwsAsync(waiting, {message: 'left'});
});

test('an apiserver that is down is waited for, and what waiting does not fix is thrown', async t => {
	const eventsOf = async (...failures: readonly SpokeError[]) => {
		const left = [...failures];
		const cluster = {
			async request() {
				if (left.length > 0) {
					throw left.shift()!;
				}

				return {body: {resume() {}}};
			},
		} as unknown as ClusterClient;
		return Array.fromAsync(waitForApiserver(cluster, new AbortController().signal), ({type}) => type);
	};

	t.deepEqual(await eventsOf(), []);
	t.deepEqual(await eventsOf(new SpokeError('ERR_APISERVER_UNREACHABLE', 'down')), ['apiserver-unreachable', 'apiserver-reached']);
	await t.throwsAsync(eventsOf(new SpokeError('ERR_CREDENTIALS', 'expired')), {code: 'ERR_CREDENTIALS'});
});

test('a log is asked for again within 2 s, however often it ended', async t => {
	const {outage, told} = outageOf({resume: true, signal: AbortSignal.abort()});
	for (let ends = 1; ends <= 50; ends++) {
		await t.throwsAsync(outage.handleCleanEnd());
	}

	t.is(told.length, 46);
	t.true(told.every(event => event.type === 'reconnecting' && event.retryInMs >= 1000 && event.retryInMs <= 2000));
});

test('a Retry-After time is a minimum, and spread beyond it', t => {
	t.is(
		notBefore(5000, 200, () => 0),
		5000,
	);
	t.is(
		notBefore(5000, 200, () => 1),
		6000,
	);
	t.is(notBefore(0, 200), 200);
});

test('a delay beyond the timer maximum is clamped', t => {
	t.is(
		notBefore(1e12, 200, () => 0),
		2 ** 31 - 1,
	);
});
