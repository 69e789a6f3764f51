/** What a path of the API asks for: where the request ends, and whether it runs a command. No other file of streams parses such a path. */
import type {StreamFeature} from '../connection-observer.ts';

export type PathEnd =
	/** Answered by the apiserver itself. */
	| {at: 'apiserver'}
	/** `base`: with the subresource; `object`: without it. */
	| {at: 'pod'; base: string; object: string; namespace: string; name: string; feature: StreamFeature}
	| {at: 'proxied'; base: string; kind: string; namespace: string; spelling: string}
	/** Only a server that decodes or cleans the path, as a gateway does, may find a pod, node or service in it. */
	| {at: 'disguised'}
	/** Any other. An aggregated API is a service whose certificate may not be verified (`insecureSkipTLSVerify`). */
	| {at: 'elsewhere'};

const proxied = /^\/api\/v1\/(?:namespaces\/([^/]+)\/(pods|services)|(nodes))\/([^/]+)\/proxy(?=\/|$|\?)/;

const podStream = /^(\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+))\/(log|exec|attach|portforward)(?=$|\?)/;

const features: ReadonlyMap<string | undefined, StreamFeature> = new Map([
	['log', 'logs'],
	['exec', 'exec'],
	['attach', 'attach'],
	['portforward', 'port-forward'],
]);

/** `path`: as received, after the API prefix. */
export function endOfPath(path: string): PathEnd {
	// An apiserver does not resolve dot segments, but a gateway can make another target, or another cluster, of them.
	if (hasDotSegments(path)) {
		return {at: 'disguised'};
	}

	const [base, namespace, kind, node, spelling] = proxied.exec(path) ?? [];
	if (base !== undefined && spelling !== undefined) {
		return {at: 'proxied', base, kind: node ?? kind!, namespace: namespace ?? '', spelling};
	}

	const [stream, object, podNamespace, name, subresource] = podStream.exec(path) ?? [];
	const feature = features.get(subresource);
	if (stream !== undefined && object !== undefined && feature !== undefined) {
		return {at: 'pod', base: stream, object, namespace: podNamespace!, name: name!, feature};
	}

	if (normalizedPaths(path).some(normalized => leavesApiserver.test(normalized))) {
		return {at: 'disguised'};
	}

	return {at: isOfApiserver(path) ? 'apiserver' : 'elsewhere'};
}

const leavesApiserver =
	/^\/api\/v1\/(?:namespaces\/[^/]+\/pods\/[^/]+\/(?:log|exec|attach|portforward)$|(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy(?:\/|$))/;

function isOfApiserver(path: string): boolean {
	const [before, first = '', group = '', ...rest] = path.split('?', 1)[0]!.split('/');
	if (before !== '' || (first === '' && group !== '')) {
		return false;
	}

	switch (first) {
		case 'apis': {
			return group === '' ? rest.length === 0 : builtInGroups.has(group) && isBuiltInVersion(group, rest[0] ?? '');
		}

		case 'api': {
			return group === '' ? rest.length === 0 : group === 'v1' && isCoreResource(rest);
		}

		// An aggregated API server lists which paths below /openapi/v3 are its own (kube-aggregator openapiv3 handleGroupVersion).
		case 'openapi': {
			return rest.join('') === '';
		}

		default: {
			return ownPath.test(first);
		}
	}
}

/** `segments`: after `/api/v1`. */
function isCoreResource(segments: readonly string[]): boolean {
	const [first, ...unwatched] = segments;
	const resource = first === 'watch' ? unwatched : segments;
	const [, , subresource, ...more] = resource[0] === 'namespaces' && resource.length > 2 ? resource.slice(2) : resource;
	return subresource === undefined || (ownSubresource.test(subresource) && more.length === 0);
}

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/rest/storage_core.go */
const ownSubresource = /^(?:|binding|ephemeralcontainers|eviction|finalize|resize|scale|status|token)$/;

const ownPath = /^(?:|\.well-known|configz|debug|flagz|healthz|livez|metrics|openid|readyz|statusz|version)$/;

/** Of all supported apiservers. @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/controlplane/instance.go */
const builtInGroups: ReadonlySet<string> = new Set([
	'admissionregistration.k8s.io',
	'apiextensions.k8s.io',
	'apiregistration.k8s.io',
	'apps',
	'authentication.k8s.io',
	'authorization.k8s.io',
	'autoscaling',
	'batch',
	'certificates.k8s.io',
	'coordination.k8s.io',
	'discovery.k8s.io',
	'events.k8s.io',
	'networking.k8s.io',
	'node.k8s.io',
	'policy',
	'rbac.authorization.k8s.io',
	'scheduling.k8s.io',
	'storage.k8s.io',
]);

/** An APIService can send any version that an apiserver does not have to another server, also one of a built-in group. */
function isBuiltInVersion(group: string, version: string): boolean {
	return version === '' || version === 'v1' || (group === 'autoscaling' && version === 'v2');
}

/** Also percent-encoded, any number of times. */
export function hasDotSegments(path: string): boolean {
	return path
		.split('?', 1)[0]!
		.replaceAll(/%(?:25)*2e/gi, '.')
		.replaceAll(/%(?:25)*(?:2f|5c)|\\/gi, '/')
		.split('/')
		.some(segment => segment === '.' || segment === '..');
}

/** Endpoints that the kubelet authorizes as plain `nodes/proxy` (kubelet pkg/server/auth.go). */
const kubeletCommands = /^\/(?:exec|run|attach|portforward|cri)(?![\w.-])/;

const podCommands = /^\/api\/.*\/pods\/[^/]+\/(?:exec|attach|portforward)(?![\w.-])/;
// The first `/proxy` is the node's: a namespace in the kubelet's path can also be called `nodes`.
const nodeCommands = /^\/api\/.*?\/nodes\/[^/]+\/proxy(\/.*)/;

/** Shells and screens of virtual machines (KubeVirt). */
const machineCommands = /^\/apis\/subresources\.[^/]+\/.*\/(?:console|vnc|portforward|usbredir|vsock)(?![\w.-])/;

/** Whether an apiserver path, as received, runs a command. */
export function runsCommands(path: string): boolean {
	return normalizedPaths(path).some(
		spelling =>
			podCommands.test(spelling) || machineCommands.test(spelling) || kubeletCommands.test(nodeCommands.exec(spelling)?.[1] ?? ''),
	);
}

/** Whether a kubelet path, after `/proxy`, runs a command. */
export function runsKubeletCommands(path: string): boolean {
	return normalizedPaths(path).some(spelling => kubeletCommands.test(spelling));
}

/** Decoded zero, one, two… times, in lowercase, with dot segments resolved as a server does. */
export function normalizedPaths(path: string): string[] {
	let text = path.split('?', 1)[0]!;
	const paths = [clean(text)];
	for (let round = 0; round < 16; round++) {
		const next = text.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
		if (next === text) {
			break;
		}

		text = next;
		paths.push(clean(text));
	}

	return paths;
}

function clean(path: string): string {
	const segments: string[] = [];
	for (const segment of path.replaceAll('\\', '/').toLowerCase().split('/')) {
		if (segment === '..') {
			segments.pop();
		} else if (segment !== '' && segment !== '.') {
			segments.push(segment);
		}
	}

	return `/${segments.join('/')}`;
}
