/** Ready pods of each service, from EndpointSlices. */
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import {keyOf} from './problems.ts';

/** @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
export type EndpointSlice = CheckedObject<'endpointslices'>;

const serviceLabel = 'kubernetes.io/service-name';

/** Ready and all pods, by service name. */
export type ServicePods = {namespace: string; cells: ReadonlyMap<string, string>};

/** A pod in several slices (one per address family or port) counts once. */
export function countServicePods(slices: Iterable<EndpointSlice>): ReadonlyMap<string, string> {
	const services = new Map<string, Map<string, boolean>>();
	for (const {
		metadata: {labels = {}},
		endpoints = [],
	} of slices) {
		const service = labels[serviceLabel];
		if (service === undefined) {
			continue;
		}

		const pods = services.get(service) ?? new Map<string, boolean>();
		if (endpoints.length === 0 || endpoints.some(({targetRef}) => targetRef?.kind === 'Pod')) {
			services.set(service, pods);
		}

		for (const {targetRef, conditions} of endpoints) {
			if (targetRef?.kind === 'Pod') {
				const pod = targetRef.uid ?? targetRef.name ?? '';
				// An omitted field means ready.
				pods.set(pod, (pods.get(pod) ?? false) || conditions?.ready !== false);
			}
		}
	}

	return new Map([...services].map(([service, pods]) => [service, `${[...pods.values()].filter(Boolean).length}/${pods.size}`]));
}

/** By `keyOf`. A service whose slices name no pods, or that has no slices, is not one of them. */
export function servicesWithoutPods({namespace, cells}: ServicePods): ReadonlyMap<string, string> {
	return new Map([...cells].filter(([, cell]) => cell.startsWith('0/')).map(([name, cell]) => [keyOf({namespace, name}), `${cell} ready`]));
}

/** `?` if unknown, `–` if it has no pods. */
export function servicePodsCell(known: ServicePods | undefined, namespace: string, service: string): string {
	return known?.namespace === namespace ? (known.cells.get(service) ?? '–') : '?';
}
