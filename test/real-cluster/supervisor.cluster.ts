/** An apiserver behind a supervisor whose tunnel has a session for n1 only, as in k3s when the agent of a node is not connected. */
import test from 'ava';
import type {NodeCheck, NodeCheckSummary} from '../../source/evidence/doctor/doctor-object.ts';
import {useCluster} from './support/cluster.ts';
import {pathsIn} from './support/stream-cells.ts';

const server = 'good-supervisor';

test.serial('a kubelet whose node has no session fails with a remedy that names the agent of k3s', async t => {
	const cluster = await useCluster({postures: [server], nodes: ['n1', 'n2']});
	const {stderr, status} = await cluster.spoke(server, ['logs', 'rotating', '--tail=1']);
	t.is(status, 11);
	t.regex(stderr, /code 502: 502 Bad Gateway/, 'the server’s own text');
	t.regex(stderr, /on k3s and RKE2, its k3s-agent or rke2-agent is not connected/);
});

test.serial('a check of all nodes names the node without a session, and the others respond verified', async t => {
	const cluster = await useCluster({postures: [server], nodes: ['n1', 'n2']});
	const {stdout} = await cluster.spoke(server, ['doctor', 'nodes', '--probe', 'active', '-o', 'json'], {limitMs: 120_000});
	const checks = stdout
		.split('\n')
		.filter(line => line.includes('"NodeCheck"'))
		.map(line => JSON.parse(line) as NodeCheck);
	t.deepEqual(
		['n1', 'n2'].map(node => checks.find(check => check.node === node)?.result),
		['responded', 'failed'],
	);
	const {tls, route} = checks.find(({node}) => node === 'n1')!.path.legs[1]!;
	t.deepEqual([tls.state, tls.basis, route.state], ['verified', 'proven', 'egress-http-connect']);
	const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as NodeCheckSummary;
	t.is(summary.agents, null, 'the agents in kube-system belong to other apiservers');
	t.notRegex(summary.groups.flatMap(({consistentFacts}) => consistentFacts).join('; '), /agent pods/);
});

test.serial('a proxy request to a node without a session arrives, and is not shown as protected', async t => {
	const cluster = await useCluster({postures: [server], nodes: ['n1', 'n2']});
	const {stdout, stderr} = await cluster.spoke(server, ['proxy', 'get', 'node/http:n2:10248/healthz', '--path=json']);
	t.is(stdout.trim(), 'ok', 'only a direct dial of the supervisor can reach it');
	const [path] = pathsIn(stderr).slice(-1);
	t.is(path?.legs[1]?.tls.state, 'plain', stderr);
	t.not(path?.exposure.state, 'protected', stderr);
});
