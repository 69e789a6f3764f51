/** Endpoint controller. */
import type {NewObject, Pod, ResourceName, Service} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {hasLabels} from '../objects/selectors.ts';
import {hashName, isReady, ownerOf} from './workload-pods.ts';

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
	const ready = pods.filter(pod => isReady(pod));
	const notReady = pods.filter(pod => !isReady(pod));
	const ports = (service.spec.ports ?? []).map(({name: portName, targetPort, port, protocol}) => ({
		...(portName && {name: portName}),
		port: portOf(ready[0] ?? pods[0], targetPort ?? port),
		...(protocol !== undefined && {protocol}),
	}));
	const address = (pod: Pod) => ({ip: pod.status!.podIP!, nodeName: pod.spec.nodeName!, targetRef: targetOf(pod)});
	const subsets =
		pods.length === 0
			? undefined
			: [
					{
						...(ready.length > 0 && {addresses: ready.map(pod => address(pod))}),
						...(notReady.length > 0 && {notReadyAddresses: notReady.map(pod => address(pod))}),
						ports,
					},
				];
	put(store, 'endpoints', {metadata: {name, namespace: namespace!, ...(labels && {labels})}, ...(subsets && {subsets})});
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
	put(store, 'endpointslices', {
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
function put<R extends ResourceName & `endpoint${string}`>(store: ObjectStore, resource: R, object: NewObject<R>): void {
	const {
		metadata: {namespace, name},
		...fields
	} = object;
	if (store.get(resource, namespace, name)) {
		store.update(resource, namespace, name, copy => {
			Reflect.deleteProperty(copy, 'subsets');
			Object.assign(copy, fields);
		});
	} else {
		store.create(resource, object);
	}
}

function targetOf({metadata: {name, namespace, uid}}: Pod) {
	return {kind: 'Pod', name, namespace: namespace!, uid};
}

function portOf(pod: Pod | undefined, target: number | string): number {
	const named = pod?.spec.containers.flatMap(({ports}) => ports ?? []).find(({name}) => name === target);
	return typeof target === 'number' ? target : (named?.containerPort ?? 0);
}
