/** Resources of the sandbox. */
import type {ResourceName} from './kube-object.ts';

export type Subresource = {name: string; kind: string; verbs: readonly string[]};

export type ResourceSpec = {
	/** `''` is core. */
	group: string;
	version: string;
	name: string;
	singular: string;
	kind: string;
	namespaced: boolean;
	verbs: readonly string[];
	shortNames?: readonly string[];
	categories?: readonly string[];
	subresources?: readonly Subresource[];
};

export type StoredResource = ResourceSpec & {name: ResourceName};

const storedVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;
const status = (kind: string): Subresource => ({name: 'status', kind, verbs: ['get', 'patch', 'update']});
const scale: Subresource = {name: 'scale', kind: 'Scale', verbs: ['get', 'patch', 'update']};
const proxy = (kind: string): Subresource => ({name: 'proxy', kind, verbs: ['create', 'delete', 'get', 'patch', 'update']});
const stream = (name: string, kind: string): Subresource => ({name, kind, verbs: ['create', 'get']});

const core = {group: '', version: 'v1', namespaced: true, verbs: storedVerbs};
const apps = {group: 'apps', version: 'v1', namespaced: true, verbs: storedVerbs, categories: ['all']};

export const resourceSpecs: readonly ResourceSpec[] = [
	{...core, name: 'configmaps', singular: 'configmap', kind: 'ConfigMap', shortNames: ['cm']},
	{...core, name: 'endpoints', singular: 'endpoints', kind: 'Endpoints', shortNames: ['ep']},
	{...core, name: 'events', singular: 'event', kind: 'Event', shortNames: ['ev']},
	{
		...core,
		name: 'namespaces',
		singular: 'namespace',
		kind: 'Namespace',
		namespaced: false,
		shortNames: ['ns'],
		subresources: [status('Namespace')],
	},
	{
		...core,
		name: 'nodes',
		singular: 'node',
		kind: 'Node',
		namespaced: false,
		shortNames: ['no'],
		subresources: [proxy('NodeProxyOptions'), status('Node')],
	},
	{
		...core,
		name: 'pods',
		singular: 'pod',
		kind: 'Pod',
		shortNames: ['po'],
		categories: ['all'],
		subresources: [
			stream('attach', 'PodAttachOptions'),
			{name: 'ephemeralcontainers', kind: 'Pod', verbs: ['get', 'patch', 'update']},
			stream('exec', 'PodExecOptions'),
			{name: 'log', kind: 'Pod', verbs: ['get']},
			stream('portforward', 'PodPortForwardOptions'),
			proxy('PodProxyOptions'),
			status('Pod'),
		],
	},
	{...core, name: 'secrets', singular: 'secret', kind: 'Secret'},
	{...core, name: 'serviceaccounts', singular: 'serviceaccount', kind: 'ServiceAccount', shortNames: ['sa']},
	{
		...core,
		name: 'services',
		singular: 'service',
		kind: 'Service',
		shortNames: ['svc'],
		categories: ['all'],
		subresources: [proxy('ServiceProxyOptions'), status('Service')],
	},
	{...apps, name: 'daemonsets', singular: 'daemonset', kind: 'DaemonSet', shortNames: ['ds'], subresources: [status('DaemonSet')]},
	{
		...apps,
		name: 'deployments',
		singular: 'deployment',
		kind: 'Deployment',
		shortNames: ['deploy'],
		subresources: [scale, status('Deployment')],
	},
	{
		...apps,
		name: 'replicasets',
		singular: 'replicaset',
		kind: 'ReplicaSet',
		shortNames: ['rs'],
		subresources: [scale, status('ReplicaSet')],
	},
	{
		...apps,
		name: 'statefulsets',
		singular: 'statefulset',
		kind: 'StatefulSet',
		shortNames: ['sts'],
		subresources: [scale, status('StatefulSet')],
	},
	{
		group: 'authentication.k8s.io',
		version: 'v1',
		name: 'selfsubjectreviews',
		singular: 'selfsubjectreview',
		kind: 'SelfSubjectReview',
		namespaced: false,
		verbs: ['create'],
	},
	{
		group: 'authorization.k8s.io',
		version: 'v1',
		name: 'selfsubjectaccessreviews',
		singular: 'selfsubjectaccessreview',
		kind: 'SelfSubjectAccessReview',
		namespaced: false,
		verbs: ['create'],
	},
	{
		group: 'authorization.k8s.io',
		version: 'v1',
		name: 'selfsubjectrulesreviews',
		singular: 'selfsubjectrulesreview',
		kind: 'SelfSubjectRulesReview',
		namespaced: false,
		verbs: ['create'],
	},
	{
		group: 'batch',
		version: 'v1',
		name: 'cronjobs',
		singular: 'cronjob',
		kind: 'CronJob',
		namespaced: true,
		verbs: storedVerbs,
		shortNames: ['cj'],
		categories: ['all'],
		subresources: [status('CronJob')],
	},
	{
		group: 'batch',
		version: 'v1',
		name: 'jobs',
		singular: 'job',
		kind: 'Job',
		namespaced: true,
		verbs: storedVerbs,
		categories: ['all'],
		subresources: [status('Job')],
	},
	{
		group: 'certificates.k8s.io',
		version: 'v1',
		name: 'certificatesigningrequests',
		singular: 'certificatesigningrequest',
		kind: 'CertificateSigningRequest',
		namespaced: false,
		verbs: storedVerbs,
		shortNames: ['csr'],
		subresources: [
			{name: 'approval', kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update']},
			status('CertificateSigningRequest'),
		],
	},
	{group: 'coordination.k8s.io', version: 'v1', name: 'leases', singular: 'lease', kind: 'Lease', namespaced: true, verbs: storedVerbs},
	{
		group: 'discovery.k8s.io',
		version: 'v1',
		name: 'endpointslices',
		singular: 'endpointslice',
		kind: 'EndpointSlice',
		namespaced: true,
		verbs: storedVerbs,
	},
];

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
