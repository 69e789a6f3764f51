/** Makes a workload's pods: names, labels and owner from its template, a node by turns. */
import {createHash, randomInt} from 'node:crypto';
import type {Json, KubeObject, NewObject} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';

/** The owner reference that makes an object a controller’s own. */
export function ownerOf({apiVersion, kind, metadata: {name, uid}}: KubeObject): Json[] {
	return [{apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true}];
}

/** The objects of a resource that an owner has made. */
export function ownedBy(store: ObjectStore, resource: string, owner: KubeObject): KubeObject[] {
	return store
		.list(resource, owner.metadata.namespace)
		.filter(object => object.metadata.ownerReferences?.some(reference => reference['uid'] === owner.metadata.uid));
}

/** Pods that count: neither leaving nor done. */
export function livePods(store: ObjectStore, owner: KubeObject): KubeObject[] {
	return ownedBy(store, 'pods', owner).filter(
		pod => pod.metadata.deletionTimestamp === undefined && pod['status']?.phase !== 'Failed' && pod['status']?.phase !== 'Succeeded',
	);
}

/** Whether its Ready condition holds. */
export function isReady(pod: KubeObject): boolean {
	return ((pod['status']?.conditions ?? []) as Json[]).some(({type, status}) => type === 'Ready' && status === 'True');
}

/** In the alphabet that Kubernetes uses for random names: no vowels, nothing that looks like another letter. */
export function randomName(length = 5): string {
	return Array.from({length}, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** The same name for the same value, in the letters of generated names. */
export function hashName(value: unknown, length = 10): string {
	const bytes = createHash('sha256').update(JSON.stringify(value)).digest();
	return Array.from(bytes.subarray(0, length), byte => alphabet[byte % alphabet.length]).join('');
}

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** From its owner’s template, on `node`, or on the next one by turns. */
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

/** A pod that a client made has no node yet: the scheduler's work, done as it is stored. */
export function scheduledPod(store: ObjectStore, pod: NewObject): NewObject {
	const spec = (pod['spec'] ?? {}) as Json;
	return {
		...pod,
		spec: defaultedSpec(spec, String(spec['nodeName'] ?? nextNode(store, undefined))),
		status: {phase: 'Pending', qosClass: 'BestEffort'},
	};
}

/** The fields that an apiserver and scheduler would have filled in. */
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

/** Workers by turns: the one that has the fewest pods of this owner, then the fewest at all. */
function nextNode(store: ObjectStore, owner: KubeObject | undefined): string {
	const pods = store.list('pods');
	const workers = store.list('nodes').filter(node => !('node-role.kubernetes.io/control-plane' in (node.metadata.labels ?? {})));
	const load = workers.map(({metadata: {name}}) => {
		const here = pods.filter(pod => pod['spec'].nodeName === name);
		return {name, own: here.filter(pod => pod.metadata.ownerReferences?.[0]?.['uid'] === owner?.metadata.uid).length, all: here.length};
	});
	return load.toSorted((a, b) => a.own - b.own || a.all - b.all)[0]!.name;
}
