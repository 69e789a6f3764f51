/** Server-side tables. */
import type {V1ContainerState, V1ListMeta} from '@kubernetes/client-node';
import type {Json} from '../../../wire/json.ts';
import type {KubeJson, KubeObject, Pod, ResourceName, Service, StoredObjects} from '../kube-object.ts';
import {age, columns, labels, type Printer} from './table.ts';
import {cronJobPrinter, daemonSetPrinter, deploymentPrinter, jobPrinter, replicaSetPrinter, statefulSetPrinter} from './workload-tables.ts';

/** `includeObject`: `None`, `Metadata` (PartialObjectMetadata) or `Object`. */
export function tableOf<R extends ResourceName>(
	resource: R,
	objects: ReadonlyArray<StoredObjects[R]>,
	listMeta: Json<V1ListMeta>,
	{includeObject = 'Metadata', withColumns = true}: {includeObject?: string; withColumns?: boolean} = {},
): object {
	const {columns: all, row}: Printer<StoredObjects[R]> = printers[resource] ?? plain;
	const now = Date.now();
	return {
		kind: 'Table',
		apiVersion: 'meta.k8s.io/v1',
		metadata: listMeta,
		columnDefinitions: withColumns
			? all.map(({name, type, format, priority}) => ({name, type, format, description: name, priority}))
			: null,
		rows: objects.map(object => ({...row(object, now), object: rowObject(object, includeObject)})),
	};
}

/** @see apiserver/pkg/endpoints/handlers/response.go asPartialObjectMetadata */
export function partialMetadata({metadata}: KubeObject): object {
	return {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata};
}

function rowObject(object: KubeObject, includeObject: string): object | null {
	return includeObject === 'None' ? null : includeObject === 'Object' ? object : partialMetadata(object);
}

const servicePrinter: Printer<Service> = {
	columns: columns('Name:name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', '+Selector'),
	row: ({metadata, spec}, now) => ({
		cells: [
			metadata.name,
			spec.type,
			spec.clusterIP,
			'<none>',
			(spec.ports ?? []).map(({port, protocol}) => `${port}/${protocol}`).join(',') || '<none>',
			age(metadata.creationTimestamp, now),
			labels(spec.selector),
		],
	}),
};

const endpointsPrinter: Printer<StoredObjects['endpoints']> = {
	columns: columns('Name:name', 'Endpoints', 'Age'),
	row: ({metadata, subsets}, now) => ({
		cells: [
			metadata.name,
			firstThree(
				(subsets ?? []).flatMap(({addresses = [], ports = []}) => ports.flatMap(({port}) => addresses.map(({ip}) => `${ip}:${port}`))),
			),
			age(metadata.creationTimestamp, now),
		],
	}),
};

const endpointSlicePrinter: Printer<StoredObjects['endpointslices']> = {
	columns: columns('Name:name', 'AddressType', 'Ports', 'Endpoints', 'Age'),
	row: ({metadata, addressType, ports, endpoints}, now) => ({
		cells: [
			metadata.name,
			addressType,
			firstThree((ports ?? []).map(({port}) => String(port))).replace('<none>', '<unset>'),
			firstThree((endpoints ?? []).flatMap(({addresses}) => addresses)).replace('<none>', '<unset>'),
			age(metadata.creationTimestamp, now),
		],
	}),
};

function firstThree(all: readonly string[]): string {
	return all.length === 0 ? '<none>' : all.slice(0, 3).join(',') + (all.length > 3 ? ` + ${all.length - 3} more...` : '');
}

const podPrinter: Printer<Pod> = {
	columns: columns('Name:name', 'Ready', 'Status', 'Restarts', 'Age', '+IP', '+Node', '+Nominated Node', '+Readiness Gates'),
	row({metadata, spec, status = {}}, now) {
		const statuses = status.containerStatuses ?? [];
		const ready = statuses.filter(({ready, state}) => ready && state?.running).length;
		const restarts = statuses.reduce((sum, {restartCount}) => sum + restartCount, 0);
		const lastRestart = statuses
			.map(({lastState}) => lastState?.terminated?.finishedAt)
			.filter(time => typeof time === 'string')
			.sort()
			.at(-1);
		const completed = completions[status.phase ?? ''];
		return {
			cells: [
				metadata.name,
				`${ready}/${spec.containers.length}`,
				podReason(metadata.deletionTimestamp, spec, status),
				restarts > 0 && lastRestart !== undefined ? `${restarts} (${age(lastRestart, now)} ago)` : String(restarts),
				age(metadata.creationTimestamp, now),
				status.podIP ?? '<none>',
				spec.nodeName ?? '<none>',
				'<none>',
				'<none>',
			],
			...(completed && {conditions: [{type: 'Completed', status: 'True', ...completed}]}),
		};
	},
};

const completions: Readonly<Record<string, {reason: string; message: string}>> = {
	Succeeded: {reason: 'Succeeded', message: 'The pod has completed successfully.'},
	Failed: {reason: 'Failed', message: 'The pod failed.'},
};

