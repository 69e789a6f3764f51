/** `spoke doctor nodes` against real kubelets, and through Konnectivity with one dead agent. */
import test from 'ava';
import type {NodeCheck, NodeCheckSummary} from '../../source/evidence/node-checks/node-check.ts';
import {freezeAgents, killTunnelServer, restoreTunnelServer, thawAgents} from './lab/faults.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {waitFor} from './lab/wait.ts';
import {useCluster, type Cluster} from './support/cluster.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;

async function checkNodes(cluster: Cluster, posture: 'off-direct' | 'good-direct' | 'off-grpc', user: 'admin' | 'plain' = 'admin') {
	const {stdout, stderr, status} = await cluster.spoke(posture, ['doctor', 'nodes', '--probe', 'active', '-o', 'json'], {
		user,
		limitMs: 120_000,
	});
	const objects = stdout
		.split('\n')
		.filter(Boolean)
		.map(line => JSON.parse(line) as NodeCheck | NodeCheckSummary);
	const checks = new Map(objects.filter(object => object.kind === 'NodeCheck').map(check => [check.node, check]));
	return {status, stderr, checks, summary: objects.find(object => object.kind === 'NodeCheckSummary')!};
}

test.serial('a kubelet that responds is unverified or verified by the flags of its apiserver, proven', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'good-direct'], nodes: ['n1']});
	for (const [posture, state] of [
		['off-direct', 'unverified'],
		['good-direct', 'verified'],
	] as const) {
		const {checks, stderr} = await checkNodes(cluster, posture);
		const n1 = checks.get('n1');
		t.is(n1?.result, 'responded', stderr);
		t.deepEqual([n1?.path.legs[1]?.tls.state, n1?.path.legs[1]?.tls.basis], [state, 'proven']);
	}
});

test.serial('a user of one namespace checks the nodes of its pods', async t => {
	const cluster = await useCluster({postures: ['off-direct'], nodes: ['n1']});
	const {checks, summary} = await checkNodes(cluster, 'off-direct', 'plain');
	t.is(checks.get('n1')?.result, 'responded');
	t.deepEqual([summary.nodesFrom, summary.namespaces], ['pods', ['demo']]);
});

tunnelTest('with one frozen agent, its nodes fail in one group that names node and agent', async t => {
	const cluster = await useCluster({postures: ['off-grpc'], nodes: ['n1', 'n2']});
	await killTunnelServer(cluster.lab, 'grpc');
	await restoreTunnelServer(cluster.lab, 'grpc', {strategies: 'destHost'});
	const responds = async (node: string) => (await checkNodes(cluster, 'off-grpc')).checks.get(node)?.result === 'responded';
	await waitFor('n1 and n2 through the tunnel', async () => (await responds('n1')) && (await responds('n2')), {limitMs: 90_000});
	await freezeAgents(cluster.lab, 'grpc', 'n2');
	try {
		await waitFor('the agent of n2 to be unready', async () => {
			const args = [
				'get',
				'pods',
				'-n',
				'kube-system',
				'-l',
				'mode=grpc',
				'--field-selector',
				'spec.nodeName=n2',
				'-o',
				'jsonpath={..conditions[?(@.type=="Ready")].status}',
			];
			return (await cluster.kubectl('off-direct', args)).stdout.includes('False');
		});
		const {checks, summary, status} = await checkNodes(cluster, 'off-grpc');
		t.is(checks.get('n1')?.result, 'responded');
		const group = summary.groups.find(({nodes}) => nodes.includes('n2'));
		// The tunnel may answer only after the timeout.
		t.true(['failed', 'no-response'].includes(group?.result ?? ''), JSON.stringify(summary));
		t.deepEqual([group?.nodes, group?.route], [['n2'], 'konnectivity']);
		t.true(
			group?.consistentFacts.some(fact => /^agent pod kube-system\/konnectivity-agent-\w+ on n2 is not ready$/.test(fact)),
			JSON.stringify(group?.consistentFacts),
		);
		t.is(status, 11);
	} finally {
		await thawAgents(cluster.lab, 'grpc', 'n2').catch(() => undefined);
		await killTunnelServer(cluster.lab, 'grpc');
		await restoreTunnelServer(cluster.lab, 'grpc');
	}
});
