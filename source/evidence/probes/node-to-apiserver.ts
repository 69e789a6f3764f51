/** Nodes, as the apiserver would dial them, and evidence about their own connections to it. */
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import type {ProbeResult} from '../evidence.ts';
import {needEndpointSlices, needNodeLeases, needNodes, needSigningRequests} from '../rules/needs.ts';
import {addressesIn} from './apiserver-replicas.ts';
import {sendProbe, parseList, serverNow, type Requester} from './probe-request.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {parseObject} from '../../cluster/read-json-response.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {kubeletPortOf} from '../../cluster/targets/named-port.ts';

const large = 64 * 1024 * 1024;

export type NodeObject = CheckedObject<'nodes'>;

/** The defaults of `--kubelet-preferred-address-types`. */
const preferredTypes = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'];

export async function readNodes(cluster: Requester, limit: number) {
	const path = `/api/v1/nodes?limit=${limit}`;
	return sendProbe(cluster, {source: 'endpoints', path, need: needNodes, maxBytes: large}, body => {
		const {items, remaining} = parseList<NodeObject>(body, path);
		return {total: items.length + remaining, examined: items};
	});
}

/** A kubelet renews its lease every 10 s; the controllers' limit is 40 s. `more`: leases that were not read. */
export async function readNodeLeases(cluster: Requester) {
	const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases?limit=500';
	return sendProbe(cluster, {source: 'lease', path, need: needNodeLeases, maxBytes: large}, (body, response) => {
		const {items, remaining} = parseList<CheckedObject<'leases'>>(body, path);
		const isFresh = (renewTime: string | undefined) => serverNow(response) - Date.parse(renewTime ?? '') < 40_000;
		const names = (fresh: boolean) => items.filter(({spec}) => isFresh(spec?.renewTime) === fresh).map(({metadata}) => metadata.name);
		return {fresh: names(true), stale: names(false), more: remaining};
	});
}

export const maxSigningRequests = 500;

export async function readSigningRequests(cluster: Requester) {
	const path = `/apis/certificates.k8s.io/v1/certificatesigningrequests?limit=${maxSigningRequests}`;
	return sendProbe(cluster, {source: 'csr', path, need: needSigningRequests, maxBytes: large}, body => {
		return parseList<CheckedObject<'certificatesigningrequests'>>(body, path).items.map(({metadata, spec, status}) => ({
			name: metadata.name,
			signer: spec?.signerName ?? '?',
			user: spec?.username ?? '?',
			state: stateOf(status?.conditions?.map(({type}) => type) ?? []),
		}));
	});
}

function stateOf(conditions: ReadonlyArray<string | undefined>): 'pending' | 'approved' | 'denied' | 'failed' {
	return states.find(([condition]) => conditions.includes(condition))?.[1] ?? 'pending';
}

const states = [
	['Denied', 'denied'],
	['Failed', 'failed'],
	['Approved', 'approved'],
] as const;

export async function readPodTokens(cluster: Requester, namespace: string) {
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?limit=100`;
	const check = `kubectl auth can-i list pods -n ${quoteForShell(namespace)}`;
	const need = {permission: `list pods in ${namespace}`, check, or: null};
	return sendProbe(cluster, {source: 'construction', path, need, maxBytes: large}, body => {
		const {items} = parseList<PodObject>(body, path);
		const sources = items.map(({spec}) => (spec.volumes ?? []).flatMap(({projected}) => projected?.sources ?? []));
		return {
			pods: items.length,
			withToken: sources.filter(own => own.some(({serviceAccountToken}) => serviceAccountToken !== undefined)).length,
			withCa: sources.filter(own => own.some(({configMap}) => configMap?.name === 'kube-root-ca.crt')).length,
			optedOut: items.filter(({spec}) => spec.automountServiceAccountToken === false).length,
		};
	});
}

/** The EndpointSlices of `default/kubernetes`: where kube-proxy sends traffic to its virtual IP. */
export async function readApiserverEndpoints(cluster: Requester): Promise<ProbeResult<{addresses: readonly string[]}>> {
	const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes';
	return sendProbe(cluster, {source: 'endpoints', path, need: needEndpointSlices}, body => ({addresses: addressesIn(body)}));
}

/** Does not see a proxy that runs as a host process. */
export async function readKubeProxy(cluster: Requester) {
	const path = '/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%20in%20(kube-proxy%2Ccilium%2Ckube-router)&limit=50';
	return sendProbe(cluster, {source: 'construction', path, need: null, maxBytes: large}, body => {
		const {items} = parseList<PodObject>(body, path);
		const isKubeProxy = items.some(({metadata}) => metadata.labels?.['k8s-app'] === 'kube-proxy');
		return {seen: isKubeProxy ? 'kube-proxy' : items.length > 0 ? 'replaced' : 'not-seen', pods: items.length};
	});
}

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
