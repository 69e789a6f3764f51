/** Kubernetes objects as JSON. */
import type {
	CoreV1Event,
	V1CertificateSigningRequest,
	V1ConfigMap,
	V1CronJob,
	V1DaemonSet,
	V1Deployment,
	V1EndpointSlice,
	V1Job,
	V1Lease,
	V1Namespace,
	V1Node,
	V1ObjectMeta,
	V1Pod,
	V1PodSpec,
	V1PodTemplateSpec,
	V1ReplicaSet,
	V1Service,
	V1StatefulSet,
} from '@kubernetes/client-node';
import type {Json} from '../../wire/json.ts';

/** Go writes some unset times as null. */
export type KubeJson<T> = Json<T, string | null>;

export type ObjectMeta = Json<V1ObjectMeta> & {name: string; uid: string; resourceVersion: string; creationTimestamp: string};

export type KubeObject = {apiVersion: string; kind: string; metadata: ObjectMeta};

/** `Certain`: fields that admission requires. */
type Stored<T, Certain = object> = KubeObject & Omit<KubeJson<T>, keyof KubeObject | keyof Certain> & Certain;

export type PodSpec = KubeJson<V1PodSpec>;
type PodTemplate = Omit<KubeJson<V1PodTemplateSpec>, 'spec'> & {spec: PodSpec};
type WithTemplate<Spec> = {spec: Omit<KubeJson<NonNullable<Spec>>, 'template'> & {template: PodTemplate}};
/** Object types by resource. */
export type StoredObjects = {
	certificatesigningrequests: Stored<V1CertificateSigningRequest>;
	configmaps: Stored<V1ConfigMap>;
	cronjobs: Stored<V1CronJob>;
	daemonsets: Stored<V1DaemonSet, WithTemplate<V1DaemonSet['spec']>>;
	deployments: Stored<V1Deployment, WithTemplate<V1Deployment['spec']>>;
	endpointslices: Stored<V1EndpointSlice>;
	events: Stored<CoreV1Event>;
	jobs: Stored<V1Job, WithTemplate<V1Job['spec']>>;
	leases: Stored<V1Lease>;
	namespaces: Stored<V1Namespace>;
	nodes: Stored<V1Node>;
	pods: Stored<V1Pod, {spec: PodSpec}>;
	replicasets: Stored<V1ReplicaSet, WithTemplate<V1ReplicaSet['spec']>>;
	services: Stored<V1Service, {spec: KubeJson<NonNullable<V1Service['spec']>>}>;
	statefulsets: Stored<V1StatefulSet, WithTemplate<V1StatefulSet['spec']>>;
};

export type ResourceName = keyof StoredObjects;

export type Pod = StoredObjects['pods'];
export type Service = StoredObjects['services'];
export type Workload = StoredObjects['daemonsets' | 'jobs' | 'replicasets' | 'statefulsets'];

export type NewMeta = Partial<ObjectMeta> & {name: string};

/** Without uid, resourceVersion and creation time. */
export type NewObject<Resource extends ResourceName> = Omit<StoredObjects[Resource], keyof KubeObject> & {metadata: NewMeta};

/** RFC 3339 in seconds. */
export function apiTime(at: Date = new Date()): string {
	return `${at.toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, as in leases. */
export function apiMicroTime(at: Date = new Date()): string {
	return `${at.toISOString().slice(0, 23)}000Z`;
}