function podReason(deleted: string | undefined, spec: Pod['spec'], status: NonNullable<Pod['status']>): string {
	if (deleted !== undefined) {
		return 'Terminating';
	}

	const init = status.initContainerStatuses ?? [];
	const at = init.findIndex(({state}) => state?.terminated?.exitCode !== 0);
	if (at >= 0) {
		return `Init:${initReason(init[at]!.state ?? {}) ?? `${at}/${spec.initContainers?.length}`}`;
	}

	let reason = status.reason ?? status.phase ?? 'Pending';
	for (const {state} of (status.containerStatuses ?? []).toReversed()) {
		if (state?.waiting?.reason) {
			reason = state.waiting.reason;
		} else if (state?.terminated) {
			reason =
				state.terminated.reason ||
				(state.terminated.signal ? `Signal:${state.terminated.signal}` : `ExitCode:${state.terminated.exitCode}`);
		}
	}

	return reason;
}

/** `undefined` while the init container waits for an earlier one, starts or runs. */
function initReason({terminated, waiting}: KubeJson<V1ContainerState>): string | undefined {
	if (terminated) {
		return String(terminated.reason);
	}

	const isStarting = waiting?.reason === 'PodInitializing' || waiting?.reason === 'ContainerCreating';
	return isStarting ? undefined : waiting?.reason || undefined;
}

const plain: Printer<KubeObject> = {
	columns: columns('Name:name', 'Age'),
	row: ({metadata}, now) => ({cells: [metadata.name, age(metadata.creationTimestamp, now)]}),
};

const printers: {readonly [R in ResourceName]?: Printer<StoredObjects[R]>} = {
	pods: podPrinter,
	services: servicePrinter,
	endpoints: endpointsPrinter,
	endpointslices: endpointSlicePrinter,
	deployments: deploymentPrinter,
	replicasets: replicaSetPrinter,
	statefulsets: statefulSetPrinter,
	daemonsets: daemonSetPrinter,
	cronjobs: cronJobPrinter,
	jobs: jobPrinter,
	nodes: {
		columns: columns(
			'Name:name',
			'Status',
			'Roles',
			'Age',
			'Version',
			'+Internal-IP',
			'+External-IP',
			'+OS-Image',
			'+Kernel-Version',
			'+Container-Runtime',
		),
		row({metadata, status}, now) {
			const ready = (status?.conditions ?? []).some(({type, status: holds}) => type === 'Ready' && holds === 'True');
			const roles =
				Object.keys(metadata.labels ?? {})
					.filter(label => label.startsWith('node-role.kubernetes.io/'))
					.map(label => label.split('/', 2)[1])
					.join(',') || '<none>';
			const internal = status?.addresses?.find(({type}) => type === 'InternalIP')?.address ?? '<none>';
			const {kubeletVersion, osImage, kernelVersion, containerRuntimeVersion} = status?.nodeInfo ?? {};
			return {
				cells: [
					metadata.name,
					ready ? 'Ready' : 'NotReady',
					roles,
					age(metadata.creationTimestamp, now),
					kubeletVersion,
					internal,
					'<none>',
					osImage,
					kernelVersion,
					containerRuntimeVersion,
				],
			};
		},
	},
	namespaces: {
		columns: columns('Name:name', 'Status', 'Age'),
		row: ({metadata, status}, now) => ({cells: [metadata.name, status?.phase ?? 'Active', age(metadata.creationTimestamp, now)]}),
	},
	configmaps: {
		columns: columns('Name:name', 'Data', 'Age'),
		row: ({metadata, data}, now) => ({cells: [metadata.name, Object.keys(data ?? {}).length, age(metadata.creationTimestamp, now)]}),
	},
	secrets: {
		columns: columns('Name:name', 'Type', 'Data', 'Age'),
		row: ({metadata, type, data}, now) => ({
			cells: [metadata.name, type, Object.keys(data ?? {}).length, age(metadata.creationTimestamp, now)],
		}),
	},
	leases: {
		columns: columns('Name:name', 'Holder', 'Age'),
		row: ({metadata, spec}, now) => ({cells: [metadata.name, spec?.holderIdentity, age(metadata.creationTimestamp, now)]}),
	},
	certificatesigningrequests: {
		columns: columns('Name:name', 'Age', 'SignerName', 'Requestor', 'RequestedDuration', 'Condition'),
		row({metadata, spec, status}, now) {
			const conditions = (status?.conditions ?? []).map(({type}) => type);
			const condition = [...conditions, ...(status?.certificate ? ['Issued'] : [])].join(',') || 'Pending';
			return {cells: [metadata.name, age(metadata.creationTimestamp, now), spec.signerName, spec.username, '<none>', condition]};
		},
	},
	events: {
		columns: columns('Last Seen', 'Type', 'Reason', 'Object', '+Subobject', '+Source', 'Message', '+First Seen', '+Count', '+Name:name'),
		row: ({metadata, type, reason, message, involvedObject, source, firstTimestamp, lastTimestamp, count}, now) => ({
			cells: [
				age(lastTimestamp, now),
				type,
				reason,
				`${involvedObject.kind?.toLowerCase()}/${involvedObject.name}`,
				involvedObject.fieldPath ?? '',
				[source?.component, source?.host].filter(Boolean).join(', '),
				message?.trim(),
				age(firstTimestamp, now),
				String(count),
				metadata.name,
			],
		}),
	},
};
