/** Controllers of workloads and endpoints. */
import {apiTime, type KubeObject, type Pod, type StoredObjects, type NewObject, type Service} from '../objects/kube-object.ts';
import {type ObjectStore, hasLabels} from '../objects/object-store.ts';
import {createPod, deletePod, hashName, isReady, livePods, ownedBy, ownerOf, randomName} from './workload-pods.ts';

/** Each change triggers another run. */
export function reconcileWorkloads(store: ObjectStore): void {
	for (const deployment of store.list('deployments')) {
		reconcileDeployment(store, deployment);
	}

	for (const set of store.list('replicasets')) {
		reconcileReplicaSet(store, set);
	}

	for (const set of store.list('statefulsets')) {
		reconcileStatefulSet(store, set);
	}

	for (const set of store.list('daemonsets')) {
		reconcileDaemonSet(store, set);
	}

	for (const job of store.list('jobs')) {
		reconcileJob(store, job);
	}
}

/** Rolls out one pod at a time: adds a new one, then removes an old one (maxSurge 1, maxUnavailable 0). */
function reconcileDeployment(store: ObjectStore, deployment: StoredObjects['deployments']): void {
	const {namespace, name} = deployment.metadata;
	const {replicas = 1, template, selector} = deployment.spec;
	const hash = hashName(template);
	const sets = ownedBy(store, 'replicasets', deployment);
	const current = sets.find(set => set.metadata.labels?.['pod-template-hash'] === hash);
	const old = sets.filter(set => set !== current);
	const oldReplicas = old.reduce((sum, set) => sum + replicasOf(set), 0);
	if (!current) {
		const labels = {...template.metadata?.labels, 'pod-template-hash': hash};
		store.create('replicasets', {
			metadata: {
				name: `${name}-${hash}`,
				namespace: namespace!,
				labels,
				generation: 1,
				annotations: {
					'deployment.kubernetes.io/revision': String(sets.length + 1),
					'deployment.kubernetes.io/desired-replicas': String(replicas),
				},
				ownerReferences: ownerOf(deployment),
			},
			spec: {
				replicas: oldReplicas === 0 ? replicas : 1,
				selector: {matchLabels: {...selector.matchLabels, 'pod-template-hash': hash}},
				template: {...template, metadata: {...template.metadata, labels}},
			},
		});
		store.update('deployments', namespace, name, copy => {
			copy.metadata.annotations = {...copy.metadata.annotations, 'deployment.kubernetes.io/revision': String(sets.length + 1)};
		});
		return;
	}

	const ready = livePods(store, current).filter(pod => isReady(pod)).length;
	scaleTo(store, current, oldReplicas === 0 ? replicas : Math.min(replicas, ready + 1));
	let excess = ready + oldReplicas - replicas;
	for (const set of old) {
		const less = Math.min(Math.max(excess, 0), replicasOf(set));
		scaleTo(store, set, replicasOf(set) - less);
		excess -= less;
	}

	const pods = sets.flatMap(set => livePods(store, set));
	const available = pods.filter(pod => isReady(pod)).length;
	const counts = {
		replicas: pods.length,
		updatedReplicas: livePods(store, current).length,
		readyReplicas: available,
		availableReplicas: available,
		...(available < replicas && {unavailableReplicas: replicas - available}),
	};
	setStatus(store, 'deployments', deployment, {
		observedGeneration: deployment.metadata.generation ?? 1,
		...counts,
		conditions: [
			condition(
				deployment.status?.conditions,
				'Available',
				available >= replicas,
				available >= replicas ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
			),
		],
	});
}

function reconcileReplicaSet(store: ObjectStore, set: StoredObjects['replicasets']): void {
	const pods = livePods(store, set);
	const wanted = replicasOf(set);
	for (let missing = wanted - pods.length; missing > 0; missing--) {
		createPod(store, set, {name: `${set.metadata.name}-${randomName()}`});
	}

	removePods(store, pods.slice(wanted));
	const ready = pods.filter(pod => isReady(pod)).length;
	setStatus(store, 'replicasets', set, {
		replicas: Math.min(pods.length, wanted),
		fullyLabeledReplicas: Math.min(pods.length, wanted),
		readyReplicas: ready,
		availableReplicas: ready,
		observedGeneration: set.metadata.generation ?? 1,
	});
}

function reconcileStatefulSet(store: ObjectStore, set: StoredObjects['statefulsets']): void {
	const {namespace, name} = set.metadata;
	const wanted = replicasOf(set);
	const revision = `${name}-${hashName(set.spec.template)}`;
	for (let index = 0; index < wanted; index++) {
		const podName = `${name}-${index}`;
		if (!store.get('pods', namespace, podName)) {
			createPod(store, set, {
				name: podName,
				labels: {
					'apps.kubernetes.io/pod-index': String(index),
					'statefulset.kubernetes.io/pod-name': podName,
					'controller-revision-hash': revision,
				},
			});
		}
	}

	const pods = livePods(store, set);
	removePods(
		store,
		pods.filter(pod => Number(pod.metadata.labels?.['apps.kubernetes.io/pod-index']) >= wanted),
	);
	const ready = pods.filter(pod => isReady(pod)).length;
	setStatus(store, 'statefulsets', set, {
		replicas: pods.length,
		readyReplicas: ready,
		availableReplicas: ready,
		currentReplicas: pods.length,
		updatedReplicas: pods.length,
		currentRevision: revision,
		updateRevision: revision,
		observedGeneration: 1,
	});
}

