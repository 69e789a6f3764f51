/** Server-side tables of the kinds that spoke and kubectl show. @see pkg/printers/internalversion/printers.go */
import type {V1ContainerState, V1LabelSelector, V1ListMeta, V1PodTemplateSpec} from '@kubernetes/client-node';
import type {Json} from '../../wire/json.ts';
import {isWorker, type KubeJson, type KubeObject, type Pod, type ResourceName, type StoredObjects} from './kube-object.ts';

/** `includeObject`: `None`, `Metadata` (PartialObjectMetadata) or `Object`. */
export function tableOf<R extends ResourceName>(
	resource: R,
	objects: ReadonlyArray<StoredObjects[R]>,
	listMeta: Json<V1ListMeta>,
	{includeObject = 'Metadata', withColumns = true}: {includeObject?: string; withColumns?: boolean} = {},
): object {
	const columns: ReadonlyArray<Column<StoredObjects[R]>> = columnsOf[resource] ?? [nameColumn, ageColumn];
	const now = Date.now();
	return {
		kind: 'Table',
		apiVersion: 'meta.k8s.io/v1',
		metadata: listMeta,
		columnDefinitions: withColumns ? columns.map(([title]) => definitionOf(title)) : null,
		rows: objects.map(object => ({
			cells: columns.map(([, cell]) => cell(object, now)),
			...conditionsOf(object),
			object: rowObject(object, includeObject),
		})),
	};
}

/** A title, and the cell below it. `+` means only with `-o wide`; after a colon come the format or type (`Name:name`, `Ready:integer`). */
type Column<T extends KubeObject> = readonly [title: string, cell: (object: T, now: number) => unknown];

function definitionOf(title: string): object {
	const [name = '', kind] = title.replace('+', '').split(':');
	return {
		name,
		type: kind === 'integer' ? kind : 'string',
		format: kind === 'name' ? kind : '',
		description: name,
		priority: title.startsWith('+') ? 1 : 0,
	};
}

function rowObject(object: KubeObject, includeObject: string): object | null {
	const {metadata} = object;
	const whole = includeObject === 'Object' ? object : {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata};
	return includeObject === 'None' ? null : whole;
}

/** Of a pod that has ended. */
function conditionsOf(object: KubeObject & {status?: object}): {conditions?: object[]} {
	const {phase} = (object.kind === 'Pod' ? (object.status ?? {}) : {}) as {phase?: string};
	const message = {Succeeded: 'The pod has completed successfully.', Failed: 'The pod failed.'}[phase ?? ''];
	return message === undefined ? {} : {conditions: [{type: 'Completed', status: 'True', reason: phase, message}]};
}

const nameColumn: Column<KubeObject> = ['Name:name', ({metadata}) => metadata.name];
const ageColumn: Column<KubeObject> = ['Age', ({metadata}, now) => age(metadata.creationTimestamp, now)];

type WithTemplate = KubeObject & {spec: {template: KubeJson<V1PodTemplateSpec>; selector?: Json<V1LabelSelector>}};
const containersColumn: Column<WithTemplate> = ['+Containers', ({spec}) => containersOf(spec.template, 'name')];
const imagesColumn: Column<WithTemplate> = ['+Images', ({spec}) => containersOf(spec.template, 'image')];
const selectorColumn: Column<WithTemplate> = ['+Selector', ({spec}) => labels(spec.selector?.matchLabels)];
const templateColumns = [ageColumn, containersColumn, imagesColumn, selectorColumn];

