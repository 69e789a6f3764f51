/** Pods of workloads. */
import {createHash, randomInt} from 'node:crypto';
import type {V1Container, V1OwnerReference} from '@kubernetes/client-node';
import type {Json} from '../../wire/json.ts';
import {
	apiTime,
	isWorker,
	type KubeJson,
	type KubeObject,
	type NewObject,
	type Pod,
	type PodSpec,
	type ResourceName,
	type StoredObjects,
	type Workload,
} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';

export function ownerOf({apiVersion, kind, metadata: {name, uid}}: KubeObject): Array<Json<V1OwnerReference>> {
	return [{apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true}];
}

export function ownedBy<R extends ResourceName>(store: ObjectStore, resource: R, owner: KubeObject): Array<StoredObjects[R]> {
	return store
		.list(resource, owner.metadata.namespace)
		.filter(object => object.metadata.ownerReferences?.some(({uid}) => uid === owner.metadata.uid));
}

/** Its kubelet deletes it when its containers have stopped. */
export function deletePod(store: ObjectStore, {namespace, name}: {namespace?: string; name: string}): Pod | undefined {
	return store.update('pods', namespace, name, pod => {
		pod.metadata.deletionTimestamp ??= apiTime();
		pod.metadata.deletionGracePeriodSeconds ??= 30;
	});
}

/** Neither being deleted nor terminated. */
export function livePods(store: ObjectStore, owner: KubeObject): Pod[] {
	return ownedBy(store, 'pods', owner).filter(
		pod => pod.metadata.deletionTimestamp === undefined && pod.status?.phase !== 'Failed' && pod.status?.phase !== 'Succeeded',
	);
}

export function isReady(pod: Pod): boolean {
	return (pod.status?.conditions ?? []).some(({type, status}) => type === 'Ready' && status === 'True');
}

/** Kubernetes' alphabet: no vowels or ambiguous characters. */
export function randomName(length = 5): string {
	return Array.from({length}, () => alphabet[randomInt(alphabet.length)]).join('');
}

export function hashName(value: unknown, length = 10): string {
	const bytes = createHash('sha256').update(JSON.stringify(value)).digest();
	return Array.from(bytes.subarray(0, length), byte => alphabet[byte % alphabet.length]).join('');
}

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** Without `node`, the pod is scheduled. */
export function createPod(
	store: ObjectStore,
	owner: Workload,
	{name, labels = {}, node}: {name: string; labels?: Record<string, string>; node?: string},
): void {
	const {spec, metadata: {annotations, labels: own} = {}} = owner.spec.template;
	const metadata = {
		name,
		namespace: owner.metadata.namespace!,
		labels: {...own, ...labels},
		...(annotations && {annotations}),
		ownerReferences: ownerOf(owner),
	};
	store.create('pods', scheduledPod(store, {metadata, spec: {...spec, ...(node !== undefined && {nodeName: node})}}, owner));
}

const tolerations = ['not-ready', 'unreachable'].map(what => ({
	key: `node.kubernetes.io/${what}`,
	operator: 'Exists',
	effect: 'NoExecute',
	tolerationSeconds: 300,
}));

export function scheduledPod(store: ObjectStore, pod: NewObject<'pods'>, owner?: Workload): NewObject<'pods'> {
	return {
		...pod,
		spec: defaultedSpec(pod.spec, pod.spec.nodeName ?? nextNode(store, owner)),
		status: {phase: 'Pending', qosClass: 'BestEffort'},
	};
}

export function defaultedSpec(spec: PodSpec, nodeName: string): PodSpec {
	const container = (own: KubeJson<V1Container>) => ({
		terminationMessagePath: '/dev/termination-log',
		terminationMessagePolicy: 'File',
		imagePullPolicy: 'IfNotPresent',
		resources: {},
		...own,
		...(own.ports && {ports: own.ports.map(port => ({protocol: 'TCP', ...port}))}),
	});
	return {
		restartPolicy: 'Always',
		priority: 0,
		preemptionPolicy: 'PreemptLowerPriority',
		tolerations,
		terminationGracePeriodSeconds: 30,
		dnsPolicy: 'ClusterFirst',
		serviceAccountName: 'default',
		serviceAccount: 'default',
		schedulerName: 'default-scheduler',
		securityContext: {},
		enableServiceLinks: true,
		automountServiceAccountToken: false,
		...spec,
		nodeName,
		containers: spec.containers.map(container),
		...(spec.initContainers && {initContainers: spec.initContainers.map(container)}),
	};
}

/** A worker with the fewest pods of this owner, then of all. */
function nextNode(store: ObjectStore, owner: KubeObject | undefined): string {
	const pods = store.list('pods');
	const workers = store.list('nodes').filter(isWorker);
	const load = workers.map(({metadata: {name}}) => {
		const onNode = pods.filter(pod => pod.spec.nodeName === name);
		return {name, own: onNode.filter(pod => pod.metadata.ownerReferences?.[0]?.uid === owner?.metadata.uid).length, all: onNode.length};
	});
	return load.toSorted((a, b) => a.own - b.own || a.all - b.all)[0]!.name;
}