function reconcileDaemonSet(store: ObjectStore, set: StoredObjects['daemonsets']): void {
	const nodes = store.list('nodes').filter(node => !('node-role.kubernetes.io/control-plane' in (node.metadata.labels ?? {})));
	const pods = livePods(store, set);
	for (const {
		metadata: {name: node},
	} of nodes) {
		if (pods.every(pod => pod.spec.nodeName !== node)) {
			createPod(store, set, {
				name: `${set.metadata.name}-${randomName()}`,
				labels: {'controller-revision-hash': hashName(set.spec.template)},
				node,
			});
		}
	}

	const ready = pods.filter(pod => isReady(pod)).length;
	setStatus(store, 'daemonsets', set, {
		desiredNumberScheduled: nodes.length,
		currentNumberScheduled: pods.length,
		updatedNumberScheduled: pods.length,
		numberReady: ready,
		numberAvailable: ready,
		numberMisscheduled: 0,
		observedGeneration: 1,
	});
}

function reconcileJob(store: ObjectStore, job: StoredObjects['jobs']): void {
	const pods = ownedBy(store, 'pods', job);
	const succeeded = pods.filter(pod => pod.status?.phase === 'Succeeded').length;
	if (pods.length === 0) {
		createPod(store, job, {
			name: `${job.metadata.name}-${randomName()}`,
			labels: {
				'batch.kubernetes.io/controller-uid': job.metadata.uid,
				'controller-uid': job.metadata.uid,
				'batch.kubernetes.io/job-name': job.metadata.name,
				'job-name': job.metadata.name,
			},
		});
	}

	const startTime = job.status?.startTime ?? apiTime();
	const active = livePods(store, job).length;
	setStatus(store, 'jobs', job, {
		startTime,
		...(active > 0 && {active}),
		...(succeeded > 0 && {
			succeeded,
			completionTime: job.status?.completionTime ?? apiTime(),
			conditions: [condition(job.status?.conditions, 'Complete', true, 'CompletionsReached')],
		}),
	});
}

function scaleTo(store: ObjectStore, {metadata: {namespace, name}}: KubeObject, replicas: number): void {
	store.update('replicasets', namespace, name, copy => {
		copy.spec.replicas = replicas;
	});
}

function removePods(store: ObjectStore, pods: readonly Pod[]): void {
	for (const pod of pods) {
		deletePod(store, pod.metadata);
	}
}

function replicasOf({spec}: StoredObjects['replicasets' | 'statefulsets']): number {
	return spec.replicas ?? 1;
}

function setStatus<R extends 'daemonsets' | 'deployments' | 'jobs' | 'replicasets' | 'statefulsets'>(
	store: ObjectStore,
	resource: R,
	{metadata: {namespace, name}}: KubeObject,
	status: NonNullable<StoredObjects[R]['status']>,
): void {
	store.update(resource, namespace, name, copy => {
		copy.status = status;
	});
}

type Condition = {type: string; status: string; lastTransitionTime?: string | null};

/** `previous` keeps the time of an unchanged condition. */
function condition(previous: readonly Condition[] | undefined, type: string, holds: boolean, reason: string) {
	const status = holds ? 'True' : 'False';
	const same = previous?.find(one => one.type === type && one.status === status);
	return {type, status, reason, message: '', lastTransitionTime: same?.lastTransitionTime ?? apiTime()};
}

/** Endpoint controller. */
export function reconcileEndpoints(store: ObjectStore): void {
	for (const service of store.list('services')) {
		if (service.spec.selector) {
			reconcileService(store, service, service.spec.selector);
		}
	}
}

function reconcileService(store: ObjectStore, service: Service, selector: Record<string, string>): void {
	const {namespace, name, labels} = service.metadata;
	const pods = store
		.list('pods', namespace)
		.filter(pod => hasLabels(pod, selector) && pod.status?.podIP !== undefined && pod.metadata.deletionTimestamp === undefined);
	const ports = (service.spec.ports ?? []).map(({name: portName, targetPort, port, protocol}) => ({
		...(portName && {name: portName}),
		port: portOf(pods.find(pod => isReady(pod)) ?? pods[0], targetPort ?? port),
		...(protocol !== undefined && {protocol}),
	}));
	const metadata = {
		name: `${name}-${hashName(name, 5)}`,
		namespace: namespace!,
		labels: {
			...labels,
			'kubernetes.io/service-name': name,
			'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
		},
		ownerReferences: ownerOf(service),
	};
	put(store, {
		metadata,
		addressType: 'IPv4',
		ports: ports.map(port => ({name: '', ...port})),
		endpoints: pods.map(pod => ({
			addresses: [pod.status!.podIP!],
			conditions: {ready: isReady(pod), serving: isReady(pod), terminating: false},
			nodeName: pod.spec.nodeName!,
			targetRef: targetOf(pod),
		})),
	});
}

/** Keeps the metadata of an existing object. */
function put(store: ObjectStore, slice: NewObject<'endpointslices'>): void {
	const {
		metadata: {namespace, name},
		...fields
	} = slice;
	if (store.get('endpointslices', namespace, name)) {
		store.update('endpointslices', namespace, name, copy => Object.assign(copy, fields));
	} else {
		store.create('endpointslices', slice);
	}
}

function targetOf({metadata: {name, namespace, uid}}: Pod) {
	return {kind: 'Pod', name, namespace: namespace!, uid};
}

function portOf(pod: Pod | undefined, target: number | string): number {
	const named = pod?.spec.containers.flatMap(({ports}) => ports ?? []).find(({name}) => name === target);
	return typeof target === 'number' ? target : (named?.containerPort ?? 0);
}
