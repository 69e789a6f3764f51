/** Konnectivity servers that are gone or replaced, and an agent that does not respond. */
import {once} from 'node:events';
import {rm} from 'node:fs/promises';
import {createServer} from 'node:net';
import test from 'ava';
import {until} from '../support/until.ts';
import {freezeAgents, killTunnelServer, restoreTunnelServer, thawAgents} from './lab/faults.ts';
import {tunnelSocket} from './lab/konnectivity.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {waitFor} from './lab/wait.ts';
import {linesPod} from './lab/workloads.ts';
import {slack, useCluster} from './support/cluster.ts';
import {assertExplained, provokedInTunnels} from './support/explained.ts';
import {checkNodes} from './support/node-checks.ts';
import {assertComplete, follow} from './support/written-lines.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;
const [frozenAgent, noServer, noProxy, hangsUp, rejects] = provokedInTunnels['tunnel-outage'];
const exec = 'exec shell -- true';

tunnelTest('a stopped, replaced or rejecting tunnel server is reported, and a follow resumes without a gap when it is back', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'off-grpc', 'off-http']});
	const {lab} = cluster;
	await cluster.apply(linesPod('tunnel-outage', '-rate=200'));
	t.teardown(async () => cluster.kubectl('off-direct', 'delete pod tunnel-outage --wait=false'));
	const running = await follow(cluster, 'off-grpc', 'tunnel-outage --tail=1');
	await Promise.all([killTunnelServer(lab, 'grpc'), killTunnelServer(lab, 'http-connect')]);
	try {
		const serverText = /dial unix \S+: connect: (connection refused|no such file)/;
		// An apiserver dials for 30 s before it reports why.
		await Promise.all([
			cluster.spoke('off-grpc', exec).then(({stderr}) => {
				assertExplained(t, {id: noServer, output: stderr, serverText});
			}),
			cluster.spoke('off-http', exec).then(({stderr}) => {
				assertExplained(t, {id: noProxy, output: stderr, serverText});
			}),
			until(() => running.stderr().includes('Konnectivity server'), running.stderr, slack(30_000)),
		]);
		for (const [id, response, text] of [
			[hangsUp, '', /reading HTTP response from CONNECT to \S+ via .* failed: .*EOF/],
			[rejects, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n', /code 403: 403 Forbidden/],
		] as const) {
			const proxy = createServer(socket => socket.once('data', () => socket.end(response)));
			await rm(tunnelSocket(lab, 'http-connect'), {force: true});
			await once(proxy.listen(tunnelSocket(lab, 'http-connect')), 'listening');
			const {stderr} = await cluster.spoke('off-http', exec);
			proxy.close();
			assertExplained(t, {id, output: stderr, serverText: text});
		}

		t.notRegex(running.stderr(), /reconnected after|may be missing/);
	} finally {
		await Promise.all([restoreTunnelServer(lab, 'grpc'), restoreTunnelServer(lab, 'http-connect')]);
	}

	await until(() => running.stderr().includes('resumed at the last line, no gap'), running.stderr, slack(30_000));
	await assertComplete(t, running);
});

tunnelTest('with one frozen agent, its nodes fail in one group that names node and agent', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'off-grpc'], nodes: ['n1', 'n2']});
	const {lab} = cluster;
	// Each dial goes to the agent of its node.
	await killTunnelServer(lab, 'grpc');
	await restoreTunnelServer(lab, 'grpc', {strategies: 'destHost'});
	try {
		await waitFor('n2 through the tunnel', async () => (await cluster.kubectl('off-grpc', 'logs rotating --tail=1')).status === 0, {
			limitMs: 90_000,
		});
		await freezeAgents(lab, 'grpc', 'n2');
		const ready = 'jsonpath={..conditions[?(@.type=="Ready")].status}';
		const agent = `get pods -n kube-system -l mode=grpc --field-selector spec.nodeName=n2 -o ${ready}`;
		await waitFor('the agent of n2 to be unready', async () => (await cluster.kubectl('off-direct', agent)).stdout.includes('False'));
		const [{checks, summary, status}, dialed] = await Promise.all([
			checkNodes(cluster, 'off-grpc'),
			cluster.spoke('off-grpc', 'exec rotating -- true'),
		]);
		assertExplained(t, {id: frozenAgent, output: dialed.stderr, serverText: /dial timeout, backstop/});
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
		await thawAgents(lab, 'grpc', 'n2').catch(() => undefined);
		await killTunnelServer(lab, 'grpc');
		await restoreTunnelServer(lab, 'grpc');
	}
});
