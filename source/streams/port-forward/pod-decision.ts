/** Decides whether a forward stays, moves to another pod, or waits. */
import {isPodTerminated, podKey, type PodObject} from '../../targets/pod-object.ts';
import {byAttachPreference, isReady} from '../../targets/resolve-pod.ts';
import type {MoveReason} from './forward-event.ts';

export type PodDecision =
	| {action: 'stay'; pod: PodObject}
	| {action: 'move'; pod: PodObject; reason: MoveReason}
	/** No pod is usable. */
	| {action: 'wait'; reason: MoveReason};

/**
Moves off a terminating or unready pod once another is Ready; a pod that is gone is left even without another (`wait`).
@param pods all current pods, by `podKey`
*/
export function decidePod(current: PodObject, pods: ReadonlyMap<string, PodObject>): PodDecision {
	const latest = pods.get(podKey(current));
	const reason = moveReason(latest);
	if (reason === null) {
		return {action: 'stay', pod: latest!};
	}

	const [replacement] = [...pods.values()]
		.filter(pod => pod !== latest && isReady(pod) && moveReason(pod) === null)
		.sort(byAttachPreference);
	if (replacement) {
		return {action: 'move', pod: replacement, reason};
	}

	return isPodGone(latest) ? {action: 'wait', reason} : {action: 'stay', pod: latest!};
}

/** Deleted or terminated. */
export function isPodGone(pod: PodObject | undefined): boolean {
	return pod === undefined || isPodTerminated(pod);
}

/** `null` while the pod is usable. */
export function moveReason(pod: PodObject | undefined): MoveReason | null {
	if (pod === undefined) {
		return 'deleted';
	}

	const {reason, conditions = []} = pod.status ?? {};
	if (reason === 'Evicted' || conditions.some(({type, status}) => type === 'DisruptionTarget' && status === 'True')) {
		return 'evicted';
	}

	// First, because a deleted pod has a final phase while it is removed.
	if (pod.metadata.deletionTimestamp !== undefined) {
		return 'deleted';
	}

	if (isPodTerminated(pod)) {
		return 'completed';
	}

	return isReady(pod) ? null : 'not-ready';
}
