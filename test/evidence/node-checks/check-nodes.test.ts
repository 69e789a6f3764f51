/** Checks of the kubelets of all nodes of a sandbox. */
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {checkNodes, type NodeCheckOptions} from '../../../source/evidence/node-checks/check-nodes.ts';
import type {NodeCheck, NodeCheckSummary, NodeGroup} from '../../../source/evidence/doctor/doctor-object.ts';
import {findPaths} from '../../../source/evidence/find-paths.ts';
import {planNodeChecks} from '../../../source/evidence/node-checks/plan-node-checks.ts';
import type {UserName} from '../../../source/sandbox/sandbox.ts';
import {type ByHand, reply} from '../../support/api-server.ts';
import {clientForTest} from '../../support/client-for-test.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {addScriptedNodes, type ScriptedNode} from '../../support/scripted-nodes.ts';

const responding = reply(200, 'x');

async function open(t: ExecutionContext, nodes: Readonly<Record<string, ScriptedNode>> = {}, user: UserName = 'admin') {
	const {sandbox, env} = await openSandbox(t, {user});
	await addScriptedNodes(t, sandbox, nodes);
	const cluster = await clientForTest(t, [], env);
	return {sandbox, cluster};
}

async function check(
	cluster: ClusterClient,
	options: Partial<NodeCheckOptions> = {},
): Promise<{summary: NodeCheckSummary; checks: ReadonlyMap<string, NodeCheck>}> {
	const checks = new Map<string, NodeCheck>();
	const summary = await checkNodes(cluster, await planNodeChecks(cluster), {
		concurrency: 10,
		timeoutMs: 35_000,
		...options,
		async onChecked(check, counts) {
			checks.set(check.node, check);
			await options.onChecked?.(check, counts);
		},
	});
	return {summary, checks};
}

function groupWith(summary: NodeCheckSummary, node: string): NodeGroup | undefined {
	return summary.groups.find(({nodes}) => nodes.includes(node));
}

for (const [verification, state] of [
	['off', 'unverified'],
	['good', 'verified'],
] as const) {
	test(`every kubelet that responds is ${state}, proven, if the apiserver's verification is ${verification}`, async t => {
		const {sandbox, cluster} = await open(t);
		await sandbox.switches.set({verification});
		const {summary, checks} = await check(cluster);
		t.deepEqual(
			[...checks.values()].map(({result, path}) => [result, path.about, path.legs[1]?.tls.state, path.legs[1]?.tls.basis]),
			Array.from({length: 3}, () => ['responded', 'ended-connection', state, 'proven']),
		);
		t.deepEqual(
			summary.groups.map(({nodes}) => nodes),
			[['cp', 'n1', 'n2']],
		);
		t.is(summary.exitStatus, 0);
	});
}

test('a refused kubelet certificate is a failure of leg 2 that names the nodes', async t => {
	const {sandbox, cluster} = await open(t);
	await sandbox.switches.set({verification: 'bad'});
	const {summary, checks} = await check(cluster);
	t.deepEqual([...checks.values()].map(({path}) => [path.legs[1]?.tls.state, path.legs[1]?.tls.basis])[0], ['refused', 'inferred']);
	t.deepEqual(
		summary.groups.map(({result, tls, nodes, error}) => [result, tls, nodes, error?.leg]),
		[['failed', 'refused', ['cp', 'n1', 'n2'], 2]],
	);
	t.is(summary.exitStatus, 11);
});

test('nodes that refuse connections form one group apart from those that respond', async t => {
	const {cluster} = await open(t, {shut1: {kind: 'closed'}, shut2: {kind: 'closed'}, fine: responding});
	const {summary} = await check(cluster);
	const shut = groupWith(summary, 'shut1');
	t.deepEqual([shut?.result, shut?.rule, shut?.nodes], ['failed', 'D1', ['shut1', 'shut2']]);
	t.is(summary.groups[0], shut, 'failures first');
	t.is(groupWith(summary, 'fine')?.result, 'responded');
	t.deepEqual(summary.nodes, {total: 6, responded: 4, failed: 2, noResponse: 0, notTried: 0, unfinished: 0});
	t.is(summary.exitStatus, 11);
});

