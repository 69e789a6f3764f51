/** What is told of a log's outages. */
import test from 'ava';
import type {Connection} from '../../../source/cluster/connection.ts';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {LogEvent, LogSource} from '../../../source/streams/logs/log-events.ts';
import {LogInterruptedError} from '../../../source/streams/logs/log-interruption.ts';
import {LogOutage} from '../../../source/streams/logs/log-outage.ts';

const source: LogSource = {namespace: 'demo', pod: 'web', uid: null, node: 'n1', container: 'app'};
const cut = new SpokeError('ERR_STREAM_LOST', 'the log of web was cut', {leg: 1});

const answers = async () => ({close() {}}) as Connection;

function outageOf(options: {resume: boolean; signal?: AbortSignal}, connect: () => Promise<Connection> = answers) {
	const told: LogEvent[] = [];
	const outage = new LogOutage(
		source,
		async event => {
			told.push(event);
		},
		{...options, cluster: {connect}},
	);
	return {outage, told, words: () => told.map(event => (event.type === 'reconnecting' ? `try ${event.attempt}` : event.type))};
}

test('an outage is told with each try and when it is over; a clean end is no news', async t => {
	const {outage, words} = outageOf({resume: true});
	await outage.endedCleanly();
	await outage.back({proven: true, met: true});
	t.deepEqual(words(), []);
	await outage.lost(cut);
	await outage.back({proven: false, met: false});
	await outage.back({proven: true, met: true});
	t.deepEqual(words(), ['try 2', 'resumed']);
});

test('who does not want to go on gets the cut, and who has left no try', async t => {
	const error = await t.throwsAsync(
		outageOf({resume: false}).outage.lost(new SpokeError('ERR_SECOND_LEG', 'no agent', {text: 'No agent available'})),
		{code: 'ERR_STREAM_LOST', message: 'the log of web was cut: no agent'},
	);
	t.is((error as SpokeError).text, 'No agent available');
	const {outage, told} = outageOf({resume: true, signal: AbortSignal.abort(new Error('left'))});
	await t.throwsAsync(outage.lost(cut), {message: 'left'});
	t.deepEqual(told, []);
});

const aborted = () => new LogInterruptedError('the log of web was cut', Object.assign(new Error('aborted'), {code: 'ECONNRESET'}));
const refused = async () => {
	throw new Error('connect ECONNREFUSED');
};

const never = async () => new Promise<never>(() => {});

for (const [title, connect, leg, message] of [
	[
		'while the apiserver answers may have been cut on either leg',
		answers,
		2,
		/^the log of web was cut: the connection was closed in the middle of the answer: the apiserver answers others; whether its way to the kubelet \(leg 2\) was cut, or yours to it \(leg 1\), is not known$/,
	],
	['while the apiserver is away was cut on leg 1', refused, 1, /: the connection to the apiserver \(leg 1\) is gone$/],
] as const) {
	test(`a log that is cut ${title}`, async t => {
		const {outage, told} = outageOf({resume: true}, connect);
		await outage.lost(aborted());
		const [event] = told;
		t.is(event?.type, 'reconnecting');
		const error = event?.type === 'reconnecting' ? event.error! : null;
		t.is(error?.leg, leg);
		t.regex(error!.message, message);
		const thrown = await t.throwsAsync(outageOf({resume: false}, connect).outage.lost(aborted()), {code: 'ERR_STREAM_LOST', message});
		t.is((thrown as SpokeError).exitStatus, 13);
	});
}

test('the next try does not wait for who is asked where the cut was: then that is not known', async t => {
	const {outage, told} = outageOf({resume: true}, never);
	await outage.lost(aborted());
	t.like(told, {length: 1, 0: {type: 'reconnecting', attempt: 1}});
	const error = told[0]?.type === 'reconnecting' ? told[0].error! : null;
	t.regex(error!.message, /: whether the apiserver’s way to the kubelet \(leg 2\) was cut, or yours to it \(leg 1\), is not known$/);
});

test('logs that are cut together ask once where it was', async t => {
	let asked = 0;
	const cluster = {
		async connect() {
			asked++;
			return answers();
		},
	};
	await Promise.all(
		['a', 'b', 'c'].map(async () => t.throwsAsync(new LogOutage(source, async () => {}, {resume: false, cluster}).lost(aborted()))),
	);
	t.is(asked, 1);
});

test('a reset before the first line is our own connection’s, whoever else is answered; who leaves waits for no verdict', async t => {
	const reset = Object.assign(new Error('read ECONNRESET'), {code: 'ECONNRESET', syscall: 'read'});
	const lost = new SpokeError('ERR_APISERVER_UNREACHABLE', 'the connection was lost: connection reset by peer', {
		text: 'connection reset by peer',
		cause: reset,
	});
	const error = await t.throwsAsync(
		outageOf({resume: false}).outage.lost(new LogInterruptedError('the log of web was cut before its first line', lost)),
	);
	t.like(error, {
		leg: 1,
		text: 'connection reset by peer',
		message:
			'the log of web was cut before its first line: the connection was lost: connection reset by peer: the connection to the apiserver (leg 1) is gone',
	});
	const leave = new AbortController();
	const waiting = outageOf({resume: false, signal: leave.signal}, never).outage.lost(aborted());
	leave.abort(new Error('left'));
	await t.throwsAsync(waiting, {message: 'left'});
});
