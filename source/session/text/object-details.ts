/** Details of an object. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listAll} from '../../cluster/list.ts';
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import type {TextLine} from '../frame/session-state.ts';
import {objectPath} from '../../cluster/targets/resource-names.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import {
	type ContainerSpec,
	type CronJobObject,
	type ContainerStatus,
	type LabelSelector,
	type PodCondition,
	type PodObject,
	type ServiceObject,
	type WorkloadObject,
	podStatus,
	type ContainerState,
} from '../../cluster/targets/pod-object.ts';
import {selectorText} from '../../cluster/targets/label-selector.ts';
import {formatQuantity, formatAge} from '../../base/text/formats.ts';
import {nodePressure} from '../lists/problems.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {agoMark} from '../kit/text-rows.ts';
import {statusRole} from '../lists/list-columns.ts';

type AnyObject = PodObject &
	WorkloadObject &
	ServiceObject &
	CronJobObject &
	CheckedObject<'daemonsets'> &
	CheckedObject<'nodes'> & {kind?: string};
type EventObject = CheckedObject<'events'>;

type Verdict = Pick<TextLine, 'text' | 'role' | 'times'>;

/** A time as text, such as `4m ago`. */
export type FormatAgo = (time: string) => string;

/** Unreadable events become a line. @throws SpokeError by `refusal` for the object */
export async function readDetails(
	access: ClusterClient,
	target: string,
	namespace: string,
): Promise<{lines: readonly TextLine[]; object: PodObject}> {
	const {resource, name} = parseTarget(target);
	const object = await access.json<AnyObject>({path: objectPath(resource, namespace, name)});
	const events = resource.kind === 'Node' ? [] : await readEvents(access, namespace, object.metadata.uid);
	return {lines: [...objectLines(object, resource.kind), ...events], object};
}

function objectLines(object: AnyObject, kind: string): TextLine[] {
	const {name, namespace} = object.metadata;
	const named = `${name}${namespace === undefined ? '' : ` in ${namespace}`}`;
	return [{label: 'Name', text: named, quiet: true}, ...(linesOfKind[kind] ?? otherLines)(object)];
}

const linesOfKind: Readonly<Record<string, (object: AnyObject) => TextLine[]>> = {
	Pod: podLines,
	Service: serviceLines,
	CronJob: cronJobLines,
	Deployment: workloadLines,
	StatefulSet: workloadLines,
	ReplicaSet: workloadLines,
	DaemonSet: daemonSetLines,
	Job: object => [imageLine(object), selectorLine(object.spec?.selector), ...otherLines(object)],
	Node: nodeLines,
};

function otherLines({metadata, status}: AnyObject): TextLine[] {
	return [labelsLine(metadata.labels), ...(status?.conditions ?? []).map(condition => conditionLine(condition))];
}

function workloadLines(object: AnyObject): TextLine[] {
	const {replicas = 1} = object.spec ?? {};
	const {readyReplicas = 0, updatedReplicas = 0, availableReplicas = 0} = object.status ?? {};
	const counts = `${replicas} desired, ${readyReplicas} ready, ${availableReplicas} available, ${updatedReplicas} up to date`;
	return templateLines(object, workloadVerdict(object), {label: 'Replicas', text: counts});
}

function daemonSetLines(object: AnyObject): TextLine[] {
	const {desiredNumberScheduled = 0, numberReady = 0, updatedNumberScheduled = 0} = object.status ?? {};
	const isReady = numberReady >= desiredNumberScheduled;
	return templateLines(object, withRole([`${numberReady} of ${desiredNumberScheduled} ready`], isReady ? undefined : 'state.working'), {
		label: 'Nodes',
		text: `${desiredNumberScheduled} desired, ${numberReady} ready, ${updatedNumberScheduled} up to date`,
	});
}

function templateLines(object: AnyObject, verdict: Verdict, counts: TextLine): TextLine[] {
	return [{label: 'Status', ...verdict}, imageLine(object), counts, selectorLine(object.spec?.selector), ...otherLines(object)];
}

function imageLine({spec}: AnyObject): TextLine {
	const images = spec?.template?.spec?.containers.map(({image = ''}) => image) ?? [];
	return {label: 'Image', text: sanitizeLine([...new Set(images)].join(', ')) || 'none', quiet: true};
}

