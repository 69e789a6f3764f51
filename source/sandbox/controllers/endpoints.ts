/** Endpoint controller. */
import type {Json, KubeObject, NewObject} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {hasLabels} from '../objects/selectors.ts';
import {hashName, isReady, ownerOf} from './workload-pods.ts';

export function reconcileEndpoints(store: ObjectStore): void {
	for (const service of store.list('services')) {
		if (service['spec'].selector) {
			reconcileService(store, service);
		}
	}
}

function reconcileService(store: ObjectStore, service: KubeObject): void {
	const {namespace, name, labels} = service.metadata;
	const selector = service['spec'].selector as Record<string, string>;
	const pods = store
		.list('pods', namespace)
		.filter(pod => hasLabels(pod, selector) && pod['status']?.podIP !== undefined && pod.metadata.deletionTimestamp === undefined);
	const ready = pods.filter(pod => isReady(pod));
	const notReady = pods.filter(pod => !isReady(pod));
	const ports = ((service['spec'].ports ?? []) as Json[]).map(({name: portName, targetPort, port, protocol}) => ({
		...(portName && {name: portName as string}),
		port: portOf(ready[0] ?? pods[0], targetPort ?? port),
		protocol: protocol as string,
	}));
	const address = (pod: KubeObject) => ({
		ip: pod['status'].podIP as string,
		nodeName: pod['spec'].nodeName as string,
		targetRef: targetOf(pod),
	});
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
	put(store, 'endpoints', {metadata: {name, namespace: namespace!, ...(labels && {labels})}}, subsets ? {subsets} : {});
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
	put(
		store,
		'endpointslices',
		{metadata},
		{
			addressType: 'IPv4',
			ports: ports.map(port => ({name: '', ...port})),
			endpoints: pods.map(pod => ({
				addresses: [pod['status'].podIP],
				conditions: {ready: isReady(pod), serving: isReady(pod), terminating: false},
				nodeName: pod['spec'].nodeName,
				targetRef: targetOf(pod),
			})),
		},
	);
}

function put(store: ObjectStore, resource: string, object: NewObject, fields: Json): void {
	const {namespace, name} = object.metadata;
	if (store.get(resource, namespace, name)) {
		store.update(resource, namespace, name, copy => {
			delete copy['subsets'];
			Object.assign(copy, fields);
		});
	} else {
		store.create(resource, {...object, ...fields});
	}
}

function targetOf({metadata: {name, namespace, uid}}: KubeObject): Json {
	return {kind: 'Pod', name, namespace, uid};
}

function portOf(pod: KubeObject | undefined, target: number | string): number {
	const named =
		pod && (pod['spec'].containers as Json[]).flatMap(container => (container['ports'] ?? []) as Json[]).find(({name}) => name === target);
	return typeof target === 'number' ? target : Number(named?.['containerPort'] ?? 0);
}
