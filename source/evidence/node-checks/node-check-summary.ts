/** Counts and groups node checks. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {SpokeError} from '../../base/errors/spoke-error.ts';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {explainMessage} from '../../cluster/server-messages/explain-message.ts';
import {clusterIdentity} from '../build-path.ts';
import type {ApiserverExamination} from '../examine-apiserver.ts';
import {describeAgentReadiness, readAgentPods} from '../probes/agent-metrics.ts';
import {hasSupervisor} from '../rules/first-leg.ts';
import type {NodeAgent, NodeCheck, NodeCheckSummary, NodeGroup, NodeCheckResult} from '../doctor/doctor-object.ts';
import type {NodeCheckPlan} from './plan-node-checks.ts';

/** Nodes that are alike so far, by what they have in common. */
export type OpenGroups = Map<string, OpenGroup>;

type OpenGroup = Omit<NodeGroup, 'medianMs' | 'longestMs' | 'longestNode' | 'consistentFacts' | 'nodes'> & {
	isOfTunnel: boolean;
	nodes: Array<Pick<NodeCheck, 'node' | 'tookMs'>>;
};

type CheckRun = Pick<NodeCheckSummary, 'concurrency' | 'timeoutMs' | 'tookMs'> & {error: SpokeError | null; stoppedBy: string | null};

const resultOrder: readonly NodeCheckResult[] = ['failed', 'no-response', 'not-tried', 'responded'];

/** Keeps no path. */
export function addCheck(groups: OpenGroups, check: NodeCheck): void {
	const group = groupOf(check);
	const {error, rule, ...alike} = group;
	const key = JSON.stringify([rule, alike, rule === null && error ? likeness(error.message, check) : null]);
	const known = groups.get(key) ?? group;
	known.nodes.push({node: check.node, tookMs: check.tookMs});
	groups.set(key, known);
}

export function countChecks(groups: OpenGroups, total: number): NodeCheckSummary['nodes'] {
	const [failed, noResponse, notTried, responded] = resultOrder.map(wanted =>
		groups.values().reduce((sum, {result, nodes}) => sum + (result === wanted ? nodes.length : 0), 0),
	) as [number, number, number, number];
	return {total, responded, failed, noResponse, notTried, unfinished: total - responded - failed - noResponse - notTried};
}

/** What is known so far, if it was stopped. */
export async function summarizeChecks(
	cluster: ClusterClient,
	open: OpenGroups,
	plan: NodeCheckPlan,
	examined: ApiserverExamination,
	{error, stoppedBy, ...run}: CheckRun,
): Promise<NodeCheckSummary> {
	const groups = [...open.values()].toSorted(
		(a, b) => resultOrder.indexOf(a.result) - resultOrder.indexOf(b.result) || b.nodes.length - a.nodes.length,
	);
	const agents = stoppedBy === null ? await findAgents(cluster, groups, examined) : undefined;
	const isTunnelUp = groups.some(({result, route}) => result === 'responded' && isTunnelRoute(route));
	const counts = countChecks(open, plan.nodes.length);
	return {
		apiVersion: 'spoke/v1',
		kind: 'NodeCheckSummary',
		time: new Date().toISOString(),
		cluster: clusterIdentity(cluster.facts, examined.shared.version),
		nodes: counts,
		nodesFrom: plan.nodesFrom,
		namespaces: plan.namespaces,
		...run,
		...latencyOf(groups.filter(({result}) => result === 'responded').flatMap(({nodes}) => nodes)),
		groups: groups.map(group => closeGroup(group, agents, isTunnelUp)),
		agents: agents ?? null,
		stopped: stoppedBy ?? (error ? 'error' : null),
		error: error?.toJSON() ?? null,
		exitStatus: stoppedBy === null ? (error?.exitStatus ?? statusOf(counts, groups)) : exitStatusForSignal(stoppedBy),
	};
}

/** `null` if they cannot be listed, `undefined` if they were not looked for. */
type FoundAgents = readonly NodeAgent[] | null | undefined;

