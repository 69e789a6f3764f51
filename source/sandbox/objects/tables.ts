/** Server-side tables of the kinds that spoke and kubectl show. @see pkg/printers/internalversion/printers.go */
import type {V1ContainerState, V1LabelSelector, V1ListMeta, V1PodTemplateSpec} from '@kubernetes/client-node';
import type {Json} from '../../wire/json.ts';
import type {KubeJson, KubeObject, Pod, ResourceName, StoredObjects} from './kube-object.ts';

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
function partialMetadata({metadata}: KubeObject): object {
	return {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata};
}

function rowObject(object: KubeObject, includeObject: string): object | null {
	return includeObject === 'None' ? null : includeObject === 'Object' ? object : partialMetadata(object);
}

type Column = {
	name: string;
	type: 'string' | 'integer' | 'boolean';
	format: '' | 'name';
	/** 1: with `-o wide`. */
	priority: 0 | 1;
};

type TableRow = {cells: unknown[]; conditions?: object[]};

type Printer<T extends KubeObject> = {columns: readonly Column[]; row: (object: T, now: number) => TableRow};

/** Parses column specs: the title, and after a colon its format or type (`Name:name`, `Desired:integer`). `+` means only with `-o wide`. */
function columns(...specs: string[]): Column[] {
	return specs.map(spec => {
		const wide = spec.startsWith('+');
		const [name, kind] = spec.replace('+', '').split(':') as [string, string | undefined];
		return {
			name,
			type: kind === 'integer' || kind === 'boolean' ? kind : 'string',
			format: kind === 'name' ? 'name' : '',
			priority: wide ? 1 : 0,
		};
	});
}

function age(since: string | null | undefined, now: number): string {
	return since === undefined || since === null ? '<unknown>' : duration(Math.max(0, now - Date.parse(since)));
}

/** `5d`, `3h12m`, `45s`. @see k8s.io/apimachinery duration.HumanDuration */
function duration(milliseconds: number): string {
	const seconds = Math.floor(milliseconds / 1000);
	const minutes = Math.floor(seconds / 60);
	const hours = Math.floor(minutes / 60);
	const days = Math.floor(hours / 24);
	const two = (large: number, largeUnit: string, small: number, smallUnit: string) =>
		small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
	if (seconds < 120) {
		return `${seconds}s`;
	}

	if (minutes < 10) {
		return two(minutes, 'm', seconds % 60, 's');
	}

	if (minutes < 180) {
		return `${minutes}m`;
	}

	if (hours < 8) {
		return two(hours, 'h', minutes % 60, 'm');
	}

	if (hours < 48) {
		return `${hours}h`;
	}

	return hours < 192 ? two(days, 'd', hours % 24, 'h') : `${days}d`;
}

/** `app=web,tier=front`, or `<none>`. */
function labels(map: Record<string, string> | undefined): string {
	const pairs = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

const wide = ['+Containers', '+Images', '+Selector'];

const printers: {readonly [R in ResourceName]?: Printer<StoredObjects[R]>} = {
	pods: {
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
	},
	services: {
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
	},
	endpointslices: {
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
	},
	deployments: {
		columns: columns('Name:name', 'Ready', 'Up-to-date', 'Available', 'Age', ...wide),
		row: ({metadata, spec, status = {}}, now) => ({
			cells: [
				metadata.name,
				`${status.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
				String(status.updatedReplicas ?? 0),
				String(status.availableReplicas ?? 0),
				age(metadata.creationTimestamp, now),
				...templateCells(spec),
			],
		}),
	},
	statefulsets: {
		columns: columns('Name:name', 'Ready', 'Age', '+Containers', '+Images'),
		row: ({metadata, spec, status = {}}, now) => ({
			cells: [
				metadata.name,
				`${status.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
				age(metadata.creationTimestamp, now),
				...templateCells(spec).slice(0, 2),
			],
		}),
	},
	daemonsets: {
		columns: columns(
			'Name:name',
			'Desired:integer',
			'Current:integer',
			'Ready:integer',
			'Up-to-date:integer',
			'Available:integer',
			'Node Selector',
			'Age',
			...wide,
		),
		row: ({metadata, spec, status = {}}, now) => ({
			cells: [
				metadata.name,
				status.desiredNumberScheduled ?? 0,
				status.currentNumberScheduled ?? 0,
				status.numberReady ?? 0,
				status.updatedNumberScheduled ?? 0,
				status.numberAvailable ?? 0,
				labels(spec.template.spec.nodeSelector),
				age(metadata.creationTimestamp, now),
				...templateCells(spec),
			],
		}),
	},
	jobs: {
		columns: columns('Name:name', 'Status', 'Completions', 'Duration', 'Age', ...wide),
		row({metadata, spec, status = {}}, now) {
			const done = (status.succeeded ?? 0) >= (spec.completions ?? 1);
			const took = !status.startTime
				? ''
				: duration(Math.max(0, (status.completionTime ? Date.parse(status.completionTime) : now) - Date.parse(status.startTime)));
			return {
				cells: [
					metadata.name,
					done ? 'Complete' : status.failed ? 'Failed' : 'Running',
					`${status.succeeded ?? 0}/${spec.completions ?? 1}`,
					took,
					age(metadata.creationTimestamp, now),
					...templateCells(spec),
				],
			};
		},
	},
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

/** Of other kinds. */
const plain: Printer<KubeObject> = {
	columns: columns('Name:name', 'Age'),
	row: ({metadata}, now) => ({cells: [metadata.name, age(metadata.creationTimestamp, now)]}),
};

function firstThree(all: readonly string[]): string {
	return all.length === 0 ? '<none>' : all.slice(0, 3).join(',') + (all.length > 3 ? ` + ${all.length - 3} more...` : '');
}

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

function templateCells({template, selector}: {template: KubeJson<V1PodTemplateSpec>; selector?: Json<V1LabelSelector>}): string[] {
	const containers = template.spec?.containers ?? [];
	return [containers.map(({name}) => name).join(','), containers.map(({image}) => image).join(','), labels(selector?.matchLabels)];
}
