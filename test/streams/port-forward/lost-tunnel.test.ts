/** A connection and the path report the same loss of their tunnel. */
import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {createClusterClient} from '../../../source/cluster/create-cluster-client.ts';
import {connectionFlags} from '../../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/command-line/parse-command-line.ts';
import type {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {ForwardEvent} from '../../../source/streams/port-forward/forward-event.ts';
import {parseListenAddresses} from '../../../source/streams/port-forward/listen-address.ts';
import {parsePortSpec} from '../../../source/streams/port-forward/port-spec.ts';
import {startForward} from '../../../source/streams/port-forward/start-forward.ts';
import {parseTarget} from '../../../source/targets/parse-target.ts';
import {dial, readToEnd} from '../../support/port-forward-run.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {startTcpCutter} from '../../support/tcp-cutter.ts';

type Failed = Extract<ForwardEvent, {event: 'connection-failed'}>;

/** Two connections have transferred a byte; the test can break the network. */
async function forwarded(t: ExecutionContext) {
	const {sandbox, kubeconfigFile} = await openSandbox(t);
	const cutter = await startTcpCutter(new URL(sandbox.server).host);
	const cluster = await createClusterClient(
		parseCommandLine(connectionFlags, ['--kubeconfig', kubeconfigFile, '--server', `https://${cutter.address}`]).flags,
		{},
	);
	const stop = new AbortController();
	const state = {answers: Promise.resolve()};
	const slow: ClusterClient = {
		...cluster,
		async connect(options) {
			await state.answers;
			return cluster.connect(options);
		},
	};
	const ofPath: SpokeError[] = [];
	const {events} = startForward(
		slow,
		{
			target: parseTarget('pod/db-0'),
			ports: [{id: 'f1', spec: parsePortSpec(':7000')}],
			addresses: parseListenAddresses(['127.0.0.1']),
			podRunningTimeoutMs: 10_000,
		},
		{signal: stop.signal, observer: {onFailed: (_connection, _purpose, error) => ofPath.push(error)}},
	);
	const told: ForwardEvent[] = [];
	const failed: Failed[] = [];
	const ready = Promise.withResolvers<number>();
	const bothFailed = Promise.withResolvers<void>();
	const ended = (async () => {
		for await (const event of events) {
			told.push(event);
			if (event.event === 'ready') {
				ready.resolve(event.listen[0]!.port);
			} else if (event.event === 'connection-failed' && failed.push(event) === 2) {
				bothFailed.resolve();
			}
		}
	})();
	t.teardown(async () => {
		stop.abort();
		await ended;
		cluster.close();
		await cutter.stop();
	});
	const port = await ready.promise;
	const dialedAt = performance.now();
	const sockets = await Promise.all([dial(port), dial(port)]);
	await Promise.all(
		sockets.map(async socket => {
			socket.write('x');
			await once(socket, 'data');
		}),
	);
	return {
		dialedAt,
		sandbox,
		cutter,
		stop,
		ended,
		told,
		failed,
		bothFailed: bothFailed.promise,
		ofPath,
		state,
		ends: Promise.all(sockets.map(async socket => readToEnd(socket))),
	};
}

type Forwarded = Awaited<ReturnType<typeof forwarded>>;

const rows: ReadonlyArray<[title: string, cut: (forwarded: Forwarded) => void, leg: 1 | 2, words: RegExp]> = [
	[
		'a reset of spoke’s own connection fails its connections on leg 1',
		({cutter}) => {
			cutter.reset();
		},
		1,
		/: the connection to the apiserver \(leg 1\) was lost$/,
	],
	[
		'an end while the apiserver answers nobody fails its connections on leg 1',
		({cutter, sandbox}) => {
			cutter.refuse(true);
			sandbox.faults.cutSecondLeg();
		},
		1,
		/: the connection to the apiserver \(leg 1\) was lost$/,
	],
	[
		'an end while the apiserver answers may be on either leg, and the failures of its connections say so',
		({sandbox}) => {
			sandbox.faults.cutSecondLeg();
		},
		2,
		/unknown whether its connection to the kubelet \(leg 2\) or your connection to the apiserver \(leg 1\) was lost$/,
	],
];

for (const [title, cut, leg, words] of rows) {
	test(title, async t => {
		const line = await forwarded(t);
		cut(line);
		await line.bothFailed;
		t.deepEqual(
			(await line.ends).map(({end}) => end),
			['RST', 'RST'],
		);
		for (const {error, up, down} of line.failed) {
			t.is(error.leg, leg);
			t.regex(error.message, words);
			t.true(line.ofPath.includes(error), 'the path says the very same');
			t.deepEqual([up, down, error.exitStatus], [1, 1, 13]);
		}
	});
}

test('a client sees its end at once while the apiserver is still being checked', async t => {
	const line = await forwarded(t);
	const answers = Promise.withResolvers<void>();
	line.state.answers = answers.promise;
	line.sandbox.faults.cutSecondLeg();
	await line.ends;
	const endedAt = performance.now();
	t.deepEqual(line.failed, []);
	await new Promise(resolve => {
		setTimeout(resolve, 1000);
	});
	answers.resolve();
	await line.bothFailed;
	t.true(performance.now() - endedAt >= 1000);
	t.true(line.failed.every(({durationMs}) => durationMs <= Math.ceil(endedAt - line.dialedAt)));
});

test('an abort during the apiserver check reports each connection with an unknown leg', async t => {
	const line = await forwarded(t);
	line.state.answers = Promise.withResolvers<void>().promise;
	line.sandbox.faults.cutSecondLeg();
	await line.ends;
	line.stop.abort();
	await line.ended;
	t.is(line.failed.length, 2);
	for (const {error} of line.failed) {
		t.regex(
			error.message,
			/: it is unknown whether the apiserver’s connection to the kubelet \(leg 2\) or your connection to the apiserver \(leg 1\) was lost$/,
		);
	}
});
