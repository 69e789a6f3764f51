/** Finds the running pod that a forward starts with. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {clampTimerMs} from '../../cluster/clamp-timer-ms.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {byAttaching} from '../../targets/pod-order.ts';
import {toResolvedTarget, resolvePod, type ResolvedPod} from '../../targets/resolve-pod.ts';
import {watchPods} from '../../targets/watch-pods.ts';
import {quoteForShell} from '../../text/quote-for-shell.ts';
import {terminatedPodMessage} from '../terminated-pod.ts';
import type {ForwardRequest} from './forward-request.ts';
import {isPodTerminated} from './pod-decision.ts';

/**
The named pod, which must be running now, or the best of the target's pods, for which it is waited.
@throws SpokeError ERR_NOT_FOUND, ERR_FORBIDDEN…; ERR_TARGET_GONE when no pod runs (in time)
*/
export async function runningPod(
	cluster: ClusterClient,
	{target, namespace, podRunningTimeoutMs}: ForwardRequest,
	signal: AbortSignal,
): Promise<ResolvedPod> {
	const resolved = await resolvePod(cluster, target, {
		order: 'attach',
		podRunningTimeoutMs,
		signal,
		...(namespace !== undefined && {namespace}),
	});
	if (isRunning(resolved.pod)) {
		return resolved;
	}

	// A job's pods that are done are not followed by others, a cron job's not soon.
	const isDone = resolved.scope === null || (['Job', 'CronJob'].includes(target.resource.kind) && isPodTerminated(resolved.pod));
	return isDone ? throwNotRunning(resolved) : waitForRunningPod(cluster, resolved, podRunningTimeoutMs, signal);
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
	for await (const change of watchPods(cluster, resolved.scope!, {signal: timeout ? AbortSignal.any([signal, timeout]) : signal})) {
		if (change.type === 'appeared' || change.type === 'changed') {
			pods.set(change.pod.metadata.uid ?? change.pod.metadata.name, change.pod);
		} else if (change.type === 'gone') {
			pods.delete(change.pod.metadata.uid ?? change.pod.metadata.name);
		}

		const [pod] = [...pods.values()].filter(pod => isRunning(pod)).sort(byAttaching);
		if (pod) {
			return {...resolved, pod, target: toResolvedTarget(resolved.target.asked, pod, pods.size)};
		}
	}

	signal.throwIfAborted();
	return throwNotRunning(resolved, ` after ${timeoutMs / 1000} s`);
}
