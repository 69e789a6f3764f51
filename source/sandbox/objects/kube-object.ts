/** Kubernetes objects as JSON, and their resources. */
import type * as client from '@kubernetes/client-node';
import type {Json} from '../../wire/json.ts';

/** Go writes some unset times as null. */
export type KubeJson<T> = Json<T, string | null>;

export type ObjectMeta = Json<client.V1ObjectMeta> & {name: string; uid: string; resourceVersion: string; creationTimestamp: string};

export type KubeObject = {apiVersion: string; kind: string; metadata: ObjectMeta};

/** `Certain`: fields that admission requires. */
type Stored<T, Certain = object> = KubeObject & Omit<KubeJson<T>, keyof KubeObject | keyof Certain> & Certain;

export type PodSpec = KubeJson<client.V1PodSpec>;
type PodTemplate = Omit<KubeJson<client.V1PodTemplateSpec>, 'spec'> & {spec: PodSpec};
type WithTemplate<Spec> = {spec: Omit<KubeJson<NonNullable<Spec>>, 'template'> & {template: PodTemplate}};
/** Object types by resource. */
export type StoredObjects = {
	certificatesigningrequests: Stored<client.V1CertificateSigningRequest>;
	configmaps: Stored<client.V1ConfigMap>;
	cronjobs: Stored<client.V1CronJob>;
	daemonsets: Stored<client.V1DaemonSet, WithTemplate<client.V1DaemonSet['spec']>>;
	deployments: Stored<client.V1Deployment, WithTemplate<client.V1Deployment['spec']>>;
	endpointslices: Stored<client.V1EndpointSlice>;
	events: Stored<client.CoreV1Event>;
	jobs: Stored<client.V1Job, WithTemplate<client.V1Job['spec']>>;
	leases: Stored<client.V1Lease>;
	namespaces: Stored<client.V1Namespace>;
	nodes: Stored<client.V1Node>;
	pods: Stored<client.V1Pod, {spec: PodSpec}>;
	replicasets: Stored<client.V1ReplicaSet, WithTemplate<client.V1ReplicaSet['spec']>>;
	services: Stored<client.V1Service, {spec: KubeJson<NonNullable<client.V1Service['spec']>>}>;
	statefulsets: Stored<client.V1StatefulSet, WithTemplate<client.V1StatefulSet['spec']>>;
};

export type ResourceName = keyof StoredObjects;

export type Pod = StoredObjects['pods'];
export type Service = StoredObjects['services'];
export type Workload = StoredObjects['daemonsets' | 'jobs' | 'replicasets' | 'statefulsets'];

export type NewMeta = Partial<ObjectMeta> & {name: string};

/** Without uid, resourceVersion and creation time. */
export type NewObject<Resource extends ResourceName> = Omit<StoredObjects[Resource], keyof KubeObject> & {metadata: NewMeta};

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

type Subresource = {name: string; kind: string; verbs: readonly string[]};

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

export const storedResources = resourceSpecs.filter(isStored);

/** RFC 3339 in seconds. */
export function apiTime(at: Date = new Date()): string {
	return `${at.toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, as in leases. */
export function apiMicroTime(at: Date = new Date()): string {
	return `${at.toISOString().slice(0, 23)}000Z`;
}

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

export function findResource(group: string, version: string, name: string): ResourceSpec | undefined {
	return resourceSpecs.find(row => row.group === group && row.version === version && row.name === name);
}

/** `v1`, `apps/v1`. */
export function apiVersionOf({group, version}: Pick<ResourceSpec, 'group' | 'version'>): string {
	return group === '' ? version : `${group}/${version}`;
}

/** `previous` keeps the time of an unchanged condition. */
export function condition<More>(previous: {conditions?: readonly Condition[]} | undefined, type: string, holds: boolean, more: More) {
	const status = holds ? 'True' : 'False';
	const same = previous?.conditions?.find(one => one.type === type && one.status === status);
	return {type, status, lastTransitionTime: same?.lastTransitionTime ?? apiTime(), ...more};
}

type Condition = {type: string; status: string; lastTransitionTime?: string | null};

export function isWorker({metadata: {labels = {}}}: KubeObject): boolean {
	return !('node-role.kubernetes.io/control-plane' in labels);
}
