/** The rows of a list that need attention, and the ready pods of services, from EndpointSlices. */
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import {cellIn, type ListName} from './list-kinds.ts';
import {restartedAt, type Row} from './table-rows.ts';

/** Problems that the row itself does not show: by `rowContext`, then by `keyOf`. Those of a context that is left out are unknown. */
export type KnownProblems = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
export type EndpointSlice = CheckedObject<'endpointslices'>;

const serviceLabel = 'kubernetes.io/service-name';

/** Ready and all pods, by service name. */
export type ServicePods = {namespace: string; cells: ReadonlyMap<string, string>};

export function keyOf({namespace, name}: Pick<Row, 'namespace' | 'name'>): string {
	return `${namespace}/${name}`;
}

/** Whether the cells show a problem: for pods and workloads READY and STATUS, for nodes STATUS. */
export function isProblem(list: ListName, row: Pick<Row, 'name' | 'cells' | 'ended'>): boolean {
	const {name, ended} = row;
	const [ready, status] = [cellIn(list, row, 'READY'), cellIn(list, row, 'STATUS')];
	switch (list) {
		case 'pods': {
			return ended !== 'Succeeded' && status !== 'Completed' && status !== 'Succeeded' && (status !== 'Running' || isShort(ready));
		}

		case 'workloads': {
			// A job runs until it is complete, and a cron job has no replicas.
			return name.startsWith('job/') ? status.startsWith('Fail') : !name.startsWith('cronjob/') && isShort(ready);
		}

		case 'nodes': {
			return status.split(',')[0] !== 'Ready';
		}

		case 'events': {
			return cellIn(list, row, 'TYPE') === 'Warning';
		}

		case 'services': {
			return false;
		}
	}
}

/** A container that crashes in a loop runs between its crashes. */
const recentRestartMs = 5 * 60_000;

/** With its problem, if its cells show one. */
export function withProblem(list: ListName, row: Row): Row {
	if (isProblem(list, row)) {
		return {...row, problem: true};
	}

	const status = list === 'pods' ? cellIn(list, row, 'STATUS') : '';
	const restarted = status === 'Running' ? restartedAt(row, cellIn(list, row, 'RESTARTS')) : null;
	return restarted === null || row.readAt! - restarted >= recentRestartMs
		? row
		: {...row, problem: true, problemUntil: restarted + recentRestartMs};
}

/** Rows whose problem has ended meanwhile are changed. `null` if none is. */
export function withoutEndedProblems(chunks: ReadonlyMap<string, readonly Row[]>, now: number): ReadonlyMap<string, readonly Row[]> | null {
	const isOver = ({problemUntil}: Row) => problemUntil !== undefined && now >= problemUntil;
	if (!chunks.values().some(rows => rows.some(row => isOver(row)))) {
		return null;
	}

	const ended = ({problem: _problem, problemUntil: _until, ...row}: Row): Row => row;
	return new Map([...chunks].map(([key, rows]) => [key, rows.map(row => (isOver(row) ? ended(row) : row))]));
}

function isShort(ready: string): boolean {
	const [, some, all] = /^(\d+)\/(\d+)$/.exec(ready) ?? [];
	return Number(some) < Number(all);
}

export function hasProblem(row: Row, known: KnownProblems): boolean {
	return row.problem === true || knownProblem(row, known) !== undefined;
}

export function knownProblem(row: Row, known: KnownProblems): string | undefined {
	return known.get(row.context ?? '')?.get(keyOf(row));
}

/** The leading rows first, in their order, then the others. */
export function leadingFirst(rows: readonly Row[], isLeading: (row: Row) => boolean): readonly Row[] {
	const leading = rows.filter(row => isLeading(row));
	return leading.length === 0 || leading.length === rows.length ? rows : [...leading, ...rows.filter(row => !isLeading(row))];
}

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

/** `MemoryPressure`, `DiskPressure`, `PIDPressure`, `NetworkUnavailable`. */
export function nodePressure({status}: Pick<CheckedObject<'nodes'>, 'status'>): string[] {
	return (status?.conditions ?? [])
		.filter(({type, status: holds}) => /Pressure$|^NetworkUnavailable$/.test(type) && holds === 'True')
		.map(({type}) => type);
}
