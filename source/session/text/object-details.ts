/** Details of an object. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listAll} from '../../cluster/list.ts';
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import type {TextLine} from '../frame/session-state.ts';
import {objectPath} from '../../targets/resource-names.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import type {
	ContainerSpec,
	CronJobObject,
	ContainerStatus,
	LabelSelector,
	PodCondition,
	PodObject,
	ServiceObject,
	WorkloadObject,
} from '../../targets/pod-object.ts';
import {selectorText} from '../../targets/label-selector.ts';
import {formatQuantity} from '../../text/formats.ts';
import {nodePressure} from '../lists/object-feeds.ts';
import {containerStateText, daemonSetVerdict, exitText, nodeVerdict, podVerdict, timed, workloadVerdict} from './object-verdict.ts';
import {sanitizeLine} from '../../text/sanitize.ts';

type AnyObject = PodObject &
	WorkloadObject &
	ServiceObject &
	CronJobObject &
	CheckedObject<'daemonsets'> &
	CheckedObject<'nodes'> & {kind?: string};
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
	Deployment: workloadLines,
	StatefulSet: workloadLines,
	ReplicaSet: workloadLines,
	DaemonSet: daemonSetLines,
	Job: jobLines,
	Node: nodeLines,
};

function otherLines({metadata, status}: AnyObject): TextLine[] {
	return [labelsLine(metadata.labels), ...conditionLines(status?.conditions ?? [])];
}

function workloadLines(object: AnyObject): TextLine[] {
	const {replicas = 1, selector} = object.spec ?? {};
	const {readyReplicas = 0, updatedReplicas = 0, availableReplicas = 0} = object.status ?? {};
	return [
		{label: 'Status', ...workloadVerdict(object)},
		imageLine(object),
		{
			label: 'Replicas',
			text: `${replicas} desired, ${readyReplicas} ready, ${availableReplicas} available, ${updatedReplicas} up to date`,
		},
		selectorLine(selector),
		...otherLines(object),
	];
}

function daemonSetLines(object: AnyObject): TextLine[] {
	const {desiredNumberScheduled = 0, numberReady = 0, updatedNumberScheduled = 0} = object.status ?? {};
	return [
		{label: 'Status', ...daemonSetVerdict(object)},
		imageLine(object),
		{label: 'Nodes', text: `${desiredNumberScheduled} desired, ${numberReady} ready, ${updatedNumberScheduled} up to date`},
		selectorLine(object.spec?.selector),
		...otherLines(object),
	];
}

function jobLines(object: AnyObject): TextLine[] {
	return [imageLine(object), selectorLine(object.spec?.selector), ...otherLines(object)];
}

function imageLine({spec}: AnyObject): TextLine {
	const images = spec?.template?.spec?.containers.map(({image = ''}) => image) ?? [];
	return {label: 'Image', text: sanitizeLine([...new Set(images)].join(', ')) || 'none'};
}

function selectorLine(selector: LabelSelector | undefined): TextLine {
	return {label: 'Selector', text: sanitizeLine(selectorText(selector) ?? '') || 'none'};
}

function nodeLines(object: AnyObject): TextLine[] {
	const {addresses = [], capacity = {}, allocatable = {}, nodeInfo = {}} = object.status ?? {};
	const {kubeletVersion, osImage, kernelVersion, containerRuntimeVersion} = nodeInfo;
	const amounts = ['cpu', 'memory', 'pods', 'ephemeral-storage'].flatMap(name => {
		const [all, free] = [capacity[name], allocatable[name]];
		return all === undefined ? [] : [`${name} ${all}${free === undefined || free === all ? '' : ` (${free} allocatable)`}`];
	});
	return [
		{label: 'Status', ...nodeVerdict(object)},
		{label: 'Addresses', text: sanitizeLine(addresses.map(({type, address}) => `${type} ${address}`).join(', ')) || 'none'},
		{label: 'Capacity', text: sanitizeLine(amounts.join(', ')) || 'unknown'},
		{label: 'Pressure', text: nodePressure(object).join(', ') || 'none'},
		{
			label: 'Versions',
			text: sanitizeLine([kubeletVersion, containerRuntimeVersion, osImage, kernelVersion].filter(Boolean).join(', ')) || 'unknown',
		},
		...otherLines(object),
	];
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
		{label: 'Status', ...podVerdict(pod)},
		{label: 'Node', text: spec.nodeName ?? 'not scheduled'},
		{label: 'Phase', text: sanitizeLine([status?.phase ?? 'unknown', status?.reason, status?.podIP].filter(Boolean).join(', '))},
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

function containerLines(container: ContainerSpec, own: ContainerStatus | undefined): TextLine[] {
	const role = containerRole(own?.state);
	const ports = container.ports?.map(port => `${port.name === undefined ? '' : `${port.name} `}${port.containerPort}`).join(', ');
	const last = own?.lastState?.terminated;
	return [
		{
			label: container.name.padEnd(20),
			...timed(ago => ({
				text: `${containerStateText({state: own?.state}, ago)}, ${formatQuantity(own?.restartCount ?? 0, 'restart')}${ports ? `, ports ${ports}` : ''}`,
			})),
			...(role !== undefined && {role}),
		},
		...(container.image === undefined ? [] : [{label: '', text: sanitizeLine(`image ${container.image}`), indent: 12}]),
		...(last ? [{label: '', ...timed(ago => ({text: `previous run: ${exitText(last, ago)}`})), indent: 12}] : []),
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

		const newest = items.sort((one, other) => timeOf(other) - timeOf(one)).slice(0, maxEvents);
		return [head, ...newest.map(event => eventLine(event))];
	} catch (error) {
		return [head, {text: `could not read events: ${(error as Error).message}`, role: 'text.dim'}];
	}
}

const maxEvents = 50;

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
