/** Controllers of workloads and endpoints. Each change triggers another run. */
import {
	apiTime,
	condition,
	isWorker,
	type KubeObject,
	type Pod,
	type ResourceName,
	type StoredObjects,
	type Service,
} from '../objects/kube-object.ts';
import {type ObjectStore, hasLabels} from '../objects/object-store.ts';
import {createPod, deletePod, hashName, isReady, livePods, ownedBy, ownerOf, randomName} from './workload-pods.ts';

export function reconcileWorkloads(store: ObjectStore): void {
	reconcileEach(store, 'deployments', reconcileDeployment);
	reconcileEach(store, 'replicasets', reconcileReplicaSet);
	reconcileEach(store, 'statefulsets', reconcileStatefulSet);
	reconcileEach(store, 'daemonsets', reconcileDaemonSet);
	reconcileEach(store, 'jobs', reconcileJob);
}

function reconcileEach<R extends ResourceName>(
	store: ObjectStore,
	resource: R,
	reconcile: (store: ObjectStore, object: StoredObjects[R]) => void,
): void {
	for (const object of store.list(resource)) {
		reconcile(store, object);
	}
}

const revisionKey = 'deployment.kubernetes.io/revision';

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
		const revision = String(sets.length + 1);
		store.create('replicasets', {
			metadata: {
				name: `${name}-${hash}`,
				namespace: namespace!,
				labels,
				generation: 1,
				annotations: {[revisionKey]: revision, 'deployment.kubernetes.io/desired-replicas': String(replicas)},
				ownerReferences: ownerOf(deployment),
			},
			spec: {
				replicas: oldReplicas === 0 ? replicas : 1,
				selector: {matchLabels: {...selector.matchLabels, 'pod-template-hash': hash}},
				template: {...template, metadata: {...template.metadata, labels}},
			},
		});
		store.update('deployments', namespace, name, copy => {
			copy.metadata.annotations = {...copy.metadata.annotations, [revisionKey]: revision};
		});
		return;
	}

	const ready = livePods(store, current).filter(isReady).length;
	scaleTo(store, current, oldReplicas === 0 ? replicas : Math.min(replicas, ready + 1));
	let excess = ready + oldReplicas - replicas;
	for (const set of old) {
		const less = Math.min(Math.max(excess, 0), replicasOf(set));
		scaleTo(store, set, replicasOf(set) - less);
		excess -= less;
	}

	const pods = sets.flatMap(set => livePods(store, set));
	const available = pods.filter(isReady).length;
	const isAvailable = available >= replicas;
	setStatus(store, 'deployments', deployment, {
		replicas: pods.length,
		updatedReplicas: livePods(store, current).length,
		readyReplicas: available,
		availableReplicas: available,
		...(!isAvailable && {unavailableReplicas: replicas - available}),
		conditions: [
			condition(deployment.status, 'Available', isAvailable, {
				reason: `MinimumReplicas${isAvailable ? 'Available' : 'Unavailable'}`,
				message: '',
			}),
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
	const replicas = Math.min(pods.length, wanted);
	const ready = pods.filter(isReady).length;
	setStatus(store, 'replicasets', set, {replicas, fullyLabeledReplicas: replicas, readyReplicas: ready, availableReplicas: ready});
}

function reconcileStatefulSet(store: ObjectStore, set: StoredObjects['statefulsets']): void {
	const {namespace, name} = set.metadata;
	const wanted = replicasOf(set);
	const revision = `${name}-${hashName(set.spec.template)}`;
	for (let index = 0; index < wanted; index++) {
		const podName = `${name}-${index}`;
		if (!store.get('pods', namespace, podName)) {
			const labels = {
				'apps.kubernetes.io/pod-index': String(index),
				'statefulset.kubernetes.io/pod-name': podName,
				'controller-revision-hash': revision,
			};
			createPod(store, set, {name: podName, labels});
		}
	}

	const pods = livePods(store, set);
	removePods(
		store,
		pods.filter(pod => Number(pod.metadata.labels?.['apps.kubernetes.io/pod-index']) >= wanted),
	);
	const ready = pods.filter(isReady).length;
	setStatus(store, 'statefulsets', set, {
		replicas: pods.length,
		readyReplicas: ready,
		availableReplicas: ready,
		currentReplicas: pods.length,
		updatedReplicas: pods.length,
		currentRevision: revision,
		updateRevision: revision,
	});
}

function reconcileDaemonSet(store: ObjectStore, set: StoredObjects['daemonsets']): void {
	const nodes = store.list('nodes').filter(isWorker);
	const pods = livePods(store, set);
	const labels = {'controller-revision-hash': hashName(set.spec.template)};
	for (const {metadata} of nodes) {
		if (pods.every(pod => pod.spec.nodeName !== metadata.name)) {
			createPod(store, set, {name: `${set.metadata.name}-${randomName()}`, labels, node: metadata.name});
		}
	}

	const ready = pods.filter(isReady).length;
	setStatus(store, 'daemonsets', set, {
		desiredNumberScheduled: nodes.length,
		currentNumberScheduled: pods.length,
		updatedNumberScheduled: pods.length,
		numberReady: ready,
		numberAvailable: ready,
		numberMisscheduled: 0,
	});
}

function reconcileJob(store: ObjectStore, job: StoredObjects['jobs']): void {
	const {name, uid} = job.metadata;
	const pods = ownedBy(store, 'pods', job);
	if (pods.length === 0) {
		createPod(store, job, {
			name: `${name}-${randomName()}`,
			labels: {'batch.kubernetes.io/controller-uid': uid, 'controller-uid': uid, 'batch.kubernetes.io/job-name': name, 'job-name': name},
		});
	}

	const succeeded = pods.filter(pod => pod.status?.phase === 'Succeeded').length;
	const active = livePods(store, job).length;
	setStatus(store, 'jobs', job, {
		startTime: job.status?.startTime ?? apiTime(),
		...(active > 0 && {active}),
		...(succeeded > 0 && {
			succeeded,
			completionTime: job.status?.completionTime ?? apiTime(),
			conditions: [condition(job.status, 'Complete', true, {reason: 'CompletionsReached', message: ''})],
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

/** With the generation of `object`, where it has one. */
function setStatus<R extends 'daemonsets' | 'deployments' | 'jobs' | 'replicasets' | 'statefulsets'>(
	store: ObjectStore,
	resource: R,
	{metadata: {namespace, name, generation = 1}}: KubeObject,
	status: NonNullable<StoredObjects[R]['status']>,
): void {
	store.update(resource, namespace, name, copy => {
		copy.status = {...status, ...(resource !== 'jobs' && {observedGeneration: generation})};
	});
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
	const {namespace, name: serviceName, labels} = service.metadata;
	const name = `${serviceName}-${hashName(serviceName, 5)}`;
	const pods = store
		.list('pods', namespace)
		.filter(pod => hasLabels(pod, selector) && pod.status?.podIP !== undefined && pod.metadata.deletionTimestamp === undefined);
	const first = pods.find(isReady) ?? pods[0];
	const fields = {
		addressType: 'IPv4',
		ports: (service.spec.ports ?? []).map(({name = '', targetPort, port, protocol}) => ({
			name,
			port: portOf(first, targetPort ?? port),
			...(protocol !== undefined && {protocol}),
		})),
		endpoints: pods.map(pod => ({
			addresses: [pod.status!.podIP!],
			conditions: {ready: isReady(pod), serving: isReady(pod), terminating: false},
			nodeName: pod.spec.nodeName!,
			targetRef: {kind: 'Pod', name: pod.metadata.name, namespace: namespace!, uid: pod.metadata.uid},
		})),
	};
	if (store.update('endpointslices', namespace, name, copy => Object.assign(copy, fields))) {
		return;
	}

	const named = {'kubernetes.io/service-name': serviceName, 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io'};
	store.create('endpointslices', {
		metadata: {name, namespace: namespace!, labels: {...labels, ...named}, ownerReferences: ownerOf(service)},
		...fields,
	});
}

function portOf(pod: Pod | undefined, target: number | string): number {
	const named = pod?.spec.containers.flatMap(({ports}) => ports ?? []).find(({name}) => name === target);
	return typeof target === 'number' ? target : (named?.containerPort ?? 0);
}
