/** Details of an object. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listAll} from '../../cluster/list.ts';
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import type {TextLine} from '../frame/session-state.ts';
import {objectPath} from '../../targets/object-path.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import type {
	ContainerSpec,
	CronJobObject,
	ContainerState,
	ContainerStatus,
	PodCondition,
	PodObject,
	ServiceObject,
	WorkloadObject,
} from '../../targets/pod-object.ts';
import {podStatus} from '../../targets/pod-status.ts';
import {formatQuantity} from '../../text/format-number.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';

type AnyObject = PodObject & WorkloadObject & ServiceObject & CronJobObject & {kind?: string};
type EventObject = CheckedObject<'events'>;

/** Unreadable events become a line. @throws SpokeError by `refusal` for the object */
export async function readDetails(
	access: ClusterClient,
	target: string,
	namespace: string,
): Promise<{lines: readonly TextLine[]; since: string | null}> {
	const {resource, name} = parseTarget(target);
	const object = await access.json<AnyObject>({path: objectPath(resource, namespace, name)});
	const events = resource.kind === 'Node' ? [] : await readEvents(access, namespace, object.metadata.uid);
	return {lines: [...objectLines(object, resource.kind), ...events], since: object.metadata.creationTimestamp ?? null};
}

function objectLines(object: AnyObject, kind: string): TextLine[] {
	const {name, namespace} = object.metadata;
	const own = (linesOfKind[kind] ?? otherLines)(object);
	return [{label: 'Name', text: `${name}${namespace === undefined ? '' : ` in ${namespace}`}`}, ...own];
}

const linesOfKind: Readonly<Record<string, (object: AnyObject) => TextLine[]>> = {
	Pod: podLines,
	Service: serviceLines,
	CronJob: cronJobLines,
};

function otherLines({metadata, status}: AnyObject): TextLine[] {
	return [labelsLine(metadata.labels), ...conditionLines(status?.conditions ?? [])];
}

function podLines(pod: PodObject): TextLine[] {
	const {metadata, spec, status} = pod;
	const owner = metadata.ownerReferences?.find(({controller}) => controller);
	const statuses = [
		...(status?.containerStatuses ?? []),
		...(status?.initContainerStatuses ?? []),
		...(status?.ephemeralContainerStatuses ?? []),
	];
	return [
		{label: 'Node', text: spec.nodeName ?? 'not scheduled'},
		statusLine(pod),
		...statuses.flatMap(own => lastEndLines(own)),
		...(status?.message === undefined || status.message === '' ? [] : [{label: 'Message', text: sanitizeLine(status.message)}]),
		{label: 'Owner', text: owner === undefined ? 'none' : `${owner.kind} ${owner.name}`},
		labelsLine(metadata.labels),
		{text: 'Containers', rule: true},
		...[...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].flatMap(container =>
			containerLines(
				container,
				statuses.find(({name}) => name === container.name),
			),
		),
		...conditionLines((status?.conditions ?? []).filter(({status: holds}) => holds !== 'True')).map(line => ({
			...line,
			role: 'level.warn',
		})),
	];
}

function statusLine(pod: PodObject): TextLine {
	const {phase = 'unknown', reason, podIP} = pod.status ?? {};
	const word = pod.status ? podStatus(pod) : phase;
	const others = [word === phase ? undefined : `phase ${phase}`, reason === word ? undefined : reason, podIP];
	return {
		label: 'Status',
		text: sanitizeLine([word, ...others].filter(Boolean).join(', ')),
		...(isHealthy(word) ? {} : {role: 'level.warn'}),
	};
}

function isHealthy(word: string): boolean {
	return word === 'Running' || word === 'Completed' || word === 'Succeeded';
}

/** First for a waiting container, because the preview has few rows. */
function lastEndLines({name, state, lastState}: ContainerStatus): TextLine[] {
	const last = state?.waiting && lastState?.terminated;
	return last ? [{label: 'Last state', text: sanitizeLine(`${name} ${stateText({terminated: last})}`), role: 'state.failed'}] : [];
}

function containerLines(container: ContainerSpec, own: ContainerStatus | undefined): TextLine[] {
	const role = containerRole(own?.state);
	const ports = container.ports?.map(port => `${port.name === undefined ? '' : `${port.name} `}${port.containerPort}`).join(', ');
	// Already shown at the top for a waiting container.
	const last = own?.state?.waiting ? undefined : own?.lastState?.terminated;
	return [
		{
			label: container.name.padEnd(20),
			text: `${stateText(own?.state)}, ${formatQuantity(own?.restartCount ?? 0, 'restart')}${ports ? `, ports ${ports}` : ''}`,
			...(role !== undefined && {role}),
		},
		...(container.image === undefined ? [] : [{label: '', text: sanitizeLine(`image ${container.image}`), indent: 12}]),
		...(last ? [{label: '', text: `last state: ${stateText({terminated: last})}`, indent: 12}] : []),
	];
}

