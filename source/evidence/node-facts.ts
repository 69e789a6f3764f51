/** A node's addresses and port, as the apiserver would dial them. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {CheckedObject} from '../cluster/object-shapes.ts';
import {parseObject} from '../cluster/read-json-response.ts';
import {joinHostPort} from '../cluster/transport/server-url.ts';
import {kubeletPortOf} from '../targets/named-port.ts';
import type {PodObject} from '../targets/pod-object.ts';
import {sendProbe, parseList} from './probes/probe-request.ts';

export type NodeObject = CheckedObject<'nodes'>;

/** `null` if it is forbidden or does not exist. */
export async function readNode(cluster: ClusterClient, name: string): Promise<NodeObject | null> {
	const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
	const result = await sendProbe(
		cluster,
		{source: 'endpoints', path, need: null},
		body => parseObject(body, {path}, 'the response for a node') as NodeObject,
	);
	return result.observation?.facts ?? null;
}

/** Finds a pod on the node, in the context's namespace. A port-forward to the pod goes through the node's kubelet. */
export async function podOnNode(cluster: ClusterClient, name: string): Promise<PodObject | null> {
	const query = new URLSearchParams({fieldSelector: `spec.nodeName=${name},status.phase=Running`, limit: '1'});
	const path = `/api/v1/namespaces/${encodeURIComponent(cluster.facts.namespace)}/pods?${query}`;
	const result = await sendProbe(cluster, {source: 'endpoints', path, need: null}, body => parseList<PodObject>(body, path).items[0]);
	return result.observation?.facts ?? null;
}

/** `host:port` of all that the apiserver could dial; `null` if the node cannot be read. */
export function kubeletAddresses(node: NodeObject | null): readonly string[] | null {
	return node && (node.status?.addresses ?? []).map(({address}) => joinHostPort(address, kubeletPortOf(node)));
}

/** The defaults of `--kubelet-preferred-address-types`. */
const preferredTypes = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'];

/** The first address of the first preferred type; `null` if flags or node are unknown. The flag's value reads `[InternalIP,Hostname]`. */
export function dialAddress(node: NodeObject | null, preferred: string | undefined): string | null {
	if (!node || preferred === undefined) {
		return null;
	}

	const types = preferred
		.replaceAll(/[[\]\s]/g, '')
		.split(',')
		.filter(Boolean);
	for (const type of types.length > 0 ? types : preferredTypes) {
		const found = node.status?.addresses?.find(address => address.type === type);
		if (found) {
			return joinHostPort(found.address, kubeletPortOf(node));
		}
	}

	return null;
}