test('a node that was not tried shows the distribution that its label names', async t => {
	const {sandbox, cluster} = await open(t);
	// An egress file is set and not in use yet, so the route is unknown.
	await sandbox.switches.set({route: 'konnectivity', agents: 'gone'});
	await addScriptedNodes(t, sandbox, {idle: {kind: 'no-pod', labels: {'kubernetes.azure.com/cluster': 'a', other: 'b'}}});
	const {checks} = await check(cluster, {concurrency: 1});
	const finding = checks.get('idle')?.path.findings.find(({code}) => code === 'DISTRIBUTION');
	t.regex(finding?.message ?? '', /^This looks like Azure AKS \(node label kubernetes\.azure\.com\/cluster=a\)\./);
});

test('after a check, the path of a node that failed is expected to fail, and no other', async t => {
	const {cluster} = await open(t, {shut: {kind: 'closed'}, fine: responding});
	await check(cluster);
	const brokenOf = async (pod: string) => (await findPaths(cluster, pod, {features: ['logs'], probe: 'passive'}))[0]?.broken;
	t.deepEqual([(await brokenOf('shut'))?.reason, await brokenOf('fine')], ['last-attempt-failed', null]);
});

test('an answer outweighs a tunnel that failed for another node, in whatever order they came', async t => {
	const {sandbox, cluster} = await open(t);
	await sandbox.switches.set({route: 'konnectivity', agents: 'gone'});
	const plan = await planNodeChecks(cluster);
	const options = {
		concurrency: 1,
		timeoutMs: 35_000,
		async onChecked({node}: NodeCheck) {
			// The agents end after the first two nodes have answered.
			if (node === 'n1') {
				await sandbox.switches.set({agents: 'gone'});
			}
		},
	};
	await sandbox.switches.set({agents: 'running'});
	const {nodes} = await checkNodes(cluster, plan, options);
	t.deepEqual([nodes.responded, nodes.failed], [2, 1]);
	const [path] = await findPaths(cluster, 'node/n1', {features: ['node-proxy'], probe: 'passive'});
	t.is(path?.broken, null);
});

test('a node that never answers has no response, and its leg is not known', async t => {
	const {cluster} = await open(t, {silent: {kind: 'silent'}});
	const plan = await planNodeChecks(cluster);
	const silentOnly = {...plan, nodes: plan.nodes.filter(({name}) => name === 'silent')};
	const checks: NodeCheck[] = [];
	const options = {concurrency: 1, timeoutMs: 500, onChecked: (check: NodeCheck) => void checks.push(check)};
	const {exitStatus} = await checkNodes(cluster, silentOnly, options);
	const [silent] = checks;
	t.deepEqual([silent?.result, silent?.tookMs, silent?.error?.legKnown], ['no-response', null, false]);
	t.is(silent?.path.legs[1]?.tls.state, 'unverified');
	t.is(exitStatus, 9, 'no node responded, so the apiserver may be what does not respond');
});

test('a node that stalls after the head of its answer has no response', async t => {
	const stalling: ByHand = (_, response) => {
		response.writeHead(200).flushHeaders();
	};

	const {cluster} = await open(t, {stalling});
	const plan = await planNodeChecks(cluster);
	const {nodes} = await checkNodes(
		cluster,
		{...plan, nodes: plan.nodes.filter(({name}) => name === 'stalling')},
		{concurrency: 1, timeoutMs: 500},
	);
	t.is(nodes.noResponse, 1);
});

test('a slow node is checked last and does not delay the others', async t => {
	const others = Promise.withResolvers<void>();
	const slow: ByHand = (_, response) => {
		void others.promise.then(() => response.end('x'));
	};

	const {cluster} = await open(t, {slow});
	const order: string[] = [];
	const {summary} = await check(cluster, {
		onChecked({node}, counts) {
			order.push(node);
			if (counts.unfinished === 1) {
				others.resolve();
			}
		},
	});
	t.is(order.at(-1), 'slow');
	t.is(summary.nodes.responded, 4);
});

test('no more log reads are sent at once than allowed', async t => {
	let running = 0;
	let most = 0;
	const counting: ByHand = (_, response) => {
		running++;
		most = Math.max(most, running);
		setImmediate(() => {
			running--;
			response.end('x');
		});
	};

	const {cluster} = await open(t, {a: counting, b: counting, c: counting, d: counting, e: counting});
	await check(cluster, {concurrency: 2});
	t.true(most <= 2, `${most}`);
});

