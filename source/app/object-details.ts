/** What an object says of itself, as lines: containers, ports, conditions, and the events that the cluster keeps of it. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {listAll} from '../cluster/list.ts';
import type {TextLine} from '../state/session-state.ts';
import {objectPath} from '../targets/object-path.ts';
import {parseTarget} from '../targets/parse-target.ts';
import type {ContainerState, PodObject, ServiceObject, WorkloadObject} from '../targets/pod-object.ts';
import {counted} from '../text/grouped.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';

type AnyObject = PodObject & WorkloadObject & ServiceObject & {kind?: string};
type EventObject = {type?: string; reason?: string; message?: string; count?: number; lastTimestamp?: string | null; eventTime?: string | null; metadata: {creationTimestamp?: string}};

/** Of `pod/x`, `deploy/x`, `svc/x` or `node/x`. @throws SpokeError by `refusal` for the object; events that may not be read are a line */
export async function readDetails(access: ClusterAccess, target: string, namespace: string): Promise<{lines: readonly TextLine[]; since: string | null}> {
	const {resource, name} = parseTarget(target);
	const object = await access.json<AnyObject>({path: objectPath(resource, namespace, name)});
	const events = resource.kind === 'Node' ? [] : await readEvents(access, namespace, object.metadata.uid);
	return {lines: [...objectLines(object, resource.kind), ...events], since: object.metadata.creationTimestamp ?? null};
}

function objectLines(object: AnyObject, kind: string): TextLine[] {
	const {metadata, spec, status} = object;
	const lines: TextLine[] = [{label: 'Name', text: `${metadata.name}${metadata.namespace === undefined ? '' : ` in ${metadata.namespace}`}`}];
	if (kind === 'Pod') {
		lines.push({label: 'Node', text: spec.nodeName ?? 'not scheduled'}, {label: 'Status', text: sanitiseLine(`${status?.phase ?? 'unknown'}${status?.reason === undefined ? '' : `, ${status.reason}`}${status?.podIP === undefined ? '' : `, ${status.podIP}`}`)});
		const owner = metadata.ownerReferences?.find(({controller}) => controller);
		lines.push({label: 'Owner', text: owner === undefined ? 'none' : `${owner.kind} ${owner.name}`}, labelsLine(metadata.labels), {text: 'Containers', rule: true});
		for (const container of [...spec.initContainers ?? [], ...spec.containers, ...spec.ephemeralContainers ?? []]) {
			const own = [...status?.containerStatuses ?? [], ...status?.initContainerStatuses ?? [], ...status?.ephemeralContainerStatuses ?? []].find(({name}) => name === container.name);
			const ports = container.ports?.map(port => `${port.name === undefined ? '' : `${port.name} `}${port.containerPort}`).join(', ');
			lines.push({label: container.name.slice(0, 20).padEnd(20), text: `${stateWords(own?.state)}, ${counted(own?.restartCount ?? 0, 'restart')}${ports ? `, ports ${ports}` : ''}`, ...own?.state?.waiting ? {role: 'state.working'} : own?.state?.terminated && own.state.terminated.exitCode !== 0 ? {role: 'state.failed'} : {}});
			lines.push(...container.image === undefined ? [] : [{label: '', text: sanitiseLine(`image ${container.image}`), indent: 12}]);
			if (own?.lastState?.terminated) {
				lines.push({label: '', text: `last end: ${stateWords({terminated: own.lastState.terminated})}`, indent: 12});
			}
		}

		lines.push(...(status?.conditions ?? []).filter(({status: holds}) => holds !== 'True').map((one): TextLine => ({label: one.type.padEnd(20), text: sanitiseLine(`${one.status}${one.reason === undefined ? '' : `, ${one.reason}`}${one.message ? `: ${one.message}` : ''}`), role: 'level.warn'})));
	} else if (kind === 'Service') {
		const {ports = [], selector = {}, clusterIP = 'none'} = (object as ServiceObject).spec ?? {};
		lines.push({label: 'Address', text: clusterIP}, {label: 'Selects', text: Object.entries(selector).map(([key, value]) => `${key}=${value}`).join(',') || 'nothing'}, {text: 'Ports', rule: true});
		lines.push(...ports.map((port): TextLine => ({label: port.name ?? '–', text: `${port.port} → ${port.targetPort ?? port.port} ${port.protocol ?? 'TCP'}`})));
	} else {
		lines.push(labelsLine(metadata.labels));
		lines.push(...(status?.conditions ?? []).map((one): TextLine => ({label: one.type.padEnd(20), text: sanitiseLine(`${one.status}${one.reason === undefined ? '' : `, ${one.reason}`}${one.message ? `: ${one.message}` : ''}`)})));
	}

	return lines;
}

function labelsLine(labels: Readonly<Record<string, string>> = {}): TextLine {
	return {label: 'Labels', text: sanitiseLine(Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(', ')) || 'none'};
}

function stateWords(state: ContainerState | undefined): string {
	if (state?.running) {
		return `running${state.running.startedAt === undefined ? '' : ` since ${state.running.startedAt}`}`;
	}

	if (state?.terminated) {
		const {exitCode, reason, finishedAt} = state.terminated;
		return sanitiseLine(`ended with exit ${exitCode}${reason === undefined ? '' : ` ${reason}`}${finishedAt === undefined ? '' : ` at ${finishedAt}`}`);
	}

	return state?.waiting ? sanitiseLine(`waiting: ${state.waiting.reason ?? ''}${state.waiting.message === undefined ? '' : `, ${state.waiting.message}`}`) : 'unknown';
}

async function readEvents(access: ClusterAccess, namespace: string, uid: string | undefined): Promise<TextLine[]> {
	const head: TextLine = {text: 'Events', rule: true};
	if (uid === undefined) {
		return [];
	}

	try {
		const {items} = await listAll<EventObject>(access, {path: `/api/v1/namespaces/${namespace}/events`, fieldSelector: `involvedObject.uid=${uid}`});
		const when = (event: EventObject) => Date.parse(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '');
		const sorted = items.sort((one, other) => when(other) - when(one)).slice(0, 50);
		return sorted.length === 0
			? [head, {text: 'no events of it are kept', role: 'text.dim'}]
			: [head, ...sorted.map((event): TextLine => ({
				...!Number.isNaN(when(event)) && {since: when(event)}, label: sanitiseLine(`${event.type === 'Warning' ? '! ' : ''}${event.reason ?? ''}`).slice(0, 20).padEnd(20), text: sanitiseLine(`${event.message ?? ''}${(event.count ?? 1) > 1 ? ` (${event.count} times)` : ''}`), ...event.type === 'Warning' && {role: 'level.warn'},
			}))];
	} catch (error) {
		return [head, {text: `events cannot be read: ${(error as Error).message}`, role: 'text.dim'}];
	}
}
