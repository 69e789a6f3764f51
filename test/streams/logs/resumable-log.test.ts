/** Reads of one container's log, one by one. */
import process from 'node:process';
import {mock} from 'node:test';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {Semaphore} from '../../../source/base/async/queues.ts';
import {logSource} from '../../../source/streams/logs/follow-logs.ts';
import type {LogEvent} from '../../../source/streams/logs/log-events.ts';
import {
	ResumableLog,
	type DrainRead,
	type FollowCallbacks,
	type ReadResult,
	type ResumableLogOptions,
} from '../../../source/streams/logs/resumable-log.ts';
import {ApiserverCheck, defaultStallTimeouts} from '../../../source/streams/logs/stall-detector.ts';
import {toResolvedTarget} from '../../../source/cluster/targets/resolve-pod.ts';
import {LogServer, type LogRecord} from '../../support/log-server.ts';
import {until} from '../../support/until.ts';

const a: LogRecord = {time: '2026-11-24T14:00:01.1Z', text: 'a'};
const b: LogRecord = {time: '2026-11-24T14:00:01.2Z', text: 'b'};
const c: LogRecord = {time: '2026-11-24T14:00:02.1Z', text: 'c'};
const drained: DrainRead = {previous: false, gap: 'last-line-not-met', isReplaced: async () => false};

/** `beforeEmit`: what a reader does with each event first. */
async function logOf(
	t: ExecutionContext,
	{beforeEmit, ...options}: Partial<ResumableLogOptions> & {beforeEmit?: (event: LogEvent) => Promise<unknown>} = {},
) {
	const server = await LogServer.start(t);
	const cluster = await server.cluster();
	const stop = new AbortController();
	const file = server.addPod('w').get('app')!;
	const pod = server.pods.get('w')!.object;
	const events: LogEvent[] = [];
	const log = new ResumableLog({
		cluster,
		source: logSource(pod, 'app'),
		target: toResolvedTarget('w', pod, 1, 'app'),
		start: {},
		gatherMs: 0,
		stallTimeouts: defaultStallTimeouts,
		semaphore: new Semaphore(20),
		apiserverCheck: new ApiserverCheck(cluster, 60_000),
		signal: stop.signal,
		async emit(event) {
			await beforeEmit?.(event);
			events.push(event);
		},
		...options,
	});
	t.teardown(() => stop.abort());
	return {
		server,
		file,
		log,
		follow: async (hasRestarted = async () => false, callbacks: Partial<FollowCallbacks> = {}): Promise<ReadResult> =>
			log.follow(hasRestarted, {
				async onOpened() {},
				async onResumed() {},
				async onUnanswered() {},
				hasEnded: () => false,
				...callbacks,
			}),
		/** Texts of lines, other events by their type. */
		told: () =>
			events.map(event =>
				event.type === 'lines' ? event.bytes.toString().replaceAll(/^\S+ |\n$/gm, '') : event.type === 'gap' ? event.reason : event.type,
			),
	};
}

test('a line cut in the middle is read by its time, although the tail was 0 lines', async t => {
	const {server, file, log, follow, told} = await logOf(t, {start: {tailLines: 0}});
	server.faults.push({kind: 'close', afterBytes: 10});
	const reading = follow();
	await until(() => server.openFollows === 1);
	file.append({time: new Date().toISOString(), text: 'only'});
	t.is((await reading)?.code, 'ERR_STREAM_LOST');
	file.end();
	await log.drain(drained);
	t.deepEqual(told(), ['only']);
});

test.serial('after a follow without a line, the next one is read by its time, also with a tail of 0', async t => {
	const {server, file, log, follow, told} = await logOf(t, {start: {tailLines: 0}});
	server.faults.push({kind: 'silence'});
	const reading = follow();
	await until(() => server.seen.length === 1);
	const uptime = process.uptime();
	const later = mock.method(process, 'uptime', () => uptime + 4);
	t.teardown(() => {
		later.mock.restore();
	});
	server.cutEverything();
	t.is((await reading)?.code, 'ERR_STREAM_LOST');
	file.append({time: new Date().toISOString(), text: 'only'});
	file.end();
	await log.drain(drained);
	t.deepEqual(told(), ['only']);
});

test('a follow closes its connection when its response ends', async t => {
	let closed = 0;
	const {file, follow} = await logOf(t, {observer: {onClosed: () => closed++}});
	file.append(a);
	file.end();
	t.is(await follow(), null);
	t.is(closed, 1);
});

test('a follow without a signal ends with its response', async t => {
	const {file, follow, told} = await logOf(t, {signal: undefined});
	file.append(a);
	file.end();
	t.is(await follow(), null);
	t.deepEqual(told(), ['a']);
});

test('known lines without the last one are no new lines, and no gap', async t => {
	const {file, log, follow, told} = await logOf(t);
	file.append(a, b);
	file.end();
	await follow();
	file.rotate();
	file.append(a);
	t.like(await log.drain(drained), {replaced: false, hasNewLines: false, foundLastLine: false, result: null});
	t.is(told().join('\n'), 'a\nb');
});

test('a new line without the last one is emitted after a gap, unless it is of the next instance', async t => {
	const {file, log, follow, told} = await logOf(t);
	file.append(a);
	file.end();
	await follow();
	file.rotate();
	file.append(c);
	t.deepEqual(await log.drain({...drained, isReplaced: async () => true}), {
		replaced: true,
		hasNewLines: false,
		foundLastLine: false,
		remainder: Buffer.alloc(0),
		result: null,
	});
	t.deepEqual(told(), ['a']);
	t.like(await log.drain(drained), {replaced: false, hasNewLines: true, foundLastLine: false, result: null});
	t.deepEqual(told(), ['a', 'last-line-not-met', 'c']);
});

