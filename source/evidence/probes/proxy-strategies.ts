/** How a Konnectivity server picks the agent of a dial. */
import {parseObject} from '../../cluster/read-json-response.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {isMirrorPod, parseFlags, readControlPlaneNodes} from './mirror-pods.ts';
import {probeTimeoutMs, type Requester, sendProbe} from './probe-request.ts';

export type ProxyStrategies = {
	/** In order. */
	names: readonly string[];
	/** `pod kube-system/konnectivity-server-cp`. */
	where: string;
};

/**
From the static pods of the usual installation, which have no label; `null` if none is visible, or they differ. Only control plane nodes
count, because any other node can make up such a pod.
@see https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/
*/
export async function readProxyStrategies(cluster: Requester): Promise<ProxyStrategies | null> {
	const nodes = await readControlPlaneNodes(cluster, probeTimeoutMs);
	const found = await Promise.all([...(nodes ?? [])].slice(0, maxServers).map(async node => readServer(cluster, node)));
	const [first, ...others] = found.filter(one => one !== null);
	return first && others.every(({names}) => names.join(',') === first.names.join(',')) ? first : null;
}

/** More than any control plane has. */
const maxServers = 20;

async function readServer(cluster: Requester, node: string): Promise<ProxyStrategies | null> {
	const name = `konnectivity-server-${node}`;
	const path = `/api/v1/namespaces/kube-system/pods/${encodeURIComponent(name)}`;
	const result = await sendProbe(cluster, {source: 'mirror-pod', path, need: null}, body => {
		const pod = parseObject(body, {path}, 'the response for a pod') as PodObject;
		const flags = parseFlags(pod.spec.containers.flatMap(({command = [], args = []}) => [...command, ...args]));
		const strategies = flags['proxy-strategies'] ?? 'default';
		// Without the port for agents, it is another program. The value of a variable is not seen.
		return isMirrorPod(pod) && pod.spec.nodeName === node && flags['agent-port'] !== undefined && !/[$`]/.test(strategies)
			? strategies.split(',')
			: undefined;
	});
	return result.observation ? {names: result.observation.facts, where: `pod kube-system/${name}`} : null;
}
