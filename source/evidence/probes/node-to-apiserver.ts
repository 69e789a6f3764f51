/** Evidence about the nodes' own connections to the apiserver. */
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {quoteForShell} from '../../text/escaping.ts';
import type {ProbeResult} from '../evidence.ts';
import type {NodeObject} from '../node-facts.ts';
import {needEndpointSlices, needNodeLeases, needNodes, needSigningRequests} from '../rules/needs.ts';
import {addressesIn} from './apiserver-replicas.ts';
import {sendProbe, parseList, serverNow, type Requester} from './probe-request.ts';

const large = 64 * 1024 * 1024;

export type NodesFacts = {total: number; examined: readonly NodeObject[]};

export async function readNodes(cluster: Requester, limit: number): Promise<ProbeResult<NodesFacts>> {
	const path = `/api/v1/nodes?limit=${limit}`;
	return sendProbe(cluster, {source: 'endpoints', path, need: needNodes, maxBytes: large}, body => {
		const {items, remaining} = parseList<NodeObject>(body, path);
		return {total: items.length + remaining, examined: items};
	});
}

export type NodeLeaseFacts = {fresh: readonly string[]; stale: readonly string[]; /** Leases that were not read. */ more?: number};

/** A kubelet renews its lease every 10 s; the controllers' limit is 40 s. */
export async function readNodeLeases(cluster: Requester): Promise<ProbeResult<NodeLeaseFacts>> {
	const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases?limit=500';
	return sendProbe(cluster, {source: 'lease', path, need: needNodeLeases, maxBytes: large}, (body, response) => {
		const {items, remaining} = parseList<CheckedObject<'leases'>>(body, path);
		const isFresh = (renewTime: string | undefined) => serverNow(response) - Date.parse(renewTime ?? '') < 40_000;
		const names = (fresh: boolean) => items.filter(({spec}) => isFresh(spec?.renewTime) === fresh).map(({metadata}) => metadata.name);
		return {fresh: names(true), stale: names(false), more: remaining};
	});
}

export type SigningRequest = {
	name: string;
	signer: string;
	user: string;
	state: 'pending' | 'approved' | 'denied' | 'failed';
	issued: boolean;
};

export const maxSigningRequests = 500;

export async function readSigningRequests(cluster: Requester): Promise<ProbeResult<readonly SigningRequest[]>> {
	const path = `/apis/certificates.k8s.io/v1/certificatesigningrequests?limit=${maxSigningRequests}`;
	return sendProbe(cluster, {source: 'csr', path, need: needSigningRequests, maxBytes: large}, body => {
		return parseList<CheckedObject<'certificatesigningrequests'>>(body, path).items.map(({metadata, spec, status}) => ({
			name: metadata.name,
			signer: spec?.signerName ?? '?',
			user: spec?.username ?? '?',
			state: stateOf(status?.conditions?.map(({type}) => type) ?? []),
			issued: status?.certificate !== undefined,
		}));
	});
}

function stateOf(conditions: ReadonlyArray<string | undefined>): SigningRequest['state'] {
	return states.find(([condition]) => conditions.includes(condition))?.[1] ?? 'pending';
}

const states = [
	['Denied', 'denied'],
	['Failed', 'failed'],
	['Approved', 'approved'],
] as const;

export type PodTokenFacts = {pods: number; withToken: number; withCa: number; optedOut: number};

export async function readPodTokens(cluster: Requester, namespace: string): Promise<ProbeResult<PodTokenFacts>> {
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?limit=100`;
	return sendProbe(
		cluster,
		{
			source: 'construction',
			path,
			need: {permission: `list pods in ${namespace}`, check: `kubectl auth can-i list pods -n ${quoteForShell(namespace)}`, or: null},
			maxBytes: large,
		},
		body => {
			type Source = NonNullable<NonNullable<NonNullable<PodObject['spec']['volumes']>[number]['projected']>['sources']>[number];
			const {items} = parseList<PodObject>(body, path);
			const has = (spec: PodObject['spec'], test: (source: Source) => boolean) =>
				(spec.volumes ?? []).some(({projected}) => projected?.sources?.some(source => test(source)));
			return {
				pods: items.length,
				withToken: items.filter(({spec}) => has(spec, source => source.serviceAccountToken !== undefined)).length,
				withCa: items.filter(({spec}) => has(spec, source => source.configMap?.name === 'kube-root-ca.crt')).length,
				optedOut: items.filter(({spec}) => spec.automountServiceAccountToken === false).length,
			};
		},
	);
}

export type ServiceEndpointFacts = {addresses: readonly string[]};

/** The EndpointSlices of `default/kubernetes`: where kube-proxy sends traffic to its virtual IP. */
export async function readApiserverEndpoints(cluster: Requester): Promise<ProbeResult<ServiceEndpointFacts>> {
	const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes';
	return sendProbe(cluster, {source: 'endpoints', path, need: needEndpointSlices}, body => ({addresses: addressesIn(body)}));
}

export type KubeProxyFacts = {seen: 'kube-proxy' | 'replaced' | 'not-seen'; pods: readonly string[]};

/** Does not see a proxy that runs as a host process. */
export async function readKubeProxy(cluster: Requester): Promise<ProbeResult<KubeProxyFacts>> {
	const path = '/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%20in%20(kube-proxy%2Ccilium%2Ckube-router)&limit=50';
	return sendProbe(cluster, {source: 'construction', path, need: null, maxBytes: large}, body => {
		const {items} = parseList<PodObject>(body, path);
		const isKubeProxy = items.some(({metadata}) => metadata.labels?.['k8s-app'] === 'kube-proxy');
		return {
			seen: isKubeProxy ? ('kube-proxy' as const) : items.length > 0 ? ('replaced' as const) : ('not-seen' as const),
			pods: items.map(({metadata}) => metadata.name),
		};
	});
}
