/** Active probes of an apiserver. */
import test from 'ava';
import {connectionFlags} from '../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/command-line/parse-command-line.ts';
import {createClusterClient} from '../../source/cluster/create-cluster-client.ts';
import {findPaths} from '../../source/evidence/find-paths.ts';
import {openSandbox} from '../support/sandbox.ts';

test('after active probes without a pod, no need names --probe active', async t => {
	const {env} = await openSandbox(t, {scenario: 'konnectivity'});
	const cluster = await createClusterClient(parseCommandLine(connectionFlags, []).flags, env);
	t.teardown(() => {
		cluster.close();
	});
	const needsOf = async (probe: 'passive' | 'active') =>
		(await findPaths(cluster, 'svc/kubernetes', {probe})).map(({feature, legs}) => [feature, ...legs[1]!.route.need.map(({or}) => or)]);
	t.deepEqual(await needsOf('passive'), [['service-proxy', '--probe active']]);
	t.deepEqual(await needsOf('active'), [['service-proxy', 'the path of the stream itself: spoke proxy get TARGET --path=json']]);
});