const columnsOf: {readonly [R in ResourceName]?: ReadonlyArray<Column<StoredObjects[R]>>} = {
	pods: [
		nameColumn,
		['Ready', ({spec, status}) => `${statusesOf(status).filter(({state}) => state?.running).length}/${spec.containers.length}`],
		['Status', podReason],
		['Restarts', podRestarts],
		ageColumn,
		['+IP', ({status}) => status?.podIP ?? '<none>'],
		['+Node', ({spec}) => spec.nodeName ?? '<none>'],
		['+Nominated Node', () => '<none>'],
		['+Readiness Gates', () => '<none>'],
	],
	services: [
		nameColumn,
		['Type', ({spec}) => spec.type],
		['Cluster-IP', ({spec}) => spec.clusterIP],
		['External-IP', () => '<none>'],
		['Port(s)', ({spec}) => (spec.ports ?? []).map(({port, protocol}) => `${port}/${protocol}`).join(',') || '<none>'],
		ageColumn,
		['+Selector', ({spec}) => labels(spec.selector)],
	],
	endpointslices: [
		nameColumn,
		['AddressType', ({addressType}) => addressType],
		['Ports', ({ports = []}) => firstThree(ports.map(({port}) => String(port)))],
		['Endpoints', ({endpoints = []}) => firstThree(endpoints.flatMap(({addresses}) => addresses))],
		ageColumn,
	],
	deployments: [
		nameColumn,
		['Ready', ({spec, status}) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`],
		['Up-to-date', ({status}) => String(status?.updatedReplicas ?? 0)],
		['Available', ({status}) => String(status?.availableReplicas ?? 0)],
		...templateColumns,
	],
	statefulsets: [
		nameColumn,
		['Ready', ({spec, status}) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`],
		ageColumn,
		containersColumn,
		imagesColumn,
	],
	daemonsets: [
		nameColumn,
		['Desired:integer', ({status}) => status?.desiredNumberScheduled ?? 0],
		['Current:integer', ({status}) => status?.currentNumberScheduled ?? 0],
		['Ready:integer', ({status}) => status?.numberReady ?? 0],
		['Up-to-date:integer', ({status}) => status?.updatedNumberScheduled ?? 0],
		['Available:integer', ({status}) => status?.numberAvailable ?? 0],
		['Node Selector', ({spec}) => labels(spec.template.spec.nodeSelector)],
		...templateColumns,
	],
	jobs: [
		nameColumn,
		['Status', ({status}) => (status?.completionTime ? 'Complete' : 'Running')],
		['Completions', ({spec, status}) => `${status?.succeeded ?? 0}/${spec.completions ?? 1}`],
		['Duration', ({status}, now) => age(status?.startTime, status?.completionTime ? Date.parse(status.completionTime) : now)],
		...templateColumns,
	],
	nodes: [
		nameColumn,
		[
			'Status',
			({status}) => (status?.conditions?.some(({type, status: holds}) => type === 'Ready' && holds === 'True') ? 'Ready' : 'NotReady'),
		],
		['Roles', node => (isWorker(node) ? '<none>' : 'control-plane')],
		ageColumn,
		['Version', ({status}) => status?.nodeInfo?.kubeletVersion],
		['+Internal-IP', ({status}) => status?.addresses?.find(({type}) => type === 'InternalIP')?.address ?? '<none>'],
		['+External-IP', () => '<none>'],
		['+OS-Image', ({status}) => status?.nodeInfo?.osImage],
		['+Kernel-Version', ({status}) => status?.nodeInfo?.kernelVersion],
		['+Container-Runtime', ({status}) => status?.nodeInfo?.containerRuntimeVersion],
	],
	events: [
		['Last Seen', ({lastTimestamp}, now) => age(lastTimestamp, now)],
		['Type', ({type}) => type],
		['Reason', ({reason}) => reason],
		['Object', ({involvedObject: {kind, name}}) => `${kind?.toLowerCase()}/${name}`],
		['+Subobject', ({involvedObject}) => involvedObject.fieldPath ?? ''],
		['+Source', ({source}) => [source?.component, source?.host].filter(Boolean).join(', ')],
		['Message', ({message}) => message?.trim()],
		['+First Seen', ({firstTimestamp}, now) => age(firstTimestamp, now)],
		['+Count', ({count}) => String(count)],
		['+Name:name', ({metadata}) => metadata.name],
	],
};

function containersOf({spec}: KubeJson<V1PodTemplateSpec>, field: 'name' | 'image'): string {
	return (spec?.containers ?? []).map(container => container[field]).join(',');
}

function statusesOf(status: Pod['status']) {
	return status?.containerStatuses ?? [];
}

function podRestarts({status}: Pod, now: number): string {
	const restarts = statusesOf(status).reduce((sum, {restartCount}) => sum + restartCount, 0);
	const ends = statusesOf(status).flatMap(({lastState}) => lastState?.terminated?.finishedAt ?? []);
	return restarts > 0 && ends.length > 0 ? `${restarts} (${age(ends.sort().at(-1), now)} ago)` : String(restarts);
}

function podReason({metadata, spec, status}: Pod): string {
	if (metadata.deletionTimestamp !== undefined) {
		return 'Terminating';
	}

	const init = status?.initContainerStatuses ?? [];
	const at = init.findIndex(({state}) => state?.terminated?.exitCode !== 0);
	if (at >= 0) {
		return `Init:${initReason(init[at]!.state ?? {}) ?? `${at}/${spec.initContainers?.length}`}`;
	}

	const stopped = statusesOf(status).find(({state}) => state?.waiting ?? state?.terminated)?.state;
	return stopped?.waiting?.reason ?? stopped?.terminated?.reason ?? status?.phase ?? 'Pending';
}

/** `undefined` while the init container waits for an earlier one, starts or runs. */
function initReason({terminated, waiting}: KubeJson<V1ContainerState>): string | undefined {
	const isStarting = waiting?.reason === 'PodInitializing' || waiting?.reason === 'ContainerCreating';
	return terminated?.reason ?? (isStarting ? undefined : waiting?.reason);
}

function firstThree(all: readonly string[]): string {
	return all.length === 0 ? '<unset>' : all.slice(0, 3).join(',') + (all.length > 3 ? ` + ${all.length - 3} more...` : '');
}

/** `3h`, `12m`, `5m10s`, `45s`: as k8s.io/apimachinery duration.HumanDuration, up to three hours. */
function age(since: string | null | undefined, now: number): string {
	if (since === undefined || since === null) {
		return '<unknown>';
	}

	const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
	const minutes = Math.floor(seconds / 60);
	if (seconds < 120 || minutes >= 180) {
		return seconds < 120 ? `${seconds}s` : `${Math.floor(minutes / 60)}h`;
	}

	return minutes < 10 && seconds % 60 > 0 ? `${minutes}m${seconds % 60}s` : `${minutes}m`;
}

/** `app=web,tier=front`, or `<none>`. */
function labels(map: Record<string, string> | undefined): string {
	const pairs = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}