test('a read asks for one byte of one line and its byte appears nowhere', async t => {
	const urls: string[] = [];
	const {cluster} = await open(t, {
		reading({url}, response) {
			urls.push(url!);
			response.end('\u00A7');
		},
	});
	const {summary, checks} = await check(cluster);
	const query = new URL(urls[0]!, 'https://kubelet').searchParams;
	t.deepEqual([urls.length, query.get('limitBytes'), query.get('tailLines')], [1, '1', '1']);
	t.false(JSON.stringify([summary, checks.get('reading')]).includes('\u00A7'));
});

test('a node without a pod is not tried and has the path of the configuration', async t => {
	const {cluster} = await open(t, {empty: {kind: 'no-pod'}});
	const {summary, checks} = await check(cluster);
	const empty = checks.get('empty');
	t.deepEqual([empty?.result, empty?.reason, empty?.pod], ['not-tried', 'no-readable-pod', null]);
	t.deepEqual([empty?.path.about, empty?.path.legs[1]?.to, empty?.path.legs[1]?.tls.state], ['configuration', 'kubelet', 'unverified']);
	t.is(summary.exitStatus, 0);
});

test('a kubelet that says why it has no log has responded', async t => {
	const waiting = reply(400, 'container "c" in pod "waiting" is waiting to start: ContainerCreating');
	const {cluster} = await open(t, {waiting});
	const {checks} = await check(cluster);
	t.is(checks.get('waiting')?.result, 'responded');
});

test('a user who cannot list nodes checks those of the pods whose logs can be read', async t => {
	const {cluster} = await open(t, {mine: responding, empty: {kind: 'no-pod'}}, 'bob');
	const {summary, checks} = await check(cluster);
	t.deepEqual([summary.nodesFrom, summary.namespaces], ['pods', ['default']]);
	t.is(checks.get('mine')?.result, 'responded');
	t.false(checks.has('empty'));
});

test('a user without permissions gets an error, not an empty check', async t => {
	const {cluster} = await open(t, {}, 'eve');
	await t.throwsAsync(planNodeChecks(cluster), {code: 'ERR_FORBIDDEN'});
});

test('a namespace and node labels limit the check', async t => {
	const {cluster} = await open(t, {mine: responding});
	const plan = await planNodeChecks(cluster, {namespace: 'default', selector: 'kubernetes.io/hostname=n1'});
	t.deepEqual(
		plan.nodes.map(({name}) => name),
		['n1'],
	);
	t.deepEqual(plan.namespaces, ['default']);
	const everywhere = await planNodeChecks(cluster, {namespace: 'default'});
	t.true(everywhere.nodes.flatMap(({candidates}) => candidates).every(({namespace}) => namespace === 'default'));
});

test('a check that is stopped reports what is known and the status of the signal', async t => {
	const {cluster} = await open(t, {silent: {kind: 'silent'}});
	const stop = new AbortController();
	const {summary} = await check(cluster, {
		concurrency: 1,
		signal: stop.signal,
		onChecked(_, counts) {
			if (counts.responded === 1) {
				stop.abort('SIGINT');
			}
		},
	});
	t.deepEqual([summary.stopped, summary.exitStatus, summary.nodes.responded], ['SIGINT', 130, 1]);
	t.is(summary.nodes.unfinished, 3);
});

test('a check whose apiserver goes away reports what is known and the error', async t => {
	const {sandbox, cluster} = await open(t);
	const {summary} = await check(cluster, {
		concurrency: 1,
		async onChecked() {
			await sandbox.close();
		},
	});
	t.deepEqual([summary.stopped, summary.error?.leg, summary.nodes.responded], ['error', 1, 1]);
	t.is(summary.exitStatus, 9);
});

test('nodes fail in one group with the agents of the tunnel when no agent runs', async t => {
	const {sandbox, cluster} = await open(t);
	await sandbox.switches.set({route: 'konnectivity', agents: 'gone'});
	const {summary} = await check(cluster);
	const [group] = summary.groups;
	t.deepEqual([group?.result, group?.rule, group?.route, group?.nodes], ['failed', 'G1', 'unknown', ['cp', 'n1', 'n2']]);
	t.deepEqual(summary.agents, []);
	t.deepEqual(group?.consistentFacts, ['no agent pod found in kube-system (none has the flag --proxy-server-host)']);
});
