/** Resolves a proxy request's scheme, port and API path. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {readIfAllowed} from '../../cluster/list.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {kubeletPortOf, type NodeWithKubelet, podPort, portList} from '../../cluster/targets/named-port.ts';
import {listPath, objectPath} from '../../cluster/targets/resource-names.ts';
import type {ObjectMeta, PodObject, ServiceObject, ServicePort} from '../../cluster/targets/pod-object.ts';
import type {ProxyResource, ProxyName, ProxyTarget} from '../../cluster/targets/proxy-target.ts';
import type {ConnectionPurpose, ProxyRequestFacts} from '../connection-observer.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';

export type ResolvedProxyTarget = {
	/** `/api/v1/…/proxy`. */
	base: string;
	purpose: ConnectionPurpose & {request: ProxyRequestFacts};
};

type TypedTarget = ProxyName & {input: string};

type NodeObject = NodeWithKubelet & {metadata: ObjectMeta};

/**
If the object cannot be read, keeps the request as typed: the proxy needs no permission to get the object. Unknown facts are null.
@throws SpokeError ERR_NOT_FOUND (no such object or port), ERR_USAGE for a service that needs a port
*/
export async function resolveProxyTarget(
	cluster: Pick<ClusterClient, 'json' | 'facts'>,
	target: ProxyTarget,
	namespace: string,
	signal?: AbortSignal,
): Promise<ResolvedProxyTarget> {
	const object = await readIfAllowed<PodObject | ServiceObject | NodeObject>(
		cluster,
		objectPath(target.resource, namespace, target.name),
		signal,
	);
	const {request, port} = requestAndPort(target.resource.plural, target, object);
	const name = [target.scheme, target.name, target.scheme === null && port === null ? null : (port ?? '')]
		.filter(part => part !== null)
		.join(':');
	const {
		resource: {plural, kind},
	} = target;
	const resolved: ResolvedTarget = {
		asked: target.input,
		kind: kind as ResolvedTarget['kind'],
		namespace: plural === 'nodes' ? null : namespace,
		name: target.name,
		uid: object?.metadata.uid ?? null,
		node: nodeOf(target, object),
		container: null,
		chosenFrom: 1,
	};
	return {
		base: `${listPath(target.resource, namespace)}/${name
			.split(':')
			.map(part => encodeURIComponent(part))
			.join(':')}/proxy`,
		purpose: {feature: featureOf[plural], target: resolved, request},
	};
}

/** Unknown for a service. */
function nodeOf({resource: {plural}, name}: ProxyTarget, object: PodObject | ServiceObject | NodeObject | null): string | null {
	if (plural === 'nodes') {
		return name;
	}

	return plural === 'pods' ? ((object as PodObject | null)?.spec.nodeName ?? null) : null;
}

const featureOf = {nodes: 'node-proxy', pods: 'pod-proxy', services: 'service-proxy'} as const;

/** @throws SpokeError as resolveProxyTarget */
export function proxyRequestFacts(
	plural: ProxyResource,
	target: TypedTarget,
	object: PodObject | ServiceObject | NodeObject | null,
): ProxyRequestFacts {
	return requestAndPort(plural, target, object).request;
}

type RequestAndPort = {request: ProxyRequestFacts; port: string | null};

function requestAndPort(plural: ProxyResource, target: TypedTarget, object: PodObject | ServiceObject | NodeObject | null): RequestAndPort {
	return plural === 'nodes'
		? nodeRequest(target, object)
		: plural === 'pods'
			? podRequest(target, object as PodObject | null)
			: serviceRequest(target, object);
}

/**
A node without a port, or with its kubelet's, is the kubelet over TLS, whatever the scheme (measured). The apiserver compares ports as text,
and dials other spellings without the kubelet's TLS (pkg/registry/core/node/strategy.go ResourceLocation). The kubelet's port is left out,
because a node can report another one before the request arrives.
*/
function nodeRequest({scheme, port}: ProxyName, node: NodeObject | null): RequestAndPort {
	const kubelet = node && kubeletPortOf(node);
	const number = port === null ? kubelet : Number(port);
	if (port !== null && !/^[1-9]\d*$/.test(port)) {
		throw new SpokeError('ERR_USAGE', `invalid port ${JSON.stringify(port)}: a node’s port is a number without leading zeros`);
	}

	const kubeletPort = number === kubelet || (kubelet === null ? null : false);
	return {
		request: {scheme: kubeletPort ? 'https' : (scheme ?? 'http'), port: number, portName: null, kubeletPort},
		port: kubeletPort ? null : port,
	};
}

/** A port name makes an apiserver of 1.36.3 panic, so the number is sent. */
function podRequest({scheme, port, input}: TypedTarget, pod: PodObject | null): RequestAndPort {
	const facts = {scheme: scheme ?? 'http', kubeletPort: false} as const;
	if (port === null) {
		const first = pod?.spec.containers.flatMap(({ports = []}) => ports)[0];
		return {request: {...facts, port: first?.containerPort ?? null, portName: null}, port: null};
	}

	if (/^\d+$/.test(port)) {
		return {request: {...facts, port: Number(port), portName: null}, port};
	}

	if (!pod) {
		throw new SpokeError(
			'ERR_FORBIDDEN',
			`cannot read the number of port ${port} of ${input}: specify it as a number, or get permission to get pods`,
		);
	}

	const {port: number} = podPort(pod, port);
	return {request: {...facts, port: number, portName: port}, port: String(number)};
}

/** `undefined` if a port must be named. */
export function onlyPort(ports: readonly ServicePort[]): ServicePort | undefined {
	return ports.length === 1 ? ports[0] : ports.find(({name}) => name === undefined);
}

/** Without a port, the apiserver accepts only an unnamed one. */
function serviceRequest({scheme, port, name, input}: TypedTarget, service: ServiceObject | null): RequestAndPort {
	const facts = {scheme: scheme ?? 'http', kubeletPort: false} as const;
	const ports = service?.spec?.ports ?? [];
	if (!service) {
		const number = port !== null && /^\d+$/.test(port) ? Number(port) : null;
		return {request: {...facts, port: number, portName: number === null ? port : null}, port};
	}

	const found = port === null ? onlyPort(ports) : ports.find(one => (/^\d+$/.test(port) ? one.port === Number(port) : one.name === port));
	if (!found) {
		const list = portList(ports);
		throw port === null && ports.length > 0
			? new SpokeError('ERR_USAGE', `${input} has several ports; name one of them: ${list}`, {
					remedy: `svc/${name}:${ports[0]?.port ?? 80}`,
				})
			: new SpokeError('ERR_NOT_FOUND', `service ${name} has ${port === null ? '' : `no port ${port}: it has `}${list}`);
	}

	return {request: {...facts, port: found.port, portName: found.name ?? null}, port: port ?? String(found.port)};
}
