/** Logs over a network that stalls each connection after some bytes, without a reset. */
import {PassThrough} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import {readFully} from '../../../source/cluster/transport/response-body.ts';
import {WatchedPod} from '../../../source/streams/logs/container-instance.ts';
import {defaultStallTimeouts, type StallTimeouts} from '../../../source/streams/logs/stall-detector.ts';
import {type Followed, followServer} from '../../support/followed-log.ts';
import {LogServer, type LogRecord} from '../../support/log-server.ts';
import {clientForTest} from '../../support/client-for-test.ts';
import {startTcpCutter} from '../../support/tcp-cutter.ts';

const quickly: StallTimeouts = {
	...defaultStallTimeouts,
	checkApiserverAfterMs: 200,
	apiserverTimeoutMs: 2000,
	secondReadAfterMs: 300,
	deliveryTimeoutMs: 100,
	secondReadIntervalMs: 60_000,
	responseTimeoutMs: 2000,
	silenceTimeoutMs: 500,
};

async function behindCutter(t: ExecutionContext) {
	const server = await LogServer.start(t);
	const cutter = await startTcpCutter(new URL(server.url).host);
	t.teardown(async () => cutter.stop());
	const cluster = await clientForTest(t, ['--server', `http://${cutter.address}`, '--namespace', 'demo']);
	return {server, cutter, cluster, log: server.addLog('w')};
}

/** Per second, ten lines of 200 bytes. */
function records(count: number): LogRecord[] {
	const start = Date.parse('2026-11-24T14:00:00Z');
	return Array.from({length: count}, (_, index) => ({
		time: new Date(start + index * 100).toISOString(),
		text: `${index} ${'x'.repeat(200)}`,
	}));
}

const linesOf = ({text}: Pick<Followed, 'text'>) => text.split('\n').length - 1;

test('a log whose connections all stop early is emitted completely', async t => {
	t.timeout(60_000);
	const {server, cutter, cluster, log} = await behindCutter(t);
	server.restartPolicy = 'Never';
	cutter.stopAfter(12_000);
	log.append(...records(200));
	const followed = await followServer(
		server,
		cluster,
		(_, so) => {
			if (linesOf(so) === 200 && log.state === 'running') {
				log.end();
			}
		},
		{stallTimeouts: quickly},
	);
	t.deepEqual(
		[...followed.text.matchAll(/ (\d+) /g)].map(([, number]) => Number(number)),
		Array.from({length: 200}, (_, index) => index),
	);
	t.true(followed.of('stalled').length > 2);
});

test('a second read that is reset midway still finds new lines', async t => {
	const {server, cluster, log} = await behindCutter(t);
	server.restartPolicy = 'Never';
	log.append(...records(5));
	server.faults.push({kind: 'freeze', afterBytes: 1}, {kind: 'cut', afterBytes: 600});
	const {text} = await followServer(
		server,
		cluster,
		(_, so) => {
			if (linesOf(so) === 5) {
				log.end();
			}
		},
		{stallTimeouts: quickly},
	);
	t.is(linesOf({text}), 5);
});

test('reading a pod whose response stops midway ends at the timeout', async t => {
	const {server, cutter, cluster} = await behindCutter(t);
	cutter.stopAfter(150);
	const view = new WatchedPod(cluster, server.pods.get('w')!.object, {isWatched: false});
	await t.throwsAsync(view.read(undefined, 3000), {
		code: 'ERR_APISERVER_TIMEOUT',
		message: 'the apiserver did not return pod w within 3 s',
	});
	t.is(cutter.stopped, 1);
});

test('a response that is read whole can pause until its timeout', async t => {
	const slow = new PassThrough();
	const whole = readFully(slow, 1000, 'it', 50);
	slow.write('begun');
	await t.throwsAsync(whole, {
		code: 'ERR_APISERVER_TIMEOUT',
		message: 'the response of it stopped after 5 bytes: no more data for 0.05 s',
	});
	t.true(slow.destroyed);
});
