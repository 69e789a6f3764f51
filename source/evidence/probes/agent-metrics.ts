/** Konnectivity agents and the connections that they carry. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import type {ProbeResult} from '../evidence.ts';
import {needMirrorPods} from '../rules/needs.ts';
import {sendProbe, parseList, type Requester} from './probe-request.ts';
import {parseFlags} from './mirror-pods.ts';
import {readSamples, sumOf} from './apiserver-metrics.ts';

export type AgentPod = {
	namespace: string;
	name: string;
	node: string | null;
	ready: boolean;
	ports: readonly number[];
};

const path = '/api/v1/namespaces/kube-system/pods';

export const noAgentPod = 'no agent pod found in kube-system (none has the flag --proxy-server-host)';

/** `1 of 2 agent pods ready in kube-system`. */
export function describeAgentReadiness(agents: ReadonlyArray<Pick<AgentPod, 'ready'>>): string {
	return agents.length === 0
		? noAgentPod
		: `${agents.filter(({ready}) => ready).length} of ${agents.length} agent pods ready in kube-system`;
}

/** Pods of kube-system with an agent's command line. A name or a label proves nothing, and only orders the search. */
export async function readAgentPods(cluster: Requester): Promise<ProbeResult<readonly AgentPod[]>> {
	const labeled = await readPods(cluster, '?labelSelector=k8s-app%3Dkonnectivity-agent&limit=5000');
	return labeled.unavailable || labeled.observation.facts.length > 0 ? labeled : readPods(cluster, '?limit=1000');
}

async function readPods(cluster: Requester, query: string): Promise<ProbeResult<readonly AgentPod[]>> {
	return sendProbe(cluster, {source: 'agent-metrics', path: `${path}${query}`, need: needMirrorPods, maxBytes: 64 * 1024 * 1024}, body =>
		parseList<PodObject>(body, path).items.flatMap(pod => agentOf(pod) ?? []),
	);
}

/**
An agent needs the address of its proxy server; no other program has that flag. A mirror pod does not count: any node's kubelet can make one
up and report any metrics in it.
*/
function agentOf(pod: PodObject): AgentPod | undefined {
	const {metadata, spec, status} = pod;
	if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined || metadata.ownerReferences?.some(({kind}) => kind === 'Node')) {
		return undefined;
	}

	for (const {command = [], args = []} of spec.containers) {
		const flags = parseFlags([...command, ...args]);
		if (flags['proxy-server-host'] !== undefined) {
			const ready =
				status?.phase === 'Running' && status.conditions?.some(({type, status}) => type === 'Ready' && status === 'True') === true;
			const ports = [flags['admin-server-port'] ?? '8094', flags['health-server-port'] ?? '8093'].map(Number).filter(port => port > 0);
			return {namespace: metadata.namespace ?? 'kube-system', name: metadata.name, node: spec.nodeName ?? null, ready, ports};
		}
	}

	return undefined;
}

export async function readAgentConnections(cluster: Pick<ClusterClient, 'request'>, agent: AgentPod): Promise<number | undefined> {
	for (const port of agent.ports) {
		try {
			const response = await cluster.request({
				path: `/api/v1/namespaces/${encodeURIComponent(agent.namespace)}/pods/http:${encodeURIComponent(agent.name)}:${port}/proxy/metrics`,
				headers: {Accept: 'text/plain'},
				timeoutMs: 4000,
			});
			const open = await readSamples(response, ['konnectivity_network_proxy_agent_open_endpoint_connections'], 8 * 1024 * 1024);
			if (response.status === 200 && open.length > 0) {
				return sumOf(open);
			}
		} catch {
			// Try the next port.
		}
	}

	return undefined;
}
