/** Which connections does a target mean, feature by feature, and through which pod may its way be tried? */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {readIfAllowed} from '../cluster/read-if-allowed.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import {kubeletPortOf} from '../targets/kubelet-port.ts';
import {chooseContainer} from '../targets/choose-container.ts';
import {parseTarget} from '../targets/parse-target.ts';
import type {PodObject, ServiceObject} from '../targets/pod-object.ts';
import {resolvePod} from '../targets/resolve-pod.ts';
import type {ConnectionPurpose, ProxyRequestFacts, ReachedTarget} from './evidence.ts';
import type {ProbeTarget} from './examine-actively.ts';
import {nodeNamed, podOnNode, type NodeObject} from './node-facts.ts';

export type PathSubjects = {
	target: ReachedTarget;
	purposes: readonly ConnectionPurpose[];
	/** `null` when no running pod on the node may be used. */
	probe: ProbeTarget | null;
	node: NodeObject | null;
	pod: PodObject | null;
};

const podFeatures = ['logs', 'exec', 'attach', 'port-forward'] as const;

/**
TARGET as in the other commands; a pod, service or node may carry a scheme and a port as the proxy takes them: `svc/https:web:443`, `node/n1:9100`.
`container` is of the pod that the target comes to; without it the annotated default, else the first.
@throws SpokeError ERR_USAGE, ERR_NOT_FOUND, ERR_FORBIDDEN…
*/
export async function pathSubjects(cluster: ClusterAccess, asked: string, {signal, namespace, container: named}: {signal?: AbortSignal | undefined; namespace?: string | undefined; container?: string | undefined} = {}): Promise<PathSubjects> {
	const {plain, scheme, port} = takeOffProxyForm(asked);
	const parsed = {...parseTarget(plain, {alsoNodes: true}), asked};
	if (parsed.resource.kind === 'Node') {
		if (named !== undefined) {
			throw new SpokeError('ERR_USAGE', `a node has no containers: -c ${named} needs a pod, or what has pods`);
		}

		return nodeSubjects(cluster, asked, parsed.name, {scheme, port});
	}

	const {pod, target, service} = await resolvePod(cluster, parsed, {order: 'attach', podRunningTimeoutMs: 2000, ...signal ? {signal} : {}, ...namespace === undefined ? {} : {namespace}});
	const node = target.node === null ? null : await nodeNamed(cluster, target.node);
	const container = named === undefined ? containerOf(pod) : chooseContainer(pod, named, {unknownAnnotation: 'refuse'}).name;
	const chosen = {...target, container};
	const purposes: ConnectionPurpose[] = podFeatures.map(feature => ({feature, target: chosen, request: null}));
	purposes.push({feature: 'pod-proxy', target: chosen, request: podRequest(pod, {scheme, port: service ? null : port})});
	if (service) {
		const {namespace = null, name, uid = null} = service.metadata;
		purposes.push({feature: 'service-proxy', target: {...chosen, kind: 'Service', namespace, name, uid, container: null}, request: serviceRequest(service, {scheme, port})});
	}

	return {target: chosen, purposes, probe: probeOf(pod, container, node), node, pod};
}

async function nodeSubjects(cluster: ClusterAccess, asked: string, name: string, form: Pick<ProxyForm, 'scheme' | 'port'>): Promise<PathSubjects> {
	const node = await readIfAllowed<NodeObject>(cluster, `/api/v1/nodes/${encodeURIComponent(name)}`);
	const kubelet = node && kubeletPortOf(node);
	const kubeletPort = form.port === null || form.port === String(kubelet) || (node ? false : null);
	const target: ReachedTarget = {asked, kind: 'Node', namespace: null, name, uid: node?.metadata.uid ?? null, node: name, container: null, chosenFrom: 1};
	const pod = await podOnNode(cluster, name);
	return {
		target,
		purposes: [{feature: 'node-proxy', target, request: {scheme: kubeletPort ? 'https' : form.scheme ?? 'http', ...form.port === null ? {port: kubelet, portName: null} : numberOrName(form.port), kubeletPort}}],
		probe: pod ? probeOf(pod, containerOf(pod), node) : null,
		node,
		pod: null,
	};
}

type ProxyForm = {plain: string; scheme: 'http' | 'https' | null; port: string | null};

/** `svc/https:web:443` → `svc/web`, https, 443. Only names of pods, services and nodes, which carry no colon. */
function takeOffProxyForm(asked: string): ProxyForm {
	const slash = asked.indexOf('/');
	const [head, rest] = [asked.slice(0, slash + 1), asked.slice(slash + 1)];
	const parts = rest.split(':');
	const [first = '', second = '', third = ''] = parts;
	if (parts.length > 3 || (parts.length === 3 && first !== 'http' && first !== 'https')) {
		throw new SpokeError('ERR_USAGE', `target ${JSON.stringify(asked)} must be NAME, NAME:PORT, http:NAME:PORT or https:NAME:PORT`);
	}

	return parts.length === 3
		? {plain: head + second, scheme: first as 'http' | 'https', port: third || null}
		: parts.length === 2 && (first === 'http' || first === 'https')
			? {plain: head + second, scheme: first, port: null}
			: {plain: head + first, scheme: null, port: second || null};
}

/** A pod without a port means the first one that a container declares. */
function podRequest(pod: PodObject, {scheme, port}: Pick<ProxyForm, 'scheme' | 'port'>): ProxyRequestFacts {
	const declared = pod.spec.containers.flatMap(({ports = []}) => ports)[0]?.containerPort;
	return {scheme: scheme ?? 'http', ...port === null ? {port: declared ?? null, portName: null} : numberOrName(port), kubeletPort: false};
}

function serviceRequest(service: ServiceObject, {scheme, port}: Pick<ProxyForm, 'scheme' | 'port'>): ProxyRequestFacts {
	const first = service.spec?.ports?.[0];
	return {scheme: scheme ?? 'http', ...port === null ? {port: first?.port ?? null, portName: first?.name ?? null} : numberOrName(port), kubeletPort: false};
}

function numberOrName(port: string): {port: number | null; portName: string | null} {
	return /^\d+$/.test(port) ? {port: Number(port), portName: null} : {port: null, portName: port};
}

function containerOf(pod: PodObject): string | null {
	try {
		return chooseContainer(pod, undefined, {unknownAnnotation: 'go-on'}).name;
	} catch {
		return pod.spec.containers[0]?.name ?? null;
	}
}

/** `null` for a pod that does not run. */
export function probeOf(pod: PodObject, container: string | null, node: NodeObject | null): ProbeTarget | null {
	if (pod.status?.phase !== 'Running') {
		return null;
	}

	return {namespace: pod.metadata.namespace ?? 'default', pod: pod.metadata.name, container, node: pod.spec.nodeName ?? null, hostAddress: pod.status.hostIP ?? null, kubeletPort: kubeletPortOf(node), nodeAddresses: node?.status?.addresses?.map(({address}) => address) ?? null};
}
