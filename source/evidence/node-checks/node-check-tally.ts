/** Counts and groups node checks without keeping their paths. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {explainMessage} from '../../server-messages/explain-message.ts';
import {clusterIdentity} from '../build-path.ts';
import type {ApiserverExamination} from '../examine-apiserver.ts';
import {describeAgentReadiness, readAgentPods} from '../probes/agent-metrics.ts';
import {hasSupervisor} from '../rules/first-leg.ts';
import type {NodeAgent, NodeCheck, NodeCheckSummary, NodeGroup, NodeCheckResult} from '../doctor/doctor-object.ts';
import type {NodeCheckPlan} from './plan-node-checks.ts';

type OpenGroup = Omit<NodeGroup, 'medianMs' | 'longestMs' | 'longestNode' | 'consistentFacts' | 'nodes'> & {
	isOfTunnel: boolean;
	nodes: Array<{name: string; tookMs: number | null}>;
};

const resultOrder: readonly NodeCheckResult[] = ['failed', 'no-response', 'not-tried', 'responded'];

export class NodeCheckTally {
	readonly #plan: NodeCheckPlan;
	readonly #options: Pick<NodeCheckSummary, 'concurrency' | 'timeoutMs'>;
	readonly #startedAt = performance.now();
	readonly #groups = new Map<string, OpenGroup>();
	readonly #counts: Record<NodeCheckResult, number> = {responded: 0, failed: 0, 'no-response': 0, 'not-tried': 0};

	constructor(plan: NodeCheckPlan, options: Pick<NodeCheckSummary, 'concurrency' | 'timeoutMs'>) {
		this.#plan = plan;
		this.#options = options;
	}

	get counts(): NodeCheckSummary['nodes'] {
		const {responded, failed, 'no-response': noResponse, 'not-tried': notTried} = this.#counts;
		const total = this.#plan.nodes.length;
		return {total, responded, failed, noResponse, notTried, unfinished: total - responded - failed - noResponse - notTried};
	}

	add(check: NodeCheck): void {
		this.#counts[check.result]++;
		const group = groupOf(check);
		const key = JSON.stringify([
			group.result,
			group.reason,
			group.rule,
			group.route,
			group.routeBasis,
			group.agent,
			group.tls,
			group.tlsBasis,
			group.rule === null && group.error ? likeness(group.error.message, check) : null,
		]);
		const known = this.#groups.get(key) ?? group;
		known.nodes.push({name: check.node, tookMs: check.tookMs});
		this.#groups.set(key, known);
	}

	async summarize(
		cluster: ClusterClient,
		{examined, error, stoppedBy}: {examined: ApiserverExamination; error: SpokeError | null; stoppedBy: string | null},
	): Promise<NodeCheckSummary> {
		const groups = [...this.#groups.values()].toSorted(
			(a, b) => resultOrder.indexOf(a.result) - resultOrder.indexOf(b.result) || b.nodes.length - a.nodes.length,
		);
		const agents = stoppedBy === null ? await findAgents(cluster, groups, examined) : undefined;
		const isTunnelUp = groups.some(({result, route}) => result === 'responded' && isTunnelRoute(route));
		const counts = this.counts;
		return {
			apiVersion: 'spoke/v1',
			kind: 'NodeCheckSummary',
			time: new Date().toISOString(),
			cluster: clusterIdentity(cluster.facts, examined.shared.version),
			nodes: counts,
			nodesFrom: this.#plan.nodesFrom,
			namespaces: this.#plan.namespaces,
			...this.#options,
			tookMs: Math.round(performance.now() - this.#startedAt),
			...latencyOf(groups.filter(({result}) => result === 'responded').flatMap(({nodes}) => nodes)),
			groups: groups.map(group => closeGroup(group, agents, isTunnelUp)),
			agents: agents ?? null,
			stopped: stoppedBy ?? (error ? 'error' : null),
			error: error?.toJSON() ?? null,
			exitStatus: stoppedBy === null ? (error?.exitStatus ?? statusOf(counts, groups)) : exitStatusForSignal(stoppedBy),
		};
	}
}

/** `undefined` if no node is behind a tunnel, or the tunnel is that of k3s's own server, which has no agent pods. */
async function findAgents(
	cluster: ClusterClient,
	groups: readonly OpenGroup[],
	{own: {flags}}: ApiserverExamination,
): Promise<readonly NodeAgent[] | null | undefined> {
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

function closeGroup(
	{isOfTunnel, nodes, ...group}: OpenGroup,
	agents: readonly NodeAgent[] | null | undefined,
	isTunnelUp: boolean,
): NodeGroup {
	const names = nodes.map(({name}) => name).toSorted();
	return {
		...group,
		...latencyOf(group.result === 'responded' ? nodes : []),
		consistentFacts: isOfTunnel ? describeTunnelFacts(names, agents, isTunnelUp) : [],
		nodes: names,
	};
}

/** Facts that are consistent with a failure of these nodes in the tunnel. `agents`: `undefined` if they were not looked for. */
function describeTunnelFacts(nodes: readonly string[], agents: readonly NodeAgent[] | null | undefined, isTunnelUp: boolean): string[] {
	const up = isTunnelUp ? ['other nodes respond through the tunnel, so its server and at least one agent work'] : [];
	if (!agents) {
		return agents === null ? [...up, 'you cannot list agent pods in kube-system'] : up;
	}

	const dead = agents.filter(({ready, node}) => !ready && node !== null && nodes.includes(node));
	const withoutAgent = nodes.filter(name => !agents.some(({node}) => node === name));
	return [
		...up,
		describeAgentReadiness(agents),
		...dead.map(({namespace, name, node}) => `agent pod ${namespace}/${name} on ${node} is not ready`),
		...(agents.length > 0 && withoutAgent.length > 0 && withoutAgent.length < nodes.length
			? [`no agent pod runs on ${shorten(withoutAgent)}`]
			: []),
	];
}

function shorten(names: readonly string[]): string {
	return `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
}

function latencyOf(nodes: OpenGroup['nodes']): Pick<NodeGroup, 'medianMs' | 'longestMs' | 'longestNode'> {
	const sorted = nodes.flatMap(({name, tookMs}) => (tookMs === null ? [] : [{name, tookMs}])).toSorted((a, b) => a.tookMs - b.tookMs);
	const longest = sorted.at(-1);
	return {
		medianMs: sorted[Math.floor((sorted.length - 1) / 2)]?.tookMs ?? null,
		longestMs: longest?.tookMs ?? null,
		longestNode: longest?.name ?? null,
	};
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