function selectorLine(selector: LabelSelector | undefined): TextLine {
	return {label: 'Selector', text: sanitizeLine(selectorText(selector) ?? '') || 'none', quiet: true};
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
	const verdict = podVerdict(pod);
	return [
		// The lines of the containers say that all is well.
		{label: 'Status', ...verdict, quiet: verdict.role === undefined},
		{label: 'Node', text: spec.nodeName ?? 'not scheduled', quiet: true},
		{
			label: 'Phase',
			text: sanitizeLine([status?.phase ?? 'unknown', status?.reason, status?.podIP].filter(Boolean).join(', ')),
			quiet: true,
		},
		...(status?.message === undefined || status.message === '' ? [] : [{label: 'Message', text: sanitizeLine(status.message)}]),
		{label: 'Owner', text: owner === undefined ? 'none' : `${owner.kind} ${owner.name}`, quiet: true},
		labelsLine(metadata.labels),
		{text: 'Containers', rule: true},
		...[...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].flatMap(container =>
			containerLines(
				container,
				statuses.find(({name}) => name === container.name),
			),
		),
		...(status?.conditions ?? [])
			.filter(({status: holds}) => holds !== 'True')
			.map(condition => ({...conditionLine(condition), role: 'level.warn', quiet: condition.reason === 'ContainersNotReady'})),
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
		...(container.image === undefined ? [] : [{label: '', text: sanitizeLine(`image ${container.image}`), indent: 12, quiet: true}]),
		...(last
			? [{label: '', ...timed(ago => ({text: `previous run: ${exitText(last, ago)}`})), indent: 12, quiet: !own.state?.running}]
			: []),
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
			text: pairsOf(selector).join(',') || 'nothing',
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

function conditionLine({type, status, reason, message}: PodCondition): TextLine {
	return {
		label: type.padEnd(20),
		text: sanitizeLine(`${status}${reason === undefined ? '' : `, ${reason}`}${message ? `: ${message}` : ''}`),
	};
}

function labelsLine(labels: Readonly<Record<string, string>> = {}): TextLine {
	return {label: 'Labels', text: sanitizeLine(pairsOf(labels).join(', ')) || 'none', quiet: true};
}

function pairsOf(map: Readonly<Record<string, string>>): string[] {
	return Object.entries(map).map(([key, value]) => `${key}=${value}`);
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

/** `CrashLoopBackOff · exited 3 (Error) 4m ago · 8 restarts`. */
export function podVerdict(pod: PodObject): Verdict {
	const {containerStatuses = [], initContainerStatuses = [], conditions = []} = pod.status ?? {};
	const statuses = [...initContainerStatuses, ...containerStatuses];
	const word = sanitizeLine(pod.status ? podStatus(pod) : 'unknown');
	const ready = containerStatuses.filter(({ready}) => ready).length;
	const restarts = statuses.reduce((sum, {restartCount = 0}) => sum + restartCount, 0);
	const isRunning = word === 'Running';
	const isPartly = isRunning && ready < containerStatuses.length;
	return timed(ago => {
		const unscheduled = conditions.find(({type, status}) => type === 'PodScheduled' && status === 'False')?.message;
		const message = statuses.map(({state}) => state?.waiting?.message).find(Boolean) ?? unscheduled ?? '';
		const cause = isRunning ? null : (exitCause(statuses, ago) ?? sanitizeLine(message));
		const parts = [
			word,
			isPartly ? `${ready} of ${containerStatuses.length} containers ready` : null,
			cause,
			restarts === 0 ? null : `${formatQuantity(restarts, 'restart')}${isRunning ? lastRestart(statuses, ago) : ''}`,
		];
		return withRole(parts, isPartly ? 'state.working' : statusRole(word));
	});
}

/** `2 of 3 ready · 1 up to date · ProgressDeadlineExceeded`. */
export function workloadVerdict({spec, status}: CheckedObject<'deployments'>): Verdict {
	const desired = spec?.replicas ?? 1;
	const {readyReplicas = 0, updatedReplicas = 0, conditions = []} = status ?? {};
	const failed = conditions.find(({type, status: holds}) =>
		type === 'Progressing' ? holds === 'False' : type === 'ReplicaFailure' && holds === 'True',
	);
	return withRole(
		[
			`${readyReplicas} of ${desired} ready`,
			updatedReplicas < desired && status?.updatedReplicas !== undefined ? `${updatedReplicas} up to date` : null,
			failed ? reasonText(failed) : null,
		],
		failed ? 'state.failed' : readyReplicas < desired ? 'state.working' : undefined,
	);
}

/** `Ready · DiskPressure`, or `NotReady · NodeStatusUnknown: Kubelet stopped posting node status. · since 4m ago`. */
export function nodeVerdict(node: CheckedObject<'nodes'>): Verdict {
	const ready = node.status?.conditions?.find(({type}) => type === 'Ready');
	const pressure = nodePressure(node);
	const isReady = ready?.status === 'True';
	return timed(ago =>
		withRole(
			[
				isReady ? 'Ready' : ready?.status === 'False' ? 'NotReady' : 'Unknown',
				isReady ? null : reasonText(ready ?? {}),
				...pressure.map(type => sanitizeLine(type)),
				node.spec?.unschedulable ? 'cordoned' : null,
			],
			isReady ? (pressure.length > 0 ? 'level.warn' : undefined) : 'state.failed',
			isReady || ready?.lastTransitionTime === undefined ? '' : ` · since ${ago(ready.lastTransitionTime)}`,
		),
	);
}

/** A line whose times are drawn as ages. */
function timed<Line extends object>(make: (ago: FormatAgo) => Line): Line & Pick<TextLine, 'times'> {
	const times: number[] = [];
	const line = make(time => {
		times.push(Date.parse(time));
		return agoMark;
	});
	return times.length === 0 ? line : {...line, times};
}

function withRole(parts: ReadonlyArray<string | null>, role: string | undefined, end = ''): Verdict {
	const text = parts.filter(part => part !== null && part !== '').join(' · ');
	return {text: text + end, ...(role !== undefined && {role})};
}

function reasonText({reason = '', message = ''}: {reason?: string; message?: string}): string {
	return sanitizeLine([reason, message].filter(part => part !== '').join(': '));
}

function exitCause(statuses: readonly ContainerStatus[], ago: FormatAgo): string | null {
	for (const {name, state, lastState} of statuses) {
		const ended = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined);
		if (ended && ended.exitCode !== 0) {
			return `${statuses.length > 1 ? `${sanitizeLine(name)} ` : ''}${exitText(ended, ago)}`;
		}
	}

	return null;
}

function lastRestart(statuses: readonly ContainerStatus[], ago: FormatAgo): string {
	const last = statuses
		.map(({lastState}) => lastState?.terminated?.finishedAt ?? '')
		.sort()
		.at(-1);
	return last === undefined || last === '' ? '' : `, the last ${ago(last)}`;
}

export function agoAt(now: number): FormatAgo {
	return time => `${formatAge(now - Date.parse(time))} ago`;
}

/** `running, started 4m ago`, `exited 3 (Error) 4m ago` or `CrashLoopBackOff: back-off 5m0s …`. */
export function containerStateText({state}: {state?: ContainerState | undefined}, ago: FormatAgo): string {
	if (state?.running) {
		return `running${state.running.startedAt === undefined ? '' : `, started ${ago(state.running.startedAt)}`}`;
	}

	if (state?.terminated) {
		return exitText(state.terminated, ago);
	}

	const {reason = 'waiting', message} = state?.waiting ?? {};
	// The kubelet ends its text with the names of the container and the pod.
	const what = message?.replace(/=\S+ pod=\S+$/, '');
	return state?.waiting ? sanitizeLine(`${reason}${what === undefined ? '' : `: ${what}`}`) : 'unknown';
}

/** `exited 3 (Error) 4m ago`, or `killed by signal 9 (OOMKilled) 4m ago`. */
function exitText({exitCode, signal, reason, finishedAt}: NonNullable<ContainerState['terminated']>, ago: FormatAgo): string {
	const how = signal ? `killed by signal ${signal}` : `exited ${exitCode}`;
	return sanitizeLine(`${how}${reason ? ` (${reason})` : ''}`) + (finishedAt ? ` ${ago(finishedAt)}` : '');
}
