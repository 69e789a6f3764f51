/** A client of the cluster that flags and environment name, closed with its test. */
import type {ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {createClusterClient} from '../../source/cluster/create-cluster-client.ts';
import {connectionFlags} from '../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/base/command-line/parse-command-line.ts';

export async function clientForTest(
	t: Pick<ExecutionContext, 'teardown'>,
	argv: readonly string[],
	environment: NodeJS.ProcessEnv = {KUBECONFIG: '/dev/null', HOME: '/nonexistent'},
): Promise<ClusterClient> {
	const cluster = await createClusterClient(parseCommandLine(connectionFlags, argv).flags, environment);
	t.teardown(() => {
		cluster.close();
	});
	return cluster;
}
