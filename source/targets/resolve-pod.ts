/** Pod selection as in kubectl. */
import {anySignal, clampTimerMs} from '../async/abortable.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {listAll} from '../cluster/list.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import type {ResolvedTarget} from '../streams/connection-observer.ts';
import {listPath, podResource} from './resource-names.ts';
import {parseTarget, type ParsedTarget} from './parse-target.ts';
import {type CronJobObject, type PodObject, type ServiceObject, isPodTerminated} from './pod-object.ts';
import {filterByScope, resolveTargetPods, scopeQuery, type PodScope} from './target-pods.ts';
import {watchPods} from './watch-pods.ts';

type ResolveOptions = {
	namespace?: string;
	/** kubectl's preference among several pods: of `logs`, or of exec, attach and port-forward. */
	podPreference: 'logs' | 'attach';
	/** Time for a pod to exist (not to be ready), as in kubectl; 0 means no limit. */
	podRunningTimeoutMs: number;
	signal?: AbortSignal;
	/** Called before a wait for the first pod. */
	onNoPods?: () => void;
};

export type ResolvedPod = {
	pod: PodObject;
	/** `container` is null until `chooseContainer`. */
	target: ResolvedTarget;
	/** If it is the target. */
	service: ServiceObject | null;
	/** `null` for a named pod. */
	scope: PodScope | null;
};

type Order = (a: PodObject, b: PodObject) => number;

/** @throws SpokeError ERR_USAGE, ERR_NOT_FOUND (no such object, or no pod in time), ERR_FORBIDDEN…; the signal's reason */
export async function resolvePod(cluster: ClusterClient, input: string | ParsedTarget, options: ResolveOptions): Promise<ResolvedPod> {
	const parsed = typeof input === 'string' ? parseTarget(input) : input;
	const targetPods = await resolveTargetPods(cluster, parsed, options.namespace ?? cluster.facts.namespace, options.signal);
	if (targetPods.kind === 'pod') {
		return {pod: targetPods.pod, target: toResolvedTarget(parsed.input, targetPods.pod, 1), service: null, scope: null};
	}

	const pods = await listPods(cluster, targetPods.scope, options.signal);
	const isCronJob = parsed.resource.kind === 'CronJob';
	if (isCronJob && pods.length === 0) {
		throw noCronJobPodsError(parsed.input, targetPods.owner);
	}

	const order = options.podPreference === 'logs' ? byLogPreference : byAttachPreference;
	const [pod = await waitForFirstPod(cluster, parsed.input, targetPods.scope, options)] = pods.sort(isCronJob ? byLastRun : order);
	return {pod, target: toResolvedTarget(parsed.input, pod, Math.max(1, pods.length)), service: targetPods.service, scope: targetPods.scope};
}

export function toResolvedTarget(input: string, pod: PodObject, chosenFrom: number, container: string | null = null): ResolvedTarget {
	const {name, namespace = null, uid = null} = pod.metadata;
	return {asked: input, kind: 'Pod', namespace, name, uid, node: pod.spec.nodeName ?? null, container, chosenFrom};
}

export async function listPods(cluster: ClusterClient, scope: PodScope, signal?: AbortSignal): Promise<PodObject[]> {
	const {items} = await listAll<PodObject>(cluster, {
		path: listPath(podResource, scope.namespace),
		...scopeQuery(scope),
		...(signal && {signal}),
	});
	return filterByScope(scope, items);
}

function noCronJobPodsError(
	input: string,
	{metadata: {name, namespace = 'default'}, spec: {schedule = '', suspend = false} = {}, status}: CronJobObject,
): SpokeError {
	const last =
		status?.lastScheduleTime === undefined ? 'it has not run by its schedule yet' : `its last run was at ${status.lastScheduleTime}`;
	return new SpokeError(
		'ERR_NOT_FOUND',
		`no pods found for ${input}: ${suspend ? 'it is suspended' : `its schedule is ${JSON.stringify(schedule)}`}, ${last}`,
		{
			remedy: `\`kubectl create job -n ${namespace} --from=cronjob/${name} ${name}-once\` runs it once`,
		},
	);
}

