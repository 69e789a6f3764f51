/** The doctor's steps about the target: the pod or node, and its container (leg 3). */
import {formatQuantity} from '../../base/text/formats.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {allContainers, containerRole, containerStatus} from '../../cluster/targets/choose-container.ts';
import {type ContainerStatus, type PodObject, type ContainerSpec, podStatus} from '../../cluster/targets/pod-object.ts';
import type {ResolvedTarget} from '../evidence.ts';
import type {PathPlan} from '../plan-paths.ts';
import {failedStep, stepResult, type StepResult} from './doctor-object.ts';
import {needNode} from '../rules/needs.ts';

export async function containerStep({pod, target}: PathPlan): Promise<StepResult> {
	if (!pod) {
		return stepResult('leg-3', 'not checked: the target is a node', {status: 'not-tried'});
	}

	const status = containerStatus(pod, target.container ?? '');
	const others = otherTroubles(pod, target.container);
	const restarted = status && describeRestart(status);
	if (restarted) {
		const error = new SpokeError('ERR_CONTAINER_RESTARTED', `container ${target.container} of ${target.name} ${restarted}`, {
			remedy: remedyFor(target, status),
		});
		return failedStep('leg-3', error, {
			status: 'note',
			fits: [...(status.lastState?.terminated?.message ? lastEnd(status) : []), ...others],
		});
	}

	if (status?.state?.running) {
		const runs = `running since ${status.state.running.startedAt ?? '?'}${status.ready ? '' : ', not ready'}`;
		return stepResult('leg-3', `container ${target.container} ${runs}, ${formatQuantity(status.restartCount ?? 0, 'restart')}`, {
			status: status.ready && others.length === 0 ? 'ok' : 'note',
			fits: [...lastEnd(status), ...others],
		});
	}

	const state = describeState(pod, status);
	if (isInitDone(pod, status)) {
		return stepResult(
			'leg-3',
			`container ${target.container} ${state}, as init containers do`,
			others.length === 0 ? {} : {status: 'note', fits: others},
		);
	}

	const awaited = awaitedInit(pod, status);
	const [what, remedy, fits] =
		awaited === undefined
			? [state, remedyFor(target, status), [...lastEnd(status), ...others]]
			: [
					`is waiting for init container ${awaited.name}, which ${describeState(pod, awaited)}`,
					remedyFor({...target, container: awaited.name}, awaited),
					lastEnd(awaited),
				];
	// The code also covers a container that waits or crashes: the target exists but cannot be used.
	return failedStep(
		'leg-3',
		new SpokeError('ERR_TARGET_GONE', `container ${target.container ?? '?'} of ${target.name} ${what}`, {leg: 3, remedy}),
		{fits},
	);
}

/** Init containers run in sequence, so only the current one shows why later ones wait. */
function awaitedInit(pod: PodObject, status: ContainerStatus | undefined): ContainerStatus | undefined {
	return status?.state?.waiting?.reason === 'PodInitializing' && containerRole(pod, status.name) === 'regular'
		? pod.status?.initContainerStatuses?.find(({ready}) => ready !== true)
		: undefined;
}

/** A container that has run for 10 minutes is stable: the kubelet then forgets its back-off (kubernetes.io, Pod Lifecycle). */
const stableAfterMs = 600_000;

/** `null` for a container that does not run, or runs since long ago or its first start. A clock behind the cluster's finds more. */
function describeRestart({state, lastState, restartCount = 0}: ContainerStatus): string | null {
	const {startedAt} = state?.running ?? {};
	if (startedAt === undefined || restartCount === 0 || !(Date.now() - Date.parse(startedAt) < stableAfterMs)) {
		return null;
	}

	const end = lastState?.terminated ? describeExit(lastState.terminated) : 'ended; its status does not say how';
	return `${end}, and runs again since ${startedAt} (${formatQuantity(restartCount, 'restart')})`;
}

/** A container's message may be the end of its log, over many lines (`terminationMessagePolicy`). */
function lastEnd(status: ContainerStatus | undefined): string[] {
	const last = status?.lastState?.terminated;
	return last
		? [`previous instance ${describeExit(last)}${last.message ? `: ${last.message.trim().replaceAll(/\s+/g, ' ').slice(0, 500)}` : ''}`]
		: [];
}

