/** Server-side tables. */
import type {Json, KubeObject} from '../kube-object.ts';
import {age, columns, labels, type Printer} from './table.ts';
import {cronJobPrinter, daemonSetPrinter, deploymentPrinter, jobPrinter, replicaSetPrinter, statefulSetPrinter} from './workload-tables.ts';

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

const servicePrinter: Printer = {
	columns: columns('Name:name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', '+Selector'),
	row: ({metadata, spec}, now) => ({
		cells: [
			metadata.name,
			spec.type,
			spec.clusterIP,
			'<none>',
			((spec.ports ?? []) as Json[]).map(({port, protocol}) => `${port}/${protocol}`).join(',') || '<none>',
			age(metadata.creationTimestamp, now),
			labels(spec.selector),
		],
	}),
};

const endpointsPrinter: Printer = {
	columns: columns('Name:name', 'Endpoints', 'Age'),
	row: ({metadata, subsets}, now) => ({
		cells: [
			metadata.name,
			firstOf(
				((subsets ?? []) as Json[]).flatMap(({addresses = [], ports = []}) =>
					(ports as Json[]).flatMap(({port}) => (addresses as Json[]).map(({ip}) => `${ip}:${port}`)),
				),
			),
			age(metadata.creationTimestamp, now),
		],
	}),
};

const endpointSlicePrinter: Printer = {
	columns: columns('Name:name', 'AddressType', 'Ports', 'Endpoints', 'Age'),
	row: ({metadata, addressType, ports, endpoints}, now) => ({
		cells: [
			metadata.name,
			addressType,
			firstOf(((ports ?? []) as Json[]).map(({port}) => String(port))).replace('<none>', '<unset>'),
			firstOf(((endpoints ?? []) as Json[]).flatMap(({addresses}) => addresses as string[])).replace('<none>', '<unset>'),
			age(metadata.creationTimestamp, now),
		],
	}),
};

function firstOf(all: readonly string[]): string {
	return all.length === 0 ? '<none>' : all.slice(0, 3).join(',') + (all.length > 3 ? ` + ${all.length - 3} more...` : '');
}

const podPrinter: Printer = {
	columns: columns('Name:name', 'Ready', 'Status', 'Restarts', 'Age', '+IP', '+Node', '+Nominated Node', '+Readiness Gates'),
	row({metadata, spec, status = {}}, now) {
		const statuses = (status.containerStatuses ?? []) as Json[];
		const ready = statuses.filter(({ready, state}) => ready && state.running).length;
		const restarts = statuses.reduce((sum, {restartCount}) => sum + Number(restartCount), 0);
		const lastRestart = statuses
			.map(({lastState}) => lastState?.terminated?.finishedAt as string | undefined)
			.filter(time => time !== undefined)
			.sort()
			.at(-1);
		const completed = completions[status.phase as string];
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

function podReason(deleted: string | undefined, spec: Json, status: Json): string {
	if (deleted !== undefined) {
		return 'Terminating';
	}

	const init = (status['initContainerStatuses'] ?? []) as Json[];
	const at = init.findIndex(({state}) => state.terminated?.exitCode !== 0);
	if (at >= 0) {
		return `Init:${initReason(init[at]!['state']) ?? `${at}/${spec['initContainers'].length}`}`;
	}

	let reason = (status['reason'] ?? status['phase'] ?? 'Pending') as string;
	for (const {state} of ((status['containerStatuses'] ?? []) as Json[]).toReversed()) {
		if (state.waiting?.reason) {
			reason = state.waiting.reason;
		} else if (state.terminated) {
			reason =
				state.terminated.reason ||
				(state.terminated.signal ? `Signal:${state.terminated.signal}` : `ExitCode:${state.terminated.exitCode}`);
		}
	}

	return reason;
}

/** `undefined` while it waits for its turn or runs. */
function initReason({terminated, waiting}: Json): string | undefined {
	if (terminated) {
		return String(terminated.reason);
	}

	const isTurn = waiting?.reason === 'PodInitializing' || waiting?.reason === 'ContainerCreating';
	return isTurn ? undefined : waiting?.reason || undefined;
}

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
