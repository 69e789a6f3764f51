/** Endpoint controller. */
import type {NewObject, Pod, Service} from '../objects/kube-object.ts';
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
