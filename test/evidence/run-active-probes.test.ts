/** Active probes of an apiserver. */
import test from 'ava';
import type {Connection} from '../../source/cluster/cluster-client.ts';
import {examineApiserver} from '../../source/evidence/examine-apiserver.ts';
import {findPaths} from '../../source/evidence/find-paths.ts';
import {clientForTest} from '../support/client-for-test.ts';
import {openSandbox} from '../support/sandbox.ts';

test('an examination that fails closes its connection', async t => {
	const {env} = await openSandbox(t);
	const cluster = await clientForTest(t, [], env);
	const opened: Connection[] = [];
	const connect = cluster.connect.bind(cluster);
	cluster.connect = async options => {
		opened.push(await connect(options));
		return opened.at(-1)!;
	};
	const failure = new Error('a kubelet answered nonsense');
	const examined = examineApiserver(cluster, {
		async beforeMetrics() {
			throw failure;
		},
	});
	t.is(await t.throwsAsync(examined), failure);
	t.deepEqual(
		opened.map(({usable}) => usable),
		[false],
	);
});

test('after active probes without a pod, no need names --probe active', async t => {
	const {env} = await openSandbox(t, {scenario: 'konnectivity'});
	const cluster = await clientForTest(t, [], env);
	const needsOf = async (probe: 'passive' | 'active') =>
		(await findPaths(cluster, 'svc/kubernetes', {probe})).map(({feature, legs}) => [feature, ...legs[1]!.route.need.map(({or}) => or)]);
	t.deepEqual(await needsOf('passive'), [['service-proxy', '--probe active']]);
	t.deepEqual(await needsOf('active'), [['service-proxy', 'the path of the stream itself: spoke proxy get TARGET --path=json']]);
});
