/** Pods of workloads. */
import {createHash, randomInt} from 'node:crypto';
import type {Json, KubeObject, NewObject} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';

export function ownerOf({apiVersion, kind, metadata: {name, uid}}: KubeObject): Json[] {
	return [{apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true}];
}

export function ownedBy(store: ObjectStore, resource: string, owner: KubeObject): KubeObject[] {
	return store
		.list(resource, owner.metadata.namespace)
		.filter(object => object.metadata.ownerReferences?.some(reference => reference['uid'] === owner.metadata.uid));
}

/** Neither being deleted nor terminated. */
export function livePods(store: ObjectStore, owner: KubeObject): KubeObject[] {
	return ownedBy(store, 'pods', owner).filter(
		pod => pod.metadata.deletionTimestamp === undefined && pod['status']?.phase !== 'Failed' && pod['status']?.phase !== 'Succeeded',
	);
}

export function isReady(pod: KubeObject): boolean {
	return ((pod['status']?.conditions ?? []) as Json[]).some(({type, status}) => type === 'Ready' && status === 'True');
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
	owner: KubeObject,
	{name, labels = {}, node}: {name: string; labels?: Record<string, string>; node?: string},
): void {
	const template = owner['spec'].template as {
		metadata?: {labels?: Record<string, string>; annotations?: Record<string, string>};
		spec: Json;
	};
	const spec = structuredClone(template.spec);
	const nodeName = node ?? spec['nodeName'] ?? nextNode(store, owner);
	store.create('pods', {
		metadata: {
			name,
			namespace: owner.metadata.namespace!,
			labels: {...template.metadata?.labels, ...labels},
			...(template.metadata?.annotations && {annotations: template.metadata.annotations}),
			ownerReferences: ownerOf(owner),
		},
		spec: defaultedSpec(spec, nodeName as string),
		status: {phase: 'Pending', qosClass: 'BestEffort'},
	} satisfies NewObject);
}

const tolerations = ['not-ready', 'unreachable'].map(what => ({
	key: `node.kubernetes.io/${what}`,
	operator: 'Exists',
	effect: 'NoExecute',
	tolerationSeconds: 300,
}));

export function scheduledPod(store: ObjectStore, pod: NewObject): NewObject {
	const spec = (pod['spec'] ?? {}) as Json;
	return {
		...pod,
		spec: defaultedSpec(spec, String(spec['nodeName'] ?? nextNode(store, undefined))),
		status: {phase: 'Pending', qosClass: 'BestEffort'},
	};
}

export function defaultedSpec(spec: Json, nodeName: string): Json {
	const container = (own: Json) => ({
		terminationMessagePath: '/dev/termination-log',
		terminationMessagePolicy: 'File',
		imagePullPolicy: 'IfNotPresent',
		resources: {},
		...own,
		...(own['ports'] && {ports: (own['ports'] as Json[]).map(port => ({protocol: 'TCP', ...port}))}),
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
		containers: (spec['containers'] as Json[]).map(container),
		...(spec['initContainers'] && {initContainers: (spec['initContainers'] as Json[]).map(container)}),
	};
}

/** A worker with the fewest pods of this owner, then of all. */
function nextNode(store: ObjectStore, owner: KubeObject | undefined): string {
	const pods = store.list('pods');
	const workers = store.list('nodes').filter(node => !('node-role.kubernetes.io/control-plane' in (node.metadata.labels ?? {})));
	const load = workers.map(({metadata: {name}}) => {
		const onNode = pods.filter(pod => pod['spec'].nodeName === name);
		return {name, own: onNode.filter(pod => pod.metadata.ownerReferences?.[0]?.['uid'] === owner?.metadata.uid).length, all: onNode.length};
	});
	return load.toSorted((a, b) => a.own - b.own || a.all - b.all)[0]!.name;
}