test('a drain closes its connection once when the log is of the next instance', async t => {
	let closed = 0;
	const {file, log, follow} = await logOf(t, {observer: {onClosed: () => closed++}});
	file.append(a);
	file.end();
	await follow();
	file.rotate();
	file.append(c);
	closed = 0;
	t.true((await log.drain({...drained, isReplaced: async () => true})).replaced);
	t.is(closed, 1);
});

test('a gap is reported once until the next line', async t => {
	const {file, log, follow, told} = await logOf(t);
	await log.reportGap('last-line-not-met');
	await log.reportGap('last-line-not-met');
	await log.reportGap(null);
	t.deepEqual(told(), ['last-line-not-met']);
	file.append(a);
	file.end();
	await follow();
	await log.reportGap('last-line-not-met');
	t.deepEqual(told(), ['last-line-not-met', 'a', 'last-line-not-met']);
});

test('an error of the kubelet is reported once until the next line, with its remedy', async t => {
	const {server, file, follow, told} = await logOf(t);
	const fails = () => server.faults.push({kind: 'kubelet-error', text: 'failed to create fsnotify watcher: too many open files'});
	file.append(a);
	fails();
	const error = (await follow())!;
	t.deepEqual([error.code, error.remedy], ['ERR_SECOND_LEG', 'raise fs.inotify.max_user_instances on the node']);
	fails();
	await follow();
	t.deepEqual(told(), ['a', 'server-said']);
	file.append(b);
	fails();
	await follow();
	t.deepEqual(told(), ['a', 'server-said', 'b', 'server-said']);
});

test('a silent apiserver is shown while an open follow is checked', async t => {
	let isSilent = false;
	const {file, follow, told} = await logOf(t, {
		stallTimeouts: {...defaultStallTimeouts, checkApiserverAfterMs: 40},
		apiserverCheck: {check: async () => (isSilent ? new Promise(() => {}) : undefined)} as unknown as ApiserverCheck,
	});
	file.append(a);
	void follow().catch(() => undefined);
	await until(() => told().includes('a'));
	isSilent = true;
	await until(() => told().includes('checking'));
	t.deepEqual(told(), ['a', 'checking']);
});

test('a second read of an open follow ends with its own timeout', async t => {
	const {server, file, follow, told} = await logOf(t, {
		stallTimeouts: {...defaultStallTimeouts, checkApiserverAfterMs: 40, secondReadAfterMs: 60, responseTimeoutMs: 100},
	});
	file.append(a);
	const reading = follow();
	await until(() => told().includes('a'));
	server.faults.push({kind: 'silence'});
	t.is((await reading)?.code, 'ERR_SECOND_LEG');
	t.true(told().includes('stalled'));
});

test('a follow is not checked while its reader takes long', async t => {
	let checks = 0;
	const {file, follow} = await logOf(t, {
		stallTimeouts: {...defaultStallTimeouts, checkApiserverAfterMs: 100},
		apiserverCheck: {check: async () => checks++} as unknown as ApiserverCheck,
		async beforeEmit({type}) {
			await (type === 'lines' ? delay(300) : undefined);
			t.is(checks, 0);
		},
	});
	file.append(a);
	file.end();
	await follow();
	t.plan(1);
});

for (const [when, isOpen] of [
	['before its response', false],
	['while it is open', true],
] as const) {
	test(`a follow that is left ${when} ends with the reason`, async t => {
		const stop = new AbortController();
		const {server, file, follow, told} = await logOf(t, {signal: stop.signal});
		server.faults.push(isOpen ? null : {kind: 'silence'});
		file.append(a);
		const reading = follow();
		await until(() => server.seen.length === 1 && (!isOpen || told().includes('a')));
		stop.abort(new Error('left'));
		await t.throwsAsync(reading, {message: 'left'});
	});
}

test('before the first response, a second read may take as long as the follow', async t => {
	const {server, follow, told} = await logOf(t, {
		stallTimeouts: {...defaultStallTimeouts, checkApiserverAfterMs: 40, secondReadAfterMs: 60, responseTimeoutMs: 100},
	});
	server.faults.push({kind: 'silence'}, {kind: 'silence'});
	void follow().catch(() => undefined);
	await until(() => server.seen.length === 2);
	await delay(300);
	t.deepEqual(told(), []);
});

test('an error of a reader is thrown, although a restart has ended the follow', async t => {
	const {file, follow} = await logOf(t);
	file.append(a);
	file.end();
	await follow();
	file.rotate();
	file.append(c);
	let hasEnded = false;
	const reading = follow(
		async () => {
			hasEnded = true;
			return true;
		},
		{
			hasEnded: () => hasEnded,
			async onResumed() {
				throw new Error('the reader has gone');
			},
		},
	);
	await t.throwsAsync(reading, {message: 'the reader has gone'});
});

test.serial('a follow without a response ends when a restart is seen that ends it', async t => {
	const {server, file, follow} = await logOf(t);
	file.append(a);
	file.end();
	await follow();
	server.faults.push({kind: 'silence'});
	mock.timers.enable({apis: ['setTimeout']});
	t.teardown(() => {
		mock.timers.reset();
	});
	let hasEnded = false;
	const reading = follow(
		async () => {
			hasEnded = true;
			return true;
		},
		{hasEnded: () => hasEnded},
	);
	await until(() => server.seen.length === 2);
	mock.timers.tick(3000);
	t.is((await reading)?.message, 'no longer needed');
});
