/** Container instances according to the pod's status. */
import {containerRole, containerStatus} from '../../cluster/targets/choose-container.ts';
import {isPodTerminated, type PodCondition, type PodObject, type Termination} from '../../cluster/targets/pod-object.ts';
import type {ContainerTermination} from './log-events.ts';
import {monotonicMs, anySignal, delayUpTo} from '../../base/async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {withTimeout} from '../../cluster/with-abort-signal.ts';
import {ifFound} from '../../cluster/list.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';

export type ContainerInstance = {
	/** The runtime's id; `null` if there is no instance yet. */
	id: string | null;
	restarts: number;
	/** `restarting`: another instance is expected. */
	state: 'waiting' | 'running' | 'restarting' | 'terminated';
	/** The kubelet's: `ContainerCreating`, `CrashLoopBackOff`. The scheduler's for a pod that is on no node. */
	reason: string | null;
	/** The text that the pod's status has beside `reason`. */
	message: string | null;
	ended: ContainerTermination | null;
	/** Termination of the previous instance. */
	previous: ContainerTermination | null;
};

const maxAgeMs = 500;
const readTimeoutMs = 10_000;

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_pods.go validateContainerLogStatus */
export function currentInstance(pod: PodObject, container: string): ContainerInstance {
	const status = containerStatus(pod, container);
	const restarts = status?.restartCount ?? 0;
	const {running, terminated, waiting} = status?.state ?? {};
	const earlier = status?.lastState?.terminated;
	const unknown = {restarts, reason: null, message: null, ended: null, previous: null};
	// Some kubelets report no states or ids.
	if (running || (status?.state === undefined && pod.status?.phase === 'Running')) {
		const id = status?.containerID ?? instanceNumber(restarts);
		return {...unknown, id, state: 'running', previous: earlier ? terminationOf(earlier) : null};
	}

	const last = terminated ?? earlier;
	if (last) {
		return {
			restarts,
			id: last.containerID ?? instanceNumber(restarts),
			reason: waiting?.reason ?? null,
			message: waiting?.message ?? null,
			state: canRestart(pod, container, last) ? 'restarting' : 'terminated',
			ended: terminationOf(last),
			previous: terminated && earlier ? terminationOf(earlier) : null,
		};
	}

	const why = waiting?.reason === undefined ? unscheduledCondition(pod) : waiting;
	return {
		...unknown,
		id: null,
		state: isPodTerminated(pod) ? 'terminated' : 'waiting',
		reason: why?.reason ?? pod.status?.phase ?? null,
		message: why?.message ?? null,
	};
}

function instanceNumber(restarts: number): string {
	return `instance ${restarts}`;
}

function terminationOf({exitCode, reason, signal, finishedAt}: Termination): ContainerTermination {
	return {exitCode: exitCode ?? (signal ? 128 + signal : 0), reason: reason ?? null, at: finishedAt ?? null};
}

/** @see https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy */
export function canRestart(pod: PodObject, container: string, last: Pick<Termination, 'exitCode'>): boolean {
	if (isPodTerminated(pod) || pod.metadata.deletionTimestamp !== undefined) {
		return false;
	}

	const role = containerRole(pod, container);
	const spec = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find(({name}) => name === container);
	if (role === 'ephemeral' || !spec) {
		return false;
	}

	if (spec.restartPolicyRules && spec.restartPolicyRules.length > 0) {
		return last.exitCode !== 0;
	}

	const podPolicy = pod.spec.restartPolicy ?? 'Always';
	const policy = spec.restartPolicy ?? (role === 'init' && podPolicy === 'Always' ? 'OnFailure' : podPolicy);
	return policy === 'Always' || (policy === 'OnFailure' && last.exitCode !== 0);
}

function unscheduledCondition(pod: PodObject): PodCondition | undefined {
	return pod.status?.conditions?.find(({type, status}) => type === 'PodScheduled' && status === 'False');
}

/** One pod, read and watched for a follower. */
export class WatchedPod {
	readonly #cluster: ClusterClient;
	readonly #pod: PodObject;
	/** If false, `change` resolves every second, so that the caller polls. */
	readonly #isWatched: boolean;
	readonly #readAt = monotonicMs();
	#changed = new AbortController();

	constructor(cluster: ClusterClient, pod: PodObject, {isWatched}: {isWatched: boolean}) {
		this.#cluster = cluster;
		this.#pod = pod;
		this.#isWatched = isWatched;
	}

	/** The pod that was given, for 500 ms, because callers have usually just read it. */
	get recent(): PodObject | null {
		return monotonicMs() - this.#readAt < maxAgeMs ? this.#pod : null;
	}

	/** `null` if gone, even if another pod has its name. */
	async read(signal?: AbortSignal, timeoutMs = readTimeoutMs): Promise<PodObject | null> {
		const {namespace = 'default', name, uid} = this.#pod.metadata;
		const message = `the apiserver did not return pod ${name} within ${timeoutMs / 1000} s`;
		// For the whole response, which can stall.
		const pod = await ifFound(async () =>
			withTimeout({timeoutMs, message, signal}, async signal =>
				this.#cluster.json<PodObject>({path: objectPath(podResource, namespace, name), timeoutMs, signal}),
			),
		);
		return uid === undefined || pod?.metadata.uid === uid ? pod : null;
	}

	/** Resolves at the next change, or after a while. */
	async change(signal?: AbortSignal): Promise<void> {
		const changed = this.#changed.signal;
		await delayUpTo(this.#isWatched ? 5000 : 1000, anySignal(signal, changed));
	}

	notifyChanged(): void {
		this.#changed.abort();
		this.#changed = new AbortController();
	}
}
