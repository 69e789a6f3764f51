/** Pod selection as in kubectl. */
import {anySignal, clampTimerMs} from '../../base/async/clock.ts';
import type {ClusterClient} from '../cluster-client.ts';
import {listAll} from '../list.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {type ResolvedTarget, parseTarget, type ParsedTarget} from './parse-target.ts';
import {listPath, podResource} from './resource-names.ts';
import {type CronJobObject, type PodObject, type ServiceObject, isPodTerminated, podKey} from './pod-object.ts';
import {filterByScope, resolveTargetPods, scopeQuery, type PodScope} from './target-pods.ts';
import {watchObjects} from '../watch.ts';

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

type PodChange =
	| {type: 'appeared' | 'changed' | 'gone'; pod: PodObject}
	| {type: 'synced'}
	| {type: 'polling'; error: SpokeError; intervalMs: number}
	/** Reconnects, then yields missed changes. */
	| {type: 'interrupted'; error: SpokeError; retryInMs: number};

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

/**
Yields each pod as `appeared`, then its changes, then `gone`, until aborted.
@throws SpokeError without permission to list pods
*/
export async function* watchPods(
	cluster: ClusterClient,
	scope: PodScope,
	{signal}: {signal?: AbortSignal} = {},
): AsyncGenerator<PodChange, void> {
	const known = new Map<string, PodObject>();
	let list: PodObject[] = [];
	let synced = false;
	try {
		for await (const event of watchObjects<PodObject>(cluster, {
			path: listPath(podResource, scope.namespace),
			...scopeQuery(scope),
			...(signal && {signal}),
		})) {
			switch (event.type) {
				case 'page': {
					const items = await filterByScope(scope, event.items);
					list = event.first ? items : [...list, ...items];
					break;
				}

				case 'synced': {
					yield* differences(known, list);
					list = [];
					if (!synced) {
						synced = true;
						yield {type: 'synced'};
					}

					break;
				}

				case 'added':
				case 'modified': {
					for (const pod of await filterByScope(scope, [event.item])) {
						yield* update(known, pod);
					}

					break;
				}

				case 'deleted': {
					if (known.delete(podKey(event.item))) {
						yield {type: 'gone', pod: event.item};
					}

					break;
				}

				case 'resumed': {
					break;
				}

				default: {
					yield event;
				}
			}
		}
	} catch (error) {
		if (!signal?.aborted) {
			throw error;
		}
	}
}

/** Keeps pods by `podKey`. */
export function applyPodChange(pods: Map<string, PodObject>, change: PodChange): void {
	if (change.type === 'gone') {
		pods.delete(podKey(change.pod));
	} else if (change.type === 'appeared' || change.type === 'changed') {
		pods.set(podKey(change.pod), change.pod);
	}
}

function* differences(known: Map<string, PodObject>, now: readonly PodObject[]): Generator<PodChange> {
	const present = new Set(now.map(pod => podKey(pod)));
	for (const [key, pod] of known) {
		if (present.has(key)) {
			continue;
		}

		known.delete(key);
		yield {type: 'gone', pod};
	}

	for (const pod of now) {
		yield* update(known, pod);
	}
}

function* update(known: Map<string, PodObject>, pod: PodObject): Generator<PodChange> {
	const previous = known.get(podKey(pod));
	known.set(podKey(pod), pod);
	if (!previous) {
		yield {type: 'appeared', pod};
	} else if (previous.metadata.resourceVersion !== pod.metadata.resourceVersion) {
		yield {type: 'changed', pod};
	}
}
