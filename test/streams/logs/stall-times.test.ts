/** When a silent follow is checked, by timers that the test moves. */
import process from 'node:process';
import {mock} from 'node:test';
import {setImmediate as turn} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {OpenLog} from '../../../source/streams/logs/open-log.ts';
import {ApiserverCheck, FollowRead} from '../../../source/streams/logs/stall-detector.ts';

const timeouts = {
	checkApiserverAfterMs: 40,
	apiserverTimeoutMs: 60_000,
	secondReadAfterMs: 60,
	deliveryTimeoutMs: 0,
	secondReadIntervalMs: 100,
	responseTimeoutMs: 1000,
	silenceTimeoutMs: 1000,
};
const response = {body: {resume() {}}};

/** A follow without data, whose checks end as `respond` says. */
function silentFollow(t: ExecutionContext, respond: () => Promise<unknown> = async () => response) {
	mock.timers.enable({apis: ['setTimeout', 'setInterval']});
	let uptimeMs = 1_000_000;
	let clockMs = Date.now();
	mock.method(process, 'uptime', () => uptimeMs / 1000);
	mock.method(Date, 'now', () => clockMs);
	const told: string[] = [];
	const count = {requests: 0, secondReads: 0};
	const cluster = {
		async logIn() {},
		async request() {
			count.requests++;
			return respond();
		},
	} as unknown as ClusterClient;
	const read = new FollowRead({
		source: {namespace: 'd', pod: 'p', uid: null, node: null, container: 'app'},
		async emit(event) {
			told.push(event.type === 'stalled' ? `stalled on leg ${event.leg}` : event.type);
		},
		signal: undefined,
		apiserverCheck: new ApiserverCheck(cluster, timeouts.apiserverTimeoutMs),
		stallTimeouts: timeouts,
		hasEnded: () => false,
		async onUnanswered() {},
		async hasNewLines() {
			count.secondReads++;
			return false;
		},
	});
	void read.open(async () => ({close() {}}) as OpenLog);
	t.teardown(() => {
		read.close();
		mock.timers.reset();
		mock.restoreAll();
	});
	return {
		read,
		told,
		count,
		moveClock(ms: number) {
			clockMs += ms;
		},
		async pass(ms: number) {
			for (let passed = 0; passed < ms; passed += 5) {
				const stepMs = Math.min(5, ms - passed);
				uptimeMs += stepMs;
				clockMs += stepMs;
				mock.timers.tick(stepMs);
				await turn();
				await turn();
			}
		},
	};
}

test.serial('the apiserver is checked as soon as a follow was silent for the limit', async t => {
	const {read, count, told, pass} = silentFollow(t);
	await pass(39);
	read.dataReceived();
	await pass(39);
	t.is(count.requests, 0);
	await pass(2);
	t.is(count.requests, 1);
	t.deepEqual(told, []);
});

for (const [title, jumpMs, afterMs] of [
	['a silent follow is checked although the system clock is set back', -3_600_000, 40],
	// The monotonic clock of Linux stands still meanwhile.
	['a follow is checked at once after the machine was suspended', 3_600_000, 10],
] as const) {
	test.serial(title, async t => {
		const {count, moveClock, pass} = silentFollow(t);
		moveClock(jumpMs);
		await pass(afterMs);
		t.is(count.requests, 1);
	});
}

test.serial('a paused follow is not checked before its next data', async t => {
	const {read, count, pass} = silentFollow(t);
	read.pause();
	await pass(200);
	t.is(count.requests, 0);
	read.dataReceived();
	await pass(40);
	t.is(count.requests, 1);
});

test.serial('the log is read again after its limit, then at most 1.25 intervals later', async t => {
	mock.method(Math, 'random', () => 1);
	const {count, pass} = silentFollow(t);
	await pass(59);
	t.is(count.secondReads, 0);
	await pass(1);
	t.is(count.secondReads, 1);
	await pass(120);
	t.is(count.secondReads, 1);
	await pass(10);
	t.is(count.secondReads, 2);
});

test.serial('a check that proves nothing is repeated after an interval', async t => {
	const {count, told, pass} = silentFollow(t, async () => {
		throw new SpokeError('ERR_APISERVER_TLS', 'certificate has expired');
	});
	await pass(40);
	const each = count.requests;
	t.true(each > 0);
	await pass(90);
	t.is(count.requests, each);
	await pass(10);
	t.is(count.requests, 2 * each);
	t.deepEqual(told, []);
});

test.serial('a check is shown as slow after 1 s', async t => {
	const {told, pass} = silentFollow(t, async () => new Promise(() => {}));
	await pass(40 + 995);
	t.deepEqual(told, []);
	await pass(5);
	t.deepEqual(told, ['checking']);
});

const noAnswer = new SpokeError('ERR_APISERVER_TIMEOUT', 'the apiserver did not answer');

for (const [title, stops, end, expected] of [
	['is shown until its response', false, response, ['checking', 'checked']],
	['of a follow that ended is not shown any more', true, response, ['checking']],
	['that finds a stall is no longer shown as over', false, noAnswer, ['checking', 'stalled on leg 1']],
] as const) {
	test.serial(`a slow check ${title}`, async t => {
		const {promise, resolve, reject} = Promise.withResolvers<unknown>();
		const {read, told, pass} = silentFollow(t, async () => promise);
		await pass(2000);
		if (stops) {
			read.close();
		}

		if (end === noAnswer) {
			reject(end);
		} else {
			resolve(end);
		}

		await pass(5);
		t.deepEqual(told, [...expected]);
	});
}
