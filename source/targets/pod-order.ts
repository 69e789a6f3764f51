/** kubectl's order of pods for logs and for attaching. */
import {isPodTerminated, type PodObject} from './pod-object.ts';

type Order = (a: PodObject, b: PodObject) => number;

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
export const byLastRun: Order = (a, b) =>
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
