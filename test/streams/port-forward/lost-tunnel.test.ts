/** A connection and the path report the same loss of their tunnel. */
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import type {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {dial, readToEnd} from '../../support/port-forward-run.ts';
import {openCutCluster, openForward} from '../../support/open-forward.ts';
import {until} from '../../support/until.ts';

/** Two connections have transferred a byte; the test can break the network. */
async function forwarded(t: ExecutionContext) {
	const {sandbox, cutter, cluster} = await openCutCluster(t);
	const state = {answers: Promise.resolve()};
	const slow: ClusterClient = {
		...cluster,
		async connect(options) {
			await state.answers;
			return cluster.connect(options);
		},
	};
	const ofPath: SpokeError[] = [];
	const forward = await openForward(t, slow, {
		target: 'pod/db-0',
		observer: {onFailed: (_connection, _purpose, error) => ofPath.push(error)},
	});
	const failed = () => forward.told.filter(one => one.event === 'connection-failed');
	const dialedAt = performance.now();
	const sockets = await Promise.all([dial(forward.port), dial(forward.port)]);
	await Promise.all(
		sockets.map(async socket => {
			socket.write('x');
			await once(socket, 'data');
		}),
	);
	return {
		...forward,
		dialedAt,
		sandbox,
		cutter,
		failed,
		bothFailed: async () => until(() => failed().length === 2, forward.told),
		ofPath,
		state,
		ends: Promise.all(sockets.map(async socket => readToEnd(socket))),
	};
}

type Forwarded = Awaited<ReturnType<typeof forwarded>>;

const rows: ReadonlyArray<[title: string, cut: (forwarded: Forwarded) => void, leg: 1 | 2, words: RegExp]> = [
	[
		'a reset of spoke’s own connection fails its connections on leg 1',
		({cutter}) => cutter.reset(),
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
		({sandbox}) => sandbox.faults.cutSecondLeg(),
		2,
		/unknown whether the apiserver’s connection to the kubelet \(leg 2\) or your connection to the apiserver \(leg 1\) was lost$/,
	],
];

for (const [title, cut, leg, words] of rows) {
	test(title, async t => {
		const line = await forwarded(t);
		cut(line);
		await line.bothFailed();
		t.deepEqual(
			(await line.ends).map(({end}) => end),
			['RST', 'RST'],
		);
		for (const {error, up, down} of line.failed()) {
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
	t.deepEqual(line.failed(), []);
	await delay(1000);
	answers.resolve();
	await line.bothFailed();
	t.true(performance.now() - endedAt >= 1000);
	t.true(line.failed().every(({durationMs}) => durationMs <= Math.ceil(endedAt - line.dialedAt)));
});

test('an abort during the apiserver check reports each connection with an unknown leg', async t => {
	const line = await forwarded(t);
	line.state.answers = Promise.withResolvers<void>().promise;
	line.sandbox.faults.cutSecondLeg();
	await line.ends;
	line.stop.abort();
	await line.ended;
	t.is(line.failed().length, 2);
	for (const {error} of line.failed()) {
		t.regex(
			error.message,
			/: it is unknown whether the apiserver’s connection to the kubelet \(leg 2\) or your connection to the apiserver \(leg 1\) was lost$/,
		);
	}
});
