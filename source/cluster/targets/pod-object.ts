/** The Kubernetes objects of target selection. */
import type {CheckedObject} from '../object-shapes.ts';

export type PodObject = CheckedObject<'pods'>;
export type ObjectMeta = PodObject['metadata'];

/** A container. Its restart policy overrides the pod's (sidecars, and any container since 1.34). */
export type ContainerSpec = PodObject['spec']['containers'][number];
export type ContainerPort = NonNullable<ContainerSpec['ports']>[number];

type PodStatus = NonNullable<PodObject['status']>;
export type PodCondition = NonNullable<PodStatus['conditions']>[number];
export type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];
export type ContainerState = NonNullable<ContainerStatus['state']>;
export type Termination = NonNullable<ContainerState['terminated']>;

export type WorkloadObject = CheckedObject<'deployments'>;
export type LabelSelector = NonNullable<NonNullable<WorkloadObject['spec']>['selector']>;

/** Has no selector, only jobs. */
export type CronJobObject = CheckedObject<'cronjobs'>;

export type ServiceObject = CheckedObject<'services'>;
export type ServicePort = NonNullable<NonNullable<ServiceObject['spec']>['ports']>[number];

/** A recreated pod of the same name is another pod. */
export function podKey({metadata: {uid, namespace, name}}: PodObject): string {
	return uid ?? `${namespace}/${name}`;
}

/** All containers have ended and none will restart. */
export function isPodTerminated({status}: Pick<PodObject, 'status'>): boolean {
	return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/**
The phase stays `Running` while containers crash, so container states take precedence.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/printers/internalversion/printers.go printPod
*/
export function podStatus({metadata, spec, status = {}}: PodObject): string {
	const {phase = 'Unknown', reason, initContainerStatuses = [], containerStatuses = []} = status;
	const initializing = initReason(spec.initContainers ?? [], initContainerStatuses);
	const isGated = status.conditions?.some(({type, reason}) => type === 'PodScheduled' && reason === 'SchedulingGated');
	const gated = isGated ? 'SchedulingGated' : reason || phase;
	const shown =
		initializing !== null && !hasCondition(status, 'Initialized')
			? initializing
			: (containersReason(containerStatuses, status) ?? initializing ?? gated);
	if (metadata.deletionTimestamp === undefined) {
		return shown;
	}

	if (reason === 'NodeLost') {
		return 'Unknown';
	}

	return isPodTerminated({status}) ? shown : 'Terminating';
}

function initReason(containers: readonly ContainerSpec[], statuses: readonly ContainerStatus[]): string | null {
	for (const [index, {name, state = {}, started}] of statuses.entries()) {
		const {waiting, terminated} = state;
		const isSidecar = containers.find(container => container.name === name)?.restartPolicy === 'Always';
		if (terminated?.exitCode === 0 || (isSidecar && started === true)) {
			continue;
		}

		if (terminated) {
			return `Init:${terminationText(terminated)}`;
		}

		return waiting?.reason && waiting.reason !== 'PodInitializing' ? `Init:${waiting.reason}` : `Init:${index}/${containers.length}`;
	}

	return null;
}

function containersReason(statuses: readonly ContainerStatus[], status: NonNullable<PodObject['status']>): string | null {
	const reason =
		statuses.map(({state}) => state?.waiting?.reason || (state?.terminated ? terminationText(state.terminated) : null)).find(Boolean) ??
		null;
	const isRunning = statuses.some(({ready, state}) => ready && state?.running);
	if (reason === 'Completed' && isRunning) {
		return hasCondition(status, 'Ready') ? 'Running' : 'NotReady';
	}

	return reason;
}

function terminationText({reason, signal, exitCode}: Termination): string {
	return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

function hasCondition({conditions = []}: NonNullable<PodObject['status']>, wanted: string): boolean {
	return conditions.some(({type, status}) => type === wanted && status === 'True');
}