/** Only if a node is behind a tunnel, and not that of k3s's own server, which has no agent pods. */
async function findAgents(
	cluster: ClusterClient,
	groups: readonly OpenGroup[],
	{own: {flags}}: ApiserverExamination,
): Promise<FoundAgents> {
	if (!groups.some(({isOfTunnel, route}) => isOfTunnel || isTunnelRoute(route)) || (flags !== null && hasSupervisor(flags.facts))) {
		return undefined;
	}

	const pods = await readAgentPods(cluster);
	return pods.observation?.facts.map(({namespace, name, node, ready}) => ({namespace, name, node, ready})) ?? null;
}

function groupOf({result, reason, path, error}: NodeCheck): OpenGroup {
	const {route, tls} = path.legs[1]!;
	const rule = error?.text ? (explainMessage(error.text)?.rule ?? explainMessage(error.text, {status: 500})?.rule) : undefined;
	return {
		result,
		reason,
		rule: rule?.id ?? null,
		route: route.state,
		routeBasis: route.basis,
		agent: route.agent,
		tls: tls.state,
		tlsBasis: tls.basis,
		error,
		isOfTunnel: (result === 'failed' && rule?.proves.route !== undefined) || (result === 'no-response' && isTunnelRoute(route.state)),
		nodes: [],
	};
}

function isTunnelRoute(route: NodeGroup['route']): boolean {
	return route === 'konnectivity' || route === 'egress-http-connect';
}

/** Texts that differ only in the node's own names, addresses and numbers are alike. */
function likeness(message: string, {node, pod}: NodeCheck): string {
	const own = [node, pod?.name, pod?.container].filter(name => name !== undefined);
	return own.reduce((text, name) => text.replaceAll(name, '…'), message).replaceAll(/\d+/g, '#');
}

function closeGroup({isOfTunnel, nodes, ...group}: OpenGroup, agents: FoundAgents, isTunnelUp: boolean): NodeGroup {
	const names = nodes.map(({node}) => node).toSorted();
	return {
		...group,
		...latencyOf(group.result === 'responded' ? nodes : []),
		consistentFacts: isOfTunnel ? describeTunnelFacts(names, agents, isTunnelUp) : [],
		nodes: names,
	};
}

/** Facts that are consistent with a failure of these nodes in the tunnel. */
function describeTunnelFacts(nodes: readonly string[], agents: FoundAgents, isTunnelUp: boolean): string[] {
	const up = isTunnelUp ? ['other nodes respond through the tunnel, so its server and at least one agent work'] : [];
	if (!agents) {
		return agents === null ? [...up, 'you cannot list agent pods in kube-system'] : up;
	}

	const dead = agents.filter(({ready, node}) => !ready && node !== null && nodes.includes(node));
	const without = agents.length === 0 ? [] : nodes.filter(name => !agents.some(({node}) => node === name));
	const others = without.length > 5 ? ` and ${without.length - 5} more` : '';
	return [
		...up,
		describeAgentReadiness(agents),
		...dead.map(({namespace, name, node}) => `agent pod ${namespace}/${name} on ${node} is not ready`),
		...(without.length > 0 && without.length < nodes.length ? [`no agent pod runs on ${without.slice(0, 5).join(', ')}${others}`] : []),
	];
}

function latencyOf(nodes: OpenGroup['nodes']): Pick<NodeGroup, 'medianMs' | 'longestMs' | 'longestNode'> {
	const sorted = nodes.filter(({tookMs}) => tookMs !== null).toSorted((a, b) => a.tookMs! - b.tookMs!);
	const {node = null, tookMs = null} = sorted.at(-1) ?? {};
	return {medianMs: sorted[Math.floor((sorted.length - 1) / 2)]?.tookMs ?? null, longestMs: tookMs, longestNode: node};
}

/** A failure on leg 2 outweighs all else; nodes that could not be tried are no failure while others respond. */
function statusOf({responded, failed, noResponse}: NodeCheckSummary['nodes'], groups: readonly OpenGroup[]): number {
	if (failed > 0 || (noResponse > 0 && responded > 0)) {
		return groups.some(({result, error}) => result === 'no-response' || error?.leg === 2)
			? exitStatus.secondLeg
			: (groups[0]?.error?.exitStatus ?? exitStatus.other);
	}

	if (noResponse > 0) {
		return exitStatus.unreachable;
	}

	return responded > 0 ? exitStatus.ok : groups.some(({reason}) => reason === 'forbidden') ? exitStatus.forbidden : exitStatus.notFound;
}
