/** The first line of details: the state of an object and its cause, and the states of its containers in words. */
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import {podStatus, type ContainerState, type ContainerStatus, type PodObject} from '../../targets/pod-object.ts';
import {formatQuantity, formatAge} from '../../text/formats.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {TextLine} from '../frame/session-state.ts';
import {agoMark} from '../kit/format-copied-lines.ts';
import {statusRole} from '../lists/list-columns.ts';
import {nodePressure} from '../lists/object-feeds.ts';

type Verdict = Pick<TextLine, 'text' | 'role' | 'times'>;

/** A time as text, such as `4m ago`. */
export type FormatAgo = (time: string) => string;

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
		const cause = isRunning ? null : (exitCause(statuses, ago) ?? sanitizeLine(waitMessage(statuses) ?? unscheduled ?? ''));
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

/** `9 of 10 ready`. */
export function daemonSetVerdict({status: {desiredNumberScheduled = 0, numberReady = 0} = {}}: CheckedObject<'daemonsets'>): Verdict {
	return withRole(
		[`${numberReady} of ${desiredNumberScheduled} ready`],
		numberReady < desiredNumberScheduled ? 'state.working' : undefined,
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
export function timed<Line extends object>(make: (ago: FormatAgo) => Line): Line & Pick<TextLine, 'times'> {
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

function waitMessage(statuses: readonly ContainerStatus[]): string | undefined {
	return statuses.map(({state}) => state?.waiting?.message).find(message => message !== undefined && message !== '');
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
	return state?.waiting ? sanitizeLine(`${reason}${message === undefined ? '' : `: ${message}`}`) : 'unknown';
}

/** `exited 3 (Error) 4m ago`, or `killed by signal 9 (OOMKilled) 4m ago`. */
export function exitText({exitCode, signal, reason, finishedAt}: NonNullable<ContainerState['terminated']>, ago: FormatAgo): string {
	const how = signal ? `killed by signal ${signal}` : `exited ${exitCode}`;
	return sanitizeLine(`${how}${reason ? ` (${reason})` : ''}`) + (finishedAt ? ` ${ago(finishedAt)}` : '');
}