function otherTroubles(pod: PodObject, examined: string | null): string[] {
	return allContainers(pod)
		.filter(({name, role}) => name !== examined && role !== 'ephemeral')
		.map(({name}) => ({name, status: containerStatus(pod, name)}))
		.flatMap(({name, status}) => {
			const isInTrouble = status?.state?.waiting !== undefined || (status?.state?.terminated?.exitCode ?? 0) !== 0;
			const trouble = isInTrouble ? describeState(pod, status) : status && describeRestart(status);
			return trouble ? [`container ${name} ${trouble}`] : [];
		});
}

function isInitDone(pod: PodObject, status: ContainerStatus | undefined): boolean {
	return status?.state?.terminated?.exitCode === 0 && containerRole(pod, status.name) === 'init';
}

function describeState(pod: PodObject, status: ContainerStatus | undefined): string {
	const {waiting, terminated} = status?.state ?? {};
	if (waiting) {
		return `is waiting: ${waiting.reason ?? '?'}${waiting.message ? `, ${waiting.message}` : ''}`;
	}

	if (terminated) {
		return describeExit(terminated);
	}

	if (status?.state?.running) {
		return `is running since ${status.state.running.startedAt ?? '?'}`;
	}

	return `has no state (pod ${pod.status?.phase ?? 'unknown'})`;
}

function describeExit({exitCode, reason}: {exitCode: number; reason?: string}): string {
	return `terminated with exit code ${exitCode}${reason === undefined || reason === 'Completed' ? '' : ` ${reason}`}`;
}

/** A container that never ran has no previous log, and one that only waits has no log. */
function remedyFor({name, namespace, container}: ResolvedTarget, status: ContainerStatus | undefined): string {
	const location = `${quoteForShell(name)} -n ${quoteForShell(namespace ?? 'default')}`;
	const describe = `kubectl describe pod ${location}`;
	const logs = `spoke logs ${location}${container === null ? '' : ` -c ${quoteForShell(container)}`}`;
	if (status?.state?.terminated) {
		return `${describe}; ${logs}`;
	}

	return (status?.restartCount ?? 0) > 0 ? `${describe}; ${logs} --previous` : describe;
}

/** The doctor's target step. */
export function targetStep({target, pod, node, probe}: Pick<PathPlan, 'target' | 'pod' | 'node' | 'probe'>): StepResult {
	const {namespace, name, node: location, chosenFrom} = target;
	if (!pod) {
		return nodeStep(name, node, probe);
	}

	const others = chosenFrom > 1 ? `; one of ${chosenFrom} pods` : '';
	const {deletionTimestamp, finalizers = []} = pod.metadata;
	// Finalizers can hold a pod long past its deletion time.
	const held = finalizers.length === 0 ? '' : `; held by finalizers: ${finalizers.join(', ')}`;
	return stepResult(
		'target',
		`pod ${namespace}/${name} ${pod.status?.phase === undefined ? 'of unknown phase' : podStatus(pod)} on ${location ?? 'no node'}, ${describeReadiness(pod)}${others}`,
		deletionTimestamp === undefined ? {} : {status: 'note', fits: [`is being deleted, to be gone by ${deletionTimestamp}${held}`]},
	);
}

/** If the node cannot be read, only a pod on it shows that it exists. */
function nodeStep(name: string, node: PathPlan['node'], probe: PathPlan['probe']): StepResult {
	if (!node) {
		return probe
			? stepResult('target', `node ${name} runs pod ${probe.namespace}/${probe.pod}; its conditions could not be read`)
			: stepResult('target', `it is unknown whether node ${name} exists`, {
					status: 'unknown',
					fits: [`needs ${needNode.permission}; check with \`${needNode.check}\``],
				});
	}

	const {status, message, reason} = node.status?.conditions?.find(({type}) => type === 'Ready') ?? {};
	if (status === undefined) {
		return stepResult('target', `node ${name}, its conditions could not be read`);
	}

	const observed = `node ${name}, Ready ${status}`;
	return stepResult('target', observed, status === 'True' ? {} : {status: 'note', fits: [message ?? reason ?? 'not ready']});
}

/** Counts sidecars, as kubectl's READY does. A pod that no kubelet has seen has no container statuses. */
function describeReadiness({spec, status}: PodObject): string {
	const own: readonly ContainerSpec[] = [
		...(spec?.containers ?? []),
		...(spec?.initContainers ?? []).filter(({restartPolicy}) => restartPolicy === 'Always'),
	];
	const ready = new Set(
		[...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].filter(one => one.ready).map(({name}) => name),
	);
	return `${own.filter(({name}) => ready.has(name)).length} of ${own.length} containers ready`;
}
