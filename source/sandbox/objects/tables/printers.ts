/** Server-side tables by resource. */
import type {Json, KubeObject} from '../kube-object.ts';
import {endpointSlicePrinter, endpointsPrinter, servicePrinter} from './network-tables.ts';
import {podPrinter} from './pod-table.ts';
import {age, columns, type Printer} from './table.ts';
import {cronJobPrinter, daemonSetPrinter, deploymentPrinter, jobPrinter, replicaSetPrinter, statefulSetPrinter} from './workload-tables.ts';

const plain: Printer = {
	columns: columns('Name:name', 'Age'),
	row: ({metadata}, now) => ({cells: [metadata.name, age(metadata.creationTimestamp, now)]}),
};

const printers: Readonly<Record<string, Printer>> = {
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
			const ready = (status.conditions as Json[]).some(({type, status: holds}) => type === 'Ready' && holds === 'True');
			const roles =
				Object.keys(metadata.labels ?? {})
					.filter(label => label.startsWith('node-role.kubernetes.io/'))
					.map(label => label.split('/', 2)[1])
					.join(',') || '<none>';
			const internal = (status.addresses as Json[]).find(({type}) => type === 'InternalIP')?.['address'] ?? '<none>';
			const {kubeletVersion, osImage, kernelVersion, containerRuntimeVersion} = status.nodeInfo;
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
		row: ({metadata, spec}, now) => ({cells: [metadata.name, spec.holderIdentity, age(metadata.creationTimestamp, now)]}),
	},
	certificatesigningrequests: {
		columns: columns('Name:name', 'Age', 'SignerName', 'Requestor', 'RequestedDuration', 'Condition'),
		row({metadata, spec, status}, now) {
			const conditions = ((status?.conditions ?? []) as Json[]).map(({type}) => type as string);
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
				`${String(involvedObject.kind).toLowerCase()}/${involvedObject.name}`,
				involvedObject.fieldPath ?? '',
				[source.component, source.host].filter(Boolean).join(', '),
				String(message).trim(),
				age(firstTimestamp, now),
				String(count),
				metadata.name,
			],
		}),
	},
};

/** `includeObject`: `None`, `Metadata` (PartialObjectMetadata) or `Object`. */
export function tableOf(
	resource: string,
	objects: readonly KubeObject[],
	listMeta: Json,
	{includeObject = 'Metadata', withColumns = true}: {includeObject?: string; withColumns?: boolean} = {},
): Json {
	const {columns: all, row} = printers[resource] ?? plain;
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
export function partialMetadata({metadata}: KubeObject): Json {
	return {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata};
}

function rowObject(object: KubeObject, includeObject: string): Json | null {
	return includeObject === 'None' ? null : includeObject === 'Object' ? object : partialMetadata(object);
}
