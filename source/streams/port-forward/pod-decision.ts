/** Should a forward stay with its pod, move to another, or wait? */
import type {PodObject} from '../../targets/pod-object.ts';
import {byAttaching, isReady} from '../../targets/pod-order.ts';
import type {MoveReason} from './forward-event.ts';

export type PodDecision =
	| {choice: 'stay'; pod: PodObject}
	| {choice: 'move'; pod: PodObject; reason: MoveReason}
	/** The pod is no longer of use and there is none to move to. */
	| {choice: 'wait'; reason: MoveReason};

/**
Decides for a target with several pods. A pod that is only not ready, or about to go, is left as soon as another one is Ready;
a pod that is gone is left at once.
@param current the pod that is forwarded to
@param pods all pods of the target now, by uid
*/
export function decidePod(current: PodObject, pods: ReadonlyMap<string, PodObject>): PodDecision {
	const now = pods.get(current.metadata.uid ?? '');
	const reason = moveReason(now);
	if (reason === null) {
		return {choice: 'stay', pod: now!};
	}

	const [next] = [...pods.values()].filter(pod => pod !== now && isReady(pod) && moveReason(pod) === null).sort(byAttaching);
	if (next) {
		return {choice: 'move', pod: next, reason};
	}

	return isPodTerminated(now) ? {choice: 'wait', reason} : {choice: 'stay', pod: now!};
}

/** Nothing runs in it any more, or it is not there. */
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
