/** Which Konnectivity agents carry which nodes. */
import test from 'ava';
import {describeTunnelFacts, findNodeAgents} from '../../../source/evidence/node-checks/agents-of-nodes.ts';
import type {PlannedNode} from '../../../source/evidence/node-checks/plan-node-checks.ts';
import type {AgentPod} from '../../../source/evidence/probes/agent-metrics.ts';

function node(name: string, address: string): PlannedNode {
	return {name, node: {metadata: {name}, status: {addresses: [{type: 'InternalIP', address}]}}, candidates: []};
}

function agent(name: string, on: string, identifiers: readonly string[], ready = true): AgentPod {
	return {namespace: 'kube-system', name, node: on, ready, ports: [], identifiers};
}

const nodes = [node('n1', '10.0.0.1'), node('n2', '10.0.0.2'), node('n3', '10.0.0.3')];
const reached = new Set(nodes.map(({name}) => name));
const where = 'pod kube-system/konnectivity-server-cp';
const pair = [agent('a', 'n1', ['10.0.0.1', '10.0.0.3']), agent('b', 'n2', ['10.0.0.2'])];

test('with destHost, an agent carries the nodes whose addresses it names, inferred', t => {
	const {agents, agentChoice} = findNodeAgents({agents: pair, strategies: {names: ['destHost'], where}, nodes, reached});
	t.deepEqual(
		agents?.map(one => [one.name, one.nodes]),
		[
			['a', ['n1', 'n3']],
			['b', ['n2']],
		],
	);
	t.is(agentChoice.basis, 'inferred');
	t.true(agentChoice.why.includes(`--proxy-strategies=destHost (${where})`));
});

test('an agent that is not ready carries no node if a strategy follows destHost', t => {
	const dead = [agent('a', 'n1', ['10.0.0.1'], false), agent('b', 'n2', ['10.0.0.2'])];
	const nodesOf = (names: readonly string[]) =>
		findNodeAgents({agents: dead, strategies: {names, where}, nodes, reached}).agents?.[0]?.nodes;
	t.deepEqual(nodesOf(['destHost', 'default']), []);
	t.deepEqual(nodesOf(['destHost']), ['n1']);
});

test('a node that two agents name belongs to neither', t => {
	const both = [agent('a', 'n1', ['10.0.0.1', '10.0.0.2']), agent('b', 'n2', ['10.0.0.2'])];
	const {agents} = findNodeAgents({agents: both, strategies: {names: ['destHost'], where}, nodes, reached});
	t.deepEqual(
		agents?.map(one => one.nodes),
		[['n1'], []],
	);
});

test('the only agent carries every node that was reached, inferred', t => {
	const only = {agents: [agent('a', 'n1', ['10.0.0.1'])], nodes, reached: new Set(['n1', 'n2'])};
	const nodesWith = (strategies: readonly string[] | null) =>
		findNodeAgents({...only, strategies: strategies && {names: strategies, where}}).agents?.[0]?.nodes;
	t.deepEqual(nodesWith(null), ['n1', 'n2']);
	t.deepEqual(nodesWith(['default']), ['n1', 'n2', 'n3']);
	t.deepEqual(nodesWith(['destHost']), ['n1']);
});

for (const [title, strategies] of [
	['is not visible', null],
	['is default', {names: ['default'], where}],
	['prefers another', {names: ['default', 'destHost'], where}],
] as const) {
	test(`no agent is named for a node if the strategy of the server ${title}`, t => {
		const {agents, agentChoice} = findNodeAgents({agents: pair, strategies, nodes, reached});
		t.deepEqual(
			agents?.map(one => one.nodes),
			[null, null],
		);
		t.is(agentChoice.basis, 'unknown');
		t.is(agentChoice.need.length > 0, strategies === null);
	});
}

test('without an agent pod, no strategy is needed', t => {
	const {agents, agentChoice} = findNodeAgents({agents: [], strategies: null, nodes, reached});
	t.deepEqual([agents, agentChoice.basis, agentChoice.need], [[], 'unknown', []]);
});

test('without permission to list agent pods, the need names it', t => {
	const {agents, agentChoice} = findNodeAgents({agents: null, strategies: null, nodes, reached});
	t.deepEqual([agents, agentChoice.need[0]?.permission], [null, 'list pods in kube-system']);
});

test('a failure names the dead agent and the nodes behind it', t => {
	const dead = [agent('a', 'n1', ['10.0.0.1', '10.0.0.3'], false), agent('b', 'n2', ['10.0.0.2'])];
	const {agents} = findNodeAgents({agents: dead, strategies: {names: ['destHost'], where}, nodes, reached});
	const facts = describeTunnelFacts(new Set(['n1', 'n3']), agents, true);
	t.true(facts.includes('agent pod kube-system/a on n1 is not ready; behind it: n1, n3'), facts.join('\n'));
});

test('without a visible strategy, a failure shows the addresses that the dead agent names', t => {
	const dead = [agent('a', 'n1', ['10.0.0.1', '10.0.0.3'], false), agent('b', 'n2', ['10.0.0.2'])];
	const {agents} = findNodeAgents({agents: dead, strategies: null, nodes, reached});
	const facts = describeTunnelFacts(new Set(['n3']), agents, false);
	t.true(facts.includes('agent pod kube-system/a on n1 is not ready; it names the addresses of n1, n3'), facts.join('\n'));
});

test('nothing is said of agents that were not looked for, as in a check that was stopped', t => {
	t.deepEqual(describeTunnelFacts(new Set(['n1']), undefined, false), []);
	t.deepEqual(describeTunnelFacts(new Set(['n1']), undefined, true), [
		'other nodes respond through the tunnel, so its server and at least one agent work',
	]);
	t.deepEqual(describeTunnelFacts(new Set(['n1']), null, false), ['you cannot list agent pods in kube-system']);
});