/** @throws SpokeError ERR_NOT_FOUND on timeout; the signal's reason */
export async function waitForFirstPod(
	cluster: ClusterClient,
	input: string,
	scope: PodScope,
	{podRunningTimeoutMs, signal, onNoPods}: Pick<ResolveOptions, 'podRunningTimeoutMs' | 'signal' | 'onNoPods'>,
): Promise<PodObject> {
	onNoPods?.();
	const limit = podRunningTimeoutMs > 0 ? AbortSignal.timeout(clampTimerMs(podRunningTimeoutMs)) : undefined;
	for await (const change of watchPods(cluster, scope, {signal: anySignal(limit, signal)})) {
		if (change.type === 'appeared') {
			return change.pod;
		}
	}

	signal?.throwIfAborted();
	throw new SpokeError('ERR_NOT_FOUND', `no pods found for ${input} after ${podRunningTimeoutMs / 1000} s`, {
		// Not every caller has --pod-running-timeout.
		remedy: 'check its replicas and selector',
	});
}

/**
Assigned, running, ready (longest first), most restarts, oldest.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/util/podutils/podutils.go ByLogging
*/
export const byLogPreference: Order = (a, b) =>
	firstDifference(a, b, [
		pod => (pod.spec.nodeName ? 0 : 1),
		pod => ({Running: 0, Unknown: 1, Pending: 2})[pod.status?.phase ?? ''] ?? 0,
		pod => (isReady(pod) ? 0 : 1),
		pod => readySince(pod),
		pod => -maxRestarts(pod.status?.containerStatuses),
		pod => -maxRestarts(sidecarStatuses(pod)),
		pod => timeOf(pod.metadata.creationTimestamp),
	]);

/**
The reverse of a controller's order of deletion.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/util/podutils/podutils.go ActivePods
*/
export const byAttachPreference: Order = (a, b) =>
	firstDifference(a, b, [
		pod => (pod.spec.nodeName ? 0 : 1),
		pod => ({Pending: 2, Unknown: 1, Running: 0})[pod.status?.phase ?? ''] ?? 2,
		pod => (isReady(pod) ? 0 : 1),
		pod => (pod.metadata.deletionTimestamp === undefined ? 0 : 1),
		pod => (pod.metadata.deletionTimestamp === undefined ? 0 : -timeOf(pod.metadata.deletionTimestamp)),
		pod => readySince(pod),
		pod => maxRestarts(pod.status?.containerStatuses),
		pod => maxRestarts(sidecarStatuses(pod)),
		pod => timeOf(pod.metadata.creationTimestamp),
	]);

/** Order for cron jobs. */
const byLastRun: Order = (a, b) =>
	firstDifference(a, b, [pod => (isPodTerminated(pod) ? 1 : 0), pod => -timeOf(pod.metadata.creationTimestamp)]);

export function isReady(pod: PodObject): boolean {
	return readyCondition(pod) !== undefined;
}

function firstDifference(a: PodObject, b: PodObject, keys: ReadonlyArray<(pod: PodObject) => number>): number {
	for (const key of keys) {
		const [left, right] = [key(a), key(b)];
		if (left !== right) {
			return left < right ? -1 : 1;
		}
	}

	return 0;
}

function readyCondition(pod: PodObject) {
	return pod.status?.conditions?.find(({type, status}) => type === 'Ready' && status === 'True');
}

function readySince(pod: PodObject): number {
	const condition = readyCondition(pod);
	return condition ? timeOf(condition.lastTransitionTime) : 0;
}

function timeOf(text: string | undefined): number {
	return text === undefined ? Number.MAX_VALUE : Date.parse(text);
}

function maxRestarts(statuses: ReadonlyArray<{restartCount?: number}> = []): number {
	return Math.max(0, ...statuses.map(({restartCount = 0}) => restartCount));
}

function sidecarStatuses(pod: PodObject) {
	const sidecars = new Set((pod.spec.initContainers ?? []).filter(({restartPolicy}) => restartPolicy === 'Always').map(({name}) => name));
	return (pod.status?.initContainerStatuses ?? []).filter(({name}) => sidecars.has(name));
}
