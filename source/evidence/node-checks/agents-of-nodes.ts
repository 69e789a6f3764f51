/** Which Konnectivity agents carry the connections to which nodes. */
import {needMirrorPods, needTunnelServer} from '../rules/needs.ts';
import {type AgentPod, describeAgentReadiness, noAgentPod} from '../probes/agent-metrics.ts';
import type {ProxyStrategies} from '../probes/proxy-strategies.ts';
import type {AgentChoice, NodeAgent} from './node-check.ts';
import type {PlannedNode} from './plan-node-checks.ts';

type Tunnel = {
	/** `null` if agent pods cannot be listed. */
	agents: readonly AgentPod[] | null;
	/** Of the server; `null` if they are not visible. */
	strategies: ProxyStrategies | null;
	/** Nodes that were reached, or not reached, through the tunnel. */
	nodes: readonly PlannedNode[];
	/** Names of those that were reached. */
	reached: ReadonlySet<string>;
};

/**
The strategy `destHost` dials by the agent that names the dialed address, the others by any agent. Pods show what agents and server were
started with, not what they do, so the result is `inferred` at most.
@see https://github.com/kubernetes-sigs/apiserver-network-proxy/blob/v0.36.0/pkg/server/desthost_backend_manager.go Backend
*/
export function findNodeAgents({agents, strategies, nodes, reached}: Tunnel): {
	agents: readonly NodeAgent[] | null;
	agentChoice: AgentChoice;
} {
	if (agents === null) {
		return {agents: null, agentChoice: unknownChoice('agent pods cannot be listed', [needMirrorPods])};
	}

	if (agents.length === 0) {
		return {agents: [], agentChoice: unknownChoice(noAgentPod, [])};
	}

	const named = nodesByAgent(agents, nodes);
	const close = (carried: (agent: AgentPod) => readonly string[] | null, agentChoice: AgentChoice) => ({
		agents: agents.map(agent => {
			const {namespace, name, node, ready} = agent;
			return {namespace, name, node, ready, namesNodes: named.get(agent) ?? [], nodes: carried(agent)};
		}),
		agentChoice,
	});
	// With destHost alone, even the only agent carries just the nodes that it names.
	if (agents.length === 1 && strategies?.names[0] !== 'destHost') {
		const carried = nodes.map(({name}) => name).filter(name => strategies !== null || reached.has(name));
		return close(() => carried, {basis: 'inferred', why: 'it is the only agent pod in kube-system', need: []});
	}

	if (strategies === null) {
		const why = 'the --proxy-strategies of the Konnectivity server are not visible';
		return close(() => null, unknownChoice(why, [needTunnelServer]));
	}

	const [first, ...others] = strategies.names;
	const shown = `--proxy-strategies=${strategies.names.join(',')} (${strategies.where})`;
	return first === 'destHost'
		? close(
				// Without its agent, the next strategy finds another.
				agent => (agent.ready || others.length === 0 ? (named.get(agent) ?? []) : []),
				{basis: 'inferred', why: `each carries the nodes whose addresses it names: ${shown}`, need: []},
			)
		: close(() => null, unknownChoice(`the server picks any agent: ${shown}`, []));
}

function unknownChoice(why: string, need: AgentChoice['need']): AgentChoice {
	return {basis: 'unknown', why, need};
}

/** Without nodes that several agents name. */
function nodesByAgent(agents: readonly AgentPod[], nodes: readonly PlannedNode[]): ReadonlyMap<AgentPod, readonly string[]> {
	const byIdentifier = new Map<string, AgentPod[]>();
	for (const agent of agents) {
		for (const identifier of agent.identifiers) {
			byIdentifier.set(identifier, [...(byIdentifier.get(identifier) ?? []), agent]);
		}
	}

	const named = new Map<AgentPod, string[]>();
	for (const {name, node} of nodes) {
		const addresses = node?.status?.addresses?.map(({address}) => address) ?? [];
		const [agent, ...more] = new Set(addresses.flatMap(address => byIdentifier.get(address) ?? []));
		if (agent && more.length === 0) {
			named.set(agent, [...(named.get(agent) ?? []), name]);
		}
	}

	return named;
}

/** Facts that are consistent with a failure of these nodes in the tunnel. `agents`: `undefined` if they were not looked for. */
export function describeTunnelFacts(
	nodes: ReadonlySet<string>,
	agents: readonly NodeAgent[] | null | undefined,
	isTunnelUp: boolean,
): string[] {
	const up = isTunnelUp ? ['other nodes respond through the tunnel, so its server and at least one agent work'] : [];
	if (agents === undefined) {
		return up;
	}

	if (agents === null) {
		return [...up, 'you cannot list agent pods in kube-system'];
	}

	const dead = agents.filter(
		({ready, node, namesNodes}) => !ready && ((node !== null && nodes.has(node)) || namesNodes.some(name => nodes.has(name))),
	);
	const withoutAgent = [...nodes].filter(name => !agents.some(({node}) => node === name));
	return [
		...up,
		describeAgentReadiness(agents),
		...dead.map(agent => describeDeadAgent(agent)),
		...(agents.length > 0 && withoutAgent.length > 0 && withoutAgent.length < nodes.size
			? [`no agent pod runs on ${shorten(withoutAgent)}`]
			: []),
	];
}

function describeDeadAgent({namespace, name, node, nodes, namesNodes}: NodeAgent): string {
	const pod = `agent pod ${namespace}/${name}${node === null ? '' : ` on ${node}`} is not ready`;
	if (nodes !== null && nodes.length > 0) {
		return `${pod}; behind it: ${shorten(nodes)}`;
	}

	return namesNodes.length === 0 || (namesNodes.length === 1 && namesNodes[0] === node)
		? pod
		: `${pod}; it names the addresses of ${shorten(namesNodes)}`;
}

function shorten(names: readonly string[]): string {
	return `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
}
