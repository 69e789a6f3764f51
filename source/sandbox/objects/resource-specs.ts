/** Resources of the sandbox. */
import type {ResourceName} from './kube-object.ts';

export type ResourceSpec = {
	/** `''` is core. */
	group: string;
	version: 'v1';
	name: string;
	singular: string;
	kind: string;
	namespaced: boolean;
	verbs: readonly string[];
	shortNames?: readonly string[];
	categories?: readonly string[];
	subresources: readonly Subresource[];
};

export type Subresource = {name: string; kind: string; verbs: readonly string[]};

export type StoredResource = ResourceSpec & {name: ResourceName};

const inAll = ['all'];
const proxyVerbs = ['create', 'delete', 'get', 'patch', 'update'];
const streamVerbs = ['create', 'get'];
const reviewed = {namespaced: false, verbs: ['create']};

/** Cron jobs can be listed only, so that lists of all workloads are complete: no controller runs them. */
export const resourceSpecs: readonly ResourceSpec[] = [
	resource('', 'ConfigMap', {shortNames: ['cm']}),
	resource('', 'Event', {shortNames: ['ev']}),
	resource('', 'Namespace', {namespaced: false, shortNames: ['ns']}),
	resource('', 'Node', {namespaced: false, shortNames: ['no'], subresources: [subresource('proxy', 'NodeProxyOptions', proxyVerbs)]}),
	resource('', 'Pod', {
		shortNames: ['po'],
		categories: inAll,
		subresources: [
			subresource('attach', 'PodAttachOptions', streamVerbs),
			subresource('ephemeralcontainers', 'Pod', ['get', 'patch']),
			subresource('exec', 'PodExecOptions', streamVerbs),
			subresource('log', 'Pod', ['get']),
			subresource('portforward', 'PodPortForwardOptions', streamVerbs),
			subresource('proxy', 'PodProxyOptions', proxyVerbs),
		],
	}),
	resource('', 'Service', {
		shortNames: ['svc'],
		categories: inAll,
		subresources: [subresource('proxy', 'ServiceProxyOptions', proxyVerbs)],
	}),
	resource('apps', 'DaemonSet', {shortNames: ['ds'], categories: inAll}),
	resource('apps', 'Deployment', {shortNames: ['deploy'], categories: inAll}),
	resource('apps', 'ReplicaSet', {shortNames: ['rs'], categories: inAll}),
	resource('apps', 'StatefulSet', {shortNames: ['sts'], categories: inAll}),
	resource('authentication.k8s.io', 'SelfSubjectReview', reviewed),
	resource('authorization.k8s.io', 'SelfSubjectAccessReview', reviewed),
	resource('batch', 'CronJob', {shortNames: ['cj'], categories: inAll, verbs: ['get', 'list', 'watch']}),
	resource('batch', 'Job', {categories: inAll}),
	resource('certificates.k8s.io', 'CertificateSigningRequest', {namespaced: false, shortNames: ['csr']}),
	resource('coordination.k8s.io', 'Lease'),
	resource('discovery.k8s.io', 'EndpointSlice'),
];

function resource(group: string, kind: string, more: Partial<ResourceSpec> = {}): ResourceSpec {
	const singular = kind.toLowerCase();
	return {
		group,
		version: 'v1',
		name: `${singular}s`,
		singular,
		kind,
		namespaced: true,
		verbs: ['create', 'delete', 'get', 'list', 'patch', 'watch'],
		subresources: [],
		...more,
	};
}

function subresource(name: string, kind: string, verbs: readonly string[]): Subresource {
	return {name, kind, verbs};
}

/** Others can only be created. */
export function isStored(resourceSpec: ResourceSpec): resourceSpec is StoredResource {
	return resourceSpec.verbs.includes('list');
}

export const storedResources = resourceSpecs.filter(isStored);

export function findResource(group: string, version: string, name: string): ResourceSpec | undefined {
	return resourceSpecs.find(row => row.group === group && row.version === version && row.name === name);
}

/** `v1`, `apps/v1`. */
export function apiVersionOf({group, version}: Pick<ResourceSpec, 'group' | 'version'>): string {
	return group === '' ? version : `${group}/${version}`;
}
