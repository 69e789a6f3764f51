/** The connections that a target implies. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {readIfAllowed} from '../cluster/list.ts';
import {SpokeError, toSpokeError} from '../base/errors/spoke-error.ts';
import {onlyPort, proxyRequestFacts} from '../streams/proxy/resolve-proxy-target.ts';
import {kubeletPortOf, portList} from '../cluster/targets/named-port.ts';
import {chooseContainer} from '../cluster/targets/choose-container.ts';
import {nodeTarget, parseTarget} from '../cluster/targets/parse-target.ts';
import {objectPath, findResource, podResource} from '../cluster/targets/resource-names.ts';
import type {PodObject, ServiceObject} from '../cluster/targets/pod-object.ts';
import {isProxied, parseProxyName, parseProxyTarget, type ProxyName} from '../cluster/targets/proxy-target.ts';
import {resolvePod, type ResolvedPod} from '../cluster/targets/resolve-pod.ts';
import type {ConnectionPurpose, ProxyRequestFacts, ResolvedTarget} from './evidence.ts';
import type {ProbeTarget} from './run-active-probes.ts';
import {readNode, podOnNode, type NodeObject} from './probes/node-to-apiserver.ts';

export type PathPlan = {
	target: ResolvedTarget;
	purposes: readonly ConnectionPurpose[];
	probe: ProbeTarget | null;
	node: NodeObject | null;
	pod: PodObject | null;
	proxyNotice: string | null;
};

type PathPlanOptions = {
	signal?: AbortSignal | undefined;
	namespace?: string | undefined;
	container?: string | undefined;
	alsoWithoutPods?: boolean;
};

const podFeatures = ['logs', 'exec', 'attach', 'port-forward'] as const;

/**
`input` can include a scheme, a port and a URL path, as in an apiserver proxy request: `svc/https:web:443`, `node/n1:9100/metrics`.
`container` defaults to the annotated container, else the first. For a service without a selector or without pods, only `service-proxy` is
planned, and only with `alsoWithoutPods`.
@throws SpokeError ERR_USAGE, ERR_NOT_FOUND, ERR_FORBIDDEN…
*/
export async function planPaths(
	cluster: ClusterClient,
	input: string,
	{signal, namespace, container: named, alsoWithoutPods = false}: PathPlanOptions = {},
): Promise<PathPlan> {
	const {plain, form} = splitProxyForm(input);
	const parsed = {...parseTarget(plain, {errorListsNodes: true}), input};
	if (parsed.resource.kind === 'Node') {
		if (named !== undefined) {
			throw new SpokeError('ERR_USAGE', `a node has no containers: -c ${named} needs a pod, or a target with pods`);
		}

		return planNodePath(cluster, input, form);
	}

	const ownService =
		alsoWithoutPods && parsed.resource.kind === 'Service'
			? await readService(cluster, objectPath(parsed.resource, namespace ?? cluster.facts.namespace, parsed.name), signal)
			: null;
	if (ownService && Object.keys(ownService.spec?.selector ?? {}).length === 0) {
		return planWithoutPods(ownService, {...form, input});
	}

	let resolved: ResolvedPod;
	try {
		resolved = await resolvePod(cluster, parsed, {
			podPreference: 'attach',
			podRunningTimeoutMs: 2000,
			...(signal ? {signal} : {}),
			...(namespace === undefined ? {} : {namespace}),
		});
	} catch (thrown) {
		const {code, message} = toSpokeError(thrown);
		if (ownService && code === 'ERR_NOT_FOUND') {
			return planWithoutPods(ownService, {...form, input}, `${message}: only service-proxy is shown`);
		}

		throw thrown;
	}

	const {pod, target, service} = resolved;
	const node = target.node === null ? null : await readNode(cluster, target.node);
	const container = named === undefined ? containerOf(pod) : chooseContainer(pod, named, {unknownAnnotation: 'refuse'}).name;
	const chosen = {...target, container};
	return {
		target: chosen,
		purposes: purposesOf(chosen, {pod, service}, {...form, input}),
		probe: probeOf(pod, container, node),
		node,
		pod,
		proxyNotice: service ? noticeOfPorts(service, {...form, input}) : null,
	};
}

function purposesOf(
	target: ResolvedTarget,
	{pod, service}: Pick<ResolvedPod, 'pod' | 'service'>,
	form: ProxyName & {input: string},
): ConnectionPurpose[] {
	const isUnscheduled = target.node === null ? {isUnscheduled: true} : {};
	const purposes: ConnectionPurpose[] = podFeatures.map(feature => ({feature, target, request: null, ...isUnscheduled}));
	purposes.push({
		feature: 'pod-proxy',
		target,
		...isUnscheduled,
		request: proxyRequestFacts('pods', {...form, ...(service ? {port: null} : {})}, pod),
	});
	if (service) {
		purposes.push({
			feature: 'service-proxy',
			target: {...target, ...serviceTarget(service)},
			request: serviceRequest(service, form),
		});
	}

	return purposes;
}

