/** Decides whether a forward stays with its pod, moves to another, or waits. */
import type {PodObject} from '../../targets/pod-object.ts';
import {byAttaching, isReady} from '../../targets/pod-order.ts';
import type {MoveReason} from './forward-event.ts';

export type PodDecision =
	| {action: 'stay'; pod: PodObject}
	| {action: 'move'; pod: PodObject; reason: MoveReason}
	/** The pod is not usable, and there is no other. */
	| {action: 'wait'; reason: MoveReason};

/**
Decides for a target with several pods. A pod that is only not ready, or about to go, is left as soon as another one is Ready;
a pod that is gone is left at once.
@param current the pod that is forwarded to
@param pods all pods of the target now, by uid
*/
export function decidePod(current: PodObject, pods: ReadonlyMap<string, PodObject>): PodDecision {
	const latest = pods.get(current.metadata.uid ?? '');
	const reason = moveReason(latest);
	if (reason === null) {
		return {action: 'stay', pod: latest!};
	}

	const [replacement] = [...pods.values()].filter(pod => pod !== latest && isReady(pod) && moveReason(pod) === null).sort(byAttaching);
	if (replacement) {
		return {action: 'move', pod: replacement, reason};
	}

	return isPodTerminated(latest) ? {action: 'wait', reason} : {action: 'stay', pod: latest!};
}

/** The pod is absent or has terminated. */
export function isPodTerminated(pod: PodObject | undefined): boolean {
	return pod === undefined || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Why a forward should look for another pod; `null` while this one serves. */
export function moveReason(pod: PodObject | undefined): MoveReason | null {
	if (pod === undefined) {
		return 'deleted';
	}

	const {phase, reason, conditions = []} = pod.status ?? {};
	if (reason === 'Evicted' || conditions.some(({type, status}) => type === 'DisruptionTarget' && status === 'True')) {
		return 'evicted';
	}

	if (phase === 'Succeeded' || phase === 'Failed') {
		return 'completed';
	}

	if (pod.metadata.deletionTimestamp !== undefined) {
		return 'deleted';
	}

	return isReady(pod) ? null : 'not-ready';
}
