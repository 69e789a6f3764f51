/** What the pod's status says of a container's lives: which one's log is offered now, and whether another may come. */
import {containerRole, containerStatus} from '../../targets/choose-container.ts';
import type {PodObject, Termination} from '../../targets/pod-object.ts';
import type {ContainerTermination} from './log-events.ts';

export type ContainerInstance = {
	/** Runtime's id of the life whose log a read without `previous` gives; `null` when there is none yet. */
	id: string | null;
	restarts: number;
	/** `waiting`: not started yet. `between`: ended, and another life is expected. `over`: ended for good. */
	state: 'waiting' | 'running' | 'between' | 'over';
	/** Why it waits, in the kubelet's word: `ContainerCreating`, `CrashLoopBackOff`. */
	reason: string | null;
	/** How this life ended; `null` while it runs. */
	ended: ContainerTermination | null;
	/** How the life before this one ended. */
	before: ContainerTermination | null;
};

/**
Which life the kubelet would read now.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_pods.go validateContainerLogStatus
*/
export function currentInstance(pod: PodObject, container: string): ContainerInstance {
	const status = containerStatus(pod, container);
	const restarts = status?.restartCount ?? 0;
	const {running, terminated, waiting} = status?.state ?? {};
	const earlier = status?.lastState?.terminated;
	// Not every kubelet tells states and ids; a pod that is said to run may be read.
	if (running || (status?.state === undefined && pod.status?.phase === 'Running')) {
		return {
			id: status?.containerID ?? unnamed(restarts),
			restarts,
			state: 'running',
			reason: null,
			ended: null,
			before: earlier ? ending(earlier) : null,
		};
	}

	const last = terminated ?? earlier;
	if (last) {
		return {
			id: last.containerID ?? unnamed(restarts),
			restarts,
			reason: waiting?.reason ?? null,
			state: mayStartAgain(pod, container, last) ? 'between' : 'over',
			ended: ending(last),
			before: terminated && earlier ? ending(earlier) : null,
		};
	}

	const reason = waiting?.reason ?? scheduling(pod) ?? pod.status?.phase ?? null;
	return {id: null, restarts, state: podIsDone(pod) ? 'over' : 'waiting', reason, ended: null, before: null};
}

/** For a life of which no id is told: its number will do. */
function unnamed(restarts: number): string {
	return `life ${restarts}`;
}

/** Every container has ended and the pod will not start one again. */
function podIsDone(pod: PodObject): boolean {
	return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

function ending({exitCode, reason, signal, finishedAt}: Termination): ContainerTermination {
	return {exitCode: exitCode ?? (signal ? 128 + signal : 0), reason: reason ?? null, at: finishedAt ?? null};
}

/**
By the pod's policy, or the container's own.
@see https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
*/
function mayStartAgain(pod: PodObject, container: string, last: Termination): boolean {
	if (podIsDone(pod) || pod.metadata.deletionTimestamp !== undefined) {
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

	const ofPod = pod.spec.restartPolicy ?? 'Always';
	const policy = spec.restartPolicy ?? (role === 'init' && ofPod === 'Always' ? 'OnFailure' : ofPod);
	return policy === 'Always' || (policy === 'OnFailure' && last.exitCode !== 0);
}

function scheduling(pod: PodObject): string | undefined {
	return pod.status?.conditions?.find(({type, status}) => type === 'PodScheduled' && status === 'False')?.reason;
}