async function readService(cluster: ClusterClient, path: string, signal: AbortSignal | undefined): Promise<ServiceObject | null> {
	return readIfAllowed<ServiceObject>(cluster, path, signal).catch(() => null);
}

function planWithoutPods(service: ServiceObject, form: ProxyName & {input: string}, noPodsNotice: string | null = null): PathPlan {
	const target: ResolvedTarget = {...serviceTarget(service), asked: form.input, node: null, chosenFrom: 0};
	const notices = [noPodsNotice, noticeOfPorts(service, form)].filter(one => one !== null);
	return {
		target,
		purposes: [{feature: 'service-proxy', target, request: serviceRequest(service, form)}],
		probe: null,
		node: null,
		pod: null,
		proxyNotice: notices.join('. ') || null,
	};
}

function serviceTarget({metadata}: ServiceObject): Pick<ResolvedTarget, 'kind' | 'namespace' | 'name' | 'uid' | 'container'> {
	const {namespace = null, name, uid = null} = metadata;
	return {kind: 'Service', namespace, name, uid, container: null};
}

async function planNodePath(cluster: ClusterClient, input: string, form: ProxyName): Promise<PathPlan> {
	const {name} = form;
	const node = await readIfAllowed<NodeObject>(cluster, `/api/v1/nodes/${encodeURIComponent(name)}`);
	const target = nodeTarget(input, name, node);
	const pod = await podOnNode(cluster, name);
	return {
		target,
		purposes: [
			{
				feature: 'node-proxy',
				target,
				request: proxyRequestFacts('nodes', {...form, input}, node),
				...(!node && !pod && {isUnconfirmed: true}),
			},
		],
		probe: pod ? probeOf(pod, containerOf(pod), node) : null,
		node,
		pod: null,
		proxyNotice: null,
	};
}

/** `svc/https:web:443/healthz` → `svc/web`, and https, web, 443. For workloads, too: their pod gets the request. */
function splitProxyForm(input: string): {plain: string; form: ProxyName} {
	const [word = '', ...rest] = input.split('/');
	const bare = rest.length === 0 || word.includes(':');
	const resource = bare ? podResource : findResource(word);
	const kind = bare ? '' : `${word}/`;
	if (resource && isProxied(resource) && (input.includes(':') || rest.length > 1)) {
		const {scheme, name, port} = parseProxyTarget(input);
		return {plain: kind + name, form: {scheme, name, port}};
	}

	const withoutKind = input.slice(kind.length);
	const form = withoutKind.includes(':') ? parseProxyName(withoutKind, input) : {scheme: null, name: withoutKind, port: null};
	return {plain: kind + form.name, form};
}

/** Only the scheme affects how the apiserver connects to a service port, so the path is known even if a proxy request needs a port. */
function serviceRequest(service: ServiceObject, target: ProxyName & {input: string}): ProxyRequestFacts {
	return target.port === null && !onlyPort(service.spec?.ports ?? [])
		? {scheme: target.scheme ?? 'http', port: null, portName: null, kubeletPort: false}
		: proxyRequestFacts('services', target, service);
}

function noticeOfPorts({spec: {ports = []} = {}}: ServiceObject, {input, scheme, name, port}: ProxyName & {input: string}): string | null {
	if (port !== null || ports.length === 0 || onlyPort(ports)) {
		return null;
	}

	const [shown, other] = scheme === 'https' ? ['HTTPS', `plain HTTP, use svc/${name}`] : ['plain HTTP', `HTTPS, use svc/https:${name}`];
	return `${input} has several ports: ${portList(ports)}. Without a port, service-proxy shows ${shown}, whose path is the same for each port; for ${other}`;
}

function containerOf(pod: PodObject): string | null {
	try {
		return chooseContainer(pod, undefined, {unknownAnnotation: 'go-on'}).name;
	} catch {
		return pod.spec.containers[0]?.name ?? null;
	}
}

export function probeOf({metadata, spec, status}: PodObject, container: string | null, node: NodeObject | null): ProbeTarget | null {
	if (status?.phase !== 'Running') {
		return null;
	}

	return {
		namespace: metadata.namespace ?? 'default',
		pod: metadata.name,
		container,
		node: spec.nodeName ?? null,
		hostAddress: status.hostIP ?? null,
		kubeletPort: kubeletPortOf(node),
		nodeAddresses: node?.status?.addresses?.map(({address}) => address) ?? null,
	};
}
