/** The running pod that a forward starts with, and the pods that it can use later. */
import {anySignal, clampTimerMs, delayUpTo, type Backoff} from '../../base/async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {ifFound} from '../../cluster/list.ts';
import {Outage} from '../../cluster/outage.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import {isPodTerminated, podKey, type PodObject} from '../../cluster/targets/pod-object.ts';
import {
	byAttachPreference,
	type ResolvedPod,
	resolvePod,
	toResolvedTarget,
	applyPodChange,
	watchPods,
} from '../../cluster/targets/resolve-pod.ts';
import type {PodScope} from '../../cluster/targets/target-pods.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import {terminatedPodMessage} from '../terminated-pod.ts';
import type {ForwardRequest} from './forward-request.ts';

const retryBackoff = {initialMs: 1000, maxMs: 10_000, jitter: [0.75, 1.25]} as const;
const pollBackoff = {...retryBackoff, initialMs: 2000} as const;
const pollIntervalMs = 2000;

type WatchForwardPodsOptions = {
	signal: AbortSignal;
	/** Called once per error code until a watch lasts. */
	onFailed: (error: SpokeError, retryInMs: number) => void;
	/** Of the next watch: an abort replaces it by a new list and watch, because it is behind. */
	outdated?: () => AbortSignal;
};

/**
Yields all pods by `podKey` after each change, from the first complete list on. A null `scope` follows only `namedPod`, and polls if listing
is forbidden. Retries until aborted.
*/
export async function* watchForwardPods(
	cluster: ClusterClient,
	scope: PodScope | null,
	namedPod: PodObject,
	options: WatchForwardPodsOptions,
): AsyncGenerator<ReadonlyMap<string, PodObject>, void> {
	const {signal} = options;
	const watched = scope ?? scopeOfName(namedPod);
	const retry = new WatchRetry(options, retryBackoff);
	while (!signal.aborted) {
		const pods = new Map<string, PodObject>();
		let isSynced = false;
		try {
			for await (const change of watchPods(cluster, watched, {signal: anySignal(signal, options.outdated?.())})) {
				applyPodChange(pods, change);
				if (change.type === 'synced') {
					isSynced = true;
					retry.outage.recordStart();
				}

				if (isSynced) {
					yield pods;
				}
			}
		} catch (thrown) {
			if (!signal.aborted && scope === null && toSpokeError(thrown).code === 'ERR_FORBIDDEN') {
				yield* pollPod(cluster, namedPod, options);
				return;
			}

			await retry.waitAfter(thrown);
		}
	}
}

async function* pollPod(
	cluster: ClusterClient,
	{metadata: {name, namespace = ''}}: PodObject,
	options: WatchForwardPodsOptions,
): AsyncGenerator<ReadonlyMap<string, PodObject>, void> {
	const {signal} = options;
	const retry = new WatchRetry(options, pollBackoff);
	while (!signal.aborted) {
		try {
			const pod = await ifFound(async () => cluster.json<PodObject>({path: objectPath(podResource, namespace, name), signal}));
			yield new Map(pod && [[podKey(pod), pod]]);
		} catch (thrown) {
			await retry.waitAfter(thrown);
			continue;
		}

		retry.outage.attempt = 0;
		await delayUpTo(pollIntervalMs, signal);
	}
}

/** Reports each error code once until a watch lasts. */
class WatchRetry {
	readonly outage: Outage;
	readonly #options: WatchForwardPodsOptions;
	readonly #reported = new Set<string>();

	constructor(options: WatchForwardPodsOptions, backoff: Backoff) {
		this.#options = options;
		this.outage = new Outage(backoff);
	}

	/** Resolves early when aborted. */
	async waitAfter(thrown: unknown): Promise<void> {
		const {signal, onFailed} = this.#options;
		if (signal.aborted) {
			return;
		}

		const error = toSpokeError(thrown);
		const retryInMs = this.outage.recordFailure();
		if (this.outage.attempt === 1) {
			this.#reported.clear();
		}

		if (!this.#reported.has(error.code)) {
			this.#reported.add(error.code);
			onFailed(error, retryInMs);
		}

		await delayUpTo(retryInMs, signal);
	}
}

/** `podCount`: pods that exist, of which none runs. */
export type PodWait = {asked: string; podCount: number; timeoutMs: number};

/**
Waits unless the pod is named.
@throws SpokeError ERR_NOT_FOUND, ERR_FORBIDDEN…; ERR_TARGET_GONE if no pod runs (in time)
*/
export async function runningPod(
	cluster: ClusterClient,
	{target, namespace, podRunningTimeoutMs}: ForwardRequest,
	signal: AbortSignal,
	onWaiting: (wait: PodWait) => void = () => undefined,
): Promise<ResolvedPod> {
	const reportWait = (podCount: number) => {
		onWaiting({asked: target.input, podCount, timeoutMs: podRunningTimeoutMs});
	};

	const resolved = await resolvePod(cluster, target, {
		podPreference: 'attach',
		podRunningTimeoutMs,
		signal,
		...(namespace !== undefined && {namespace}),
		onNoPods() {
			reportWait(0);
		},
	});
	if (isRunning(resolved.pod)) {
		return resolved;
	}

	// A completed job gets no more pods, a cron job not soon.
	const isDone = resolved.scope === null || (['Job', 'CronJob'].includes(target.resource.kind) && isPodTerminated(resolved.pod));
	if (isDone) {
		throwNotRunning(resolved);
	}

	reportWait(resolved.target.chosenFrom);
	return waitForRunningPod(cluster, resolved, podRunningTimeoutMs, signal);
}

function scopeOfName({metadata: {name, namespace = ''}}: PodObject): PodScope {
	return {namespace, fieldSelector: `metadata.name=${name}`};
}

function isRunning({status}: PodObject): boolean {
	return status?.phase === 'Running';
}

function throwNotRunning({pod, target}: ResolvedPod, after = ''): never {
	throw new SpokeError('ERR_TARGET_GONE', `${terminatedPodMessage('port-forward', pod.status?.phase ?? 'Unknown')}${after}`, {
		remedy: `kubectl describe pod ${quoteForShell(target.name)} -n ${quoteForShell(target.namespace ?? 'default')}`,
	});
}

async function waitForRunningPod(
	cluster: ClusterClient,
	resolved: ResolvedPod,
	timeoutMs: number,
	signal: AbortSignal,
): Promise<ResolvedPod> {
	const timeout = timeoutMs > 0 ? AbortSignal.timeout(clampTimerMs(timeoutMs)) : undefined;
	const pods = new Map<string, PodObject>();
	for await (const change of watchPods(cluster, resolved.scope!, {signal: anySignal(signal, timeout)})) {
		applyPodChange(pods, change);
		const [pod] = [...pods.values()].filter(pod => isRunning(pod)).sort(byAttachPreference);
		if (pod) {
			return {...resolved, pod, target: toResolvedTarget(resolved.target.asked, pod, pods.size)};
		}
	}

	signal.throwIfAborted();
	return throwNotRunning(resolved, ` after ${timeoutMs / 1000} s`);
}
