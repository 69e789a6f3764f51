/** Groups, durations and status of node checks. */
import {Readable} from 'node:stream';
import test from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {noClusterObservations, noConnectionObservations} from '../../../source/evidence/connection-observations.ts';
import type {ApiserverExamination} from '../../../source/evidence/examine-apiserver.ts';
import type {NodeCheck, NodeCheckSummary} from '../../../source/evidence/doctor/doctor-object.ts';
import {addCheck, type OpenGroups, summarizeChecks} from '../../../source/evidence/node-checks/node-check-summary.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';

const examined = {own: noConnectionObservations, shared: noClusterObservations} as ApiserverExamination;
const cluster = {facts: {context: 'lab', server: 'https://lab:6443', sandbox: false}} as ClusterClient;

function made(node: string, fields: Partial<NodeCheck> = {}): NodeCheck {
	const verdict = {basis: 'proven', evidence: [], need: []};
	const leg = {tls: {...verdict, state: 'verified'}, route: {...verdict, state: 'direct', via: null, protocol: null, agent: null}};
	const path = {legs: [leg, leg]} as unknown as NodeCheck['path'];
	const base = {
		apiVersion: 'spoke/v1',
		kind: 'NodeCheck',
		time: '',
		ready: true,
		reason: null,
		pod: null,
		tookMs: null,
		error: null,
	} as const;
	return {...base, node, result: 'responded', path, ...fields};
}

function failed(node: string, text: string): NodeCheck {
	return made(node, {result: 'failed', error: new SpokeError('ERR_SECOND_LEG', text, {leg: 2, text}).toJSON()});
}

async function summaryOf(checks: readonly NodeCheck[], total = checks.length, reads: ClusterClient = cluster): Promise<NodeCheckSummary> {
	const nodes = Array.from({length: total}, (_, index) => ({name: `n${index}`, node: null, candidates: []}));
	const groups: OpenGroups = new Map();
	for (const check of checks) {
		addCheck(groups, check);
	}

	const plan = {nodes, nodesFrom: 'nodes', namespaces: null} as const;
	return summarizeChecks(reads, groups, plan, examined, {concurrency: 1, timeoutMs: 1, tookMs: 1, error: null, stoppedBy: null});
}

test('the longest duration names its node and the median is the middle one', async t => {
	const {medianMs, longestMs, longestNode} = await summaryOf([30, 10, 900, 20].map((tookMs, index) => made(`n${index}`, {tookMs})));
	t.deepEqual([medianMs, longestMs, longestNode], [20, 900, 'n2']);
});

test('durations of failures count neither for the median nor as the longest', async t => {
	const {medianMs, longestMs} = await summaryOf([made('n0', {tookMs: 5}), {...failed('n1', 'broken'), tookMs: 30_000}]);
	t.deepEqual([medianMs, longestMs], [5, 5]);
});

test('unknown texts that differ in names, addresses and numbers form one group', async t => {
	const {groups} = await summaryOf([
		failed('n0', 'n0 at 10.0.0.1 is odd'),
		failed('n1', 'n1 at 10.0.0.22 is odd'),
		failed('n2', 'n2 is other'),
	]);
	t.deepEqual(
		groups.map(({nodes}) => nodes),
		[['n0', 'n1'], ['n2']],
	);
});

test('nodes with another TLS state or route form another group', async t => {
	const other = made('n1');
	const path = {legs: [other.path.legs[0], {...other.path.legs[1], tls: {...other.path.legs[1]!.tls, basis: 'inferred'}}]};
	const {groups} = await summaryOf([made('n0'), {...other, path: path as unknown as NodeCheck['path']}]);
	t.deepEqual(
		groups.map(({tlsBasis}) => tlsBasis),
		['proven', 'inferred'],
	);
});

const agentPods = [
	['a', 'n0', 'False'],
	['b', 'n2', 'True'],
].map(([name, nodeName, ready]) => ({
	metadata: {name, namespace: 'kube-system'},
	spec: {nodeName, containers: [{name: 'agent', args: ['--proxy-server-host=10.0.0.5']}]},
	status: {phase: 'Running', conditions: [{type: 'Ready', status: ready}]},
}));

for (const [title, status, body, facts] of [
	[
		'its dead agents, and the nodes without one',
		200,
		{items: agentPods},
		['1 of 2 agent pods ready in kube-system', 'agent pod kube-system/a on n0 is not ready', 'no agent pod runs on n1'],
	],
	['that there is none', 200, {items: []}, ['no agent pod found in kube-system (none has the flag --proxy-server-host)']],
	['that they cannot be listed', 403, {}, ['you cannot list agent pods in kube-system']],
] as const) {
	test(`a failure in the tunnel shows ${title}`, async t => {
		const reads = {
			...cluster,
			request: async () => ({status, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(body))]), connection: {id: 'c1'}}),
		} as unknown as ClusterClient;
		const text = 'error dialing backend: No agent available';
		const {groups, agents} = await summaryOf([failed('n0', text), failed('n1', text)], 2, reads);
		t.deepEqual(groups[0]?.consistentFacts, facts);
		t.is(agents?.length ?? null, status === 200 ? body.items.length : null);
	});
}

for (const [title, checks, status] of [
	['0 if all respond', [made('n0')], 0],
	['0 if some respond and the others were not tried', [made('n0'), made('n1', {result: 'not-tried', reason: 'no-readable-pod'})], 0],
	['11 if a kubelet failed', [made('n0'), failed('n1', 'broken')], 11],
	['11 if some respond and one does not', [made('n0'), made('n1', {result: 'no-response'})], 11],
	['9 if none responds', [made('n0', {result: 'no-response'})], 9],
	['8 if no node has a readable pod', [made('n0', {result: 'not-tried', reason: 'no-readable-pod'})], 8],
	['7 if no log may be read', [made('n0', {result: 'not-tried', reason: 'forbidden'})], 7],
] as const) {
	test(`the status is ${title}`, async t => {
		t.is((await summaryOf(checks)).exitStatus, status);
	});
}