function containerRole({waiting, terminated}: NonNullable<ContainerStatus['state']> = {}): string | undefined {
	if (waiting) {
		return 'state.working';
	}

	return terminated && terminated.exitCode !== 0 ? 'state.failed' : undefined;
}

function serviceLines({spec}: ServiceObject): TextLine[] {
	const {ports = [], selector = {}, clusterIP = 'none'} = spec ?? {};
	return [
		{label: 'Address', text: clusterIP},
		{
			label: 'Selects',
			text:
				Object.entries(selector)
					.map(([key, value]) => `${key}=${value}`)
					.join(',') || 'nothing',
		},
		{text: 'Ports', rule: true},
		...ports.map((port): TextLine => ({
			label: port.name ?? '–',
			text: `${port.port}/${port.protocol ?? 'TCP'} → container port ${port.targetPort ?? port.port}`,
		})),
	];
}

function cronJobLines({metadata, spec = {}, status = {}}: CronJobObject): TextLine[] {
	const {schedule = '', timeZone, suspend = false, concurrencyPolicy} = spec;
	const {active = [], lastScheduleTime, lastSuccessfulTime} = status;
	return [
		{label: 'Schedule', text: sanitizeLine(`${schedule}${timeZone === undefined ? '' : ` in ${timeZone}`}`)},
		suspend ? {label: 'Suspended', text: 'yes: it creates no new jobs', role: 'level.warn'} : {label: 'Suspended', text: 'no'},
		...(concurrencyPolicy === undefined ? [] : [{label: 'Policy', text: sanitizeLine(`${concurrencyPolicy} concurrent jobs`)}]),
		{label: 'Last run', text: sanitizeLine(lastScheduleTime ?? 'none')},
		{label: 'Succeeded', text: sanitizeLine(lastSuccessfulTime ?? 'none')},
		{label: 'Active', text: sanitizeLine(active.map(({name = ''}) => `job/${name}`).join(', ')) || 'no jobs'},
		labelsLine(metadata.labels),
	];
}

function conditionLines(conditions: readonly PodCondition[]): TextLine[] {
	return conditions.map(({type, status, reason, message}) => ({
		label: type.padEnd(20),
		text: sanitizeLine(`${status}${reason === undefined ? '' : `, ${reason}`}${message ? `: ${message}` : ''}`),
	}));
}

function labelsLine(labels: Readonly<Record<string, string>> = {}): TextLine {
	return {
		label: 'Labels',
		text:
			sanitizeLine(
				Object.entries(labels)
					.map(([key, value]) => `${key}=${value}`)
					.join(', '),
			) || 'none',
	};
}

function stateText(state: ContainerState | undefined): string {
	if (state?.running) {
		return `running${state.running.startedAt === undefined ? '' : ` since ${state.running.startedAt}`}`;
	}

	if (state?.terminated) {
		const {exitCode, reason, finishedAt} = state.terminated;
		return sanitizeLine(
			`terminated with exit code ${exitCode}${reason === undefined ? '' : ` ${reason}`}${finishedAt === undefined ? '' : ` at ${finishedAt}`}`,
		);
	}

	return state?.waiting
		? sanitizeLine(`waiting: ${state.waiting.reason ?? ''}${state.waiting.message === undefined ? '' : `, ${state.waiting.message}`}`)
		: 'unknown';
}

async function readEvents(access: ClusterClient, namespace: string, uid: string | undefined): Promise<TextLine[]> {
	const head: TextLine = {text: 'Events', rule: true};
	if (uid === undefined) {
		return [];
	}

	try {
		const {items} = await listAll<EventObject>(access, {
			path: `/api/v1/namespaces/${namespace}/events`,
			fieldSelector: `involvedObject.uid=${uid}`,
		});
		if (items.length === 0) {
			return [head, {text: 'no events found', role: 'text.dim'}];
		}

		const newest = items.sort((one, other) => timeOf(other) - timeOf(one)).slice(0, mostEvents);
		return [head, ...newest.map(event => eventLine(event))];
	} catch (error) {
		return [head, {text: `could not read events: ${(error as Error).message}`, role: 'text.dim'}];
	}
}

const mostEvents = 50;

function timeOf({lastTimestamp, eventTime, metadata}: EventObject): number {
	return Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '');
}

function eventLine(event: EventObject): TextLine {
	const {type, reason, message, count} = event;
	const since = timeOf(event);
	const isWarning = type === 'Warning';
	return {
		...(!Number.isNaN(since) && {since}),
		label: sanitizeLine(`${isWarning ? '! ' : ''}${reason ?? ''}`)
			.slice(0, 20)
			.padEnd(20),
		text: sanitizeLine(`${message ?? ''}${(count ?? 1) > 1 ? ` (${count} times)` : ''}`),
		...(isWarning && {role: 'level.warn'}),
	};
}
