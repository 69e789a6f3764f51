/** Errors for pods that have terminated, in kubectl's words. */
import {SpokeError} from '../base/errors/spoke-error.ts';
import {isPodTerminated, type PodObject} from '../cluster/targets/pod-object.ts';
import {quoteForShell} from '../base/text/escaping.ts';

export type RunningPodFeature = 'exec' | 'attach' | 'port-forward' | 'debug';

/**
kubectl has no message for `debug`: the kubelet of a terminated pod never starts the container (SyncTerminatedPod), and kubectl waits
forever (measured with 1.36.3).
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd exec/exec.go, attach/attach.go,
portforward/portforward.go
*/
export function terminatedPodMessage(feature: RunningPodFeature, phase: string): string {
	return {
		exec: `cannot exec into a container in a completed pod; current phase is ${phase}`,
		attach: `cannot attach a container in a completed pod; current phase is ${phase}`,
		'port-forward': `unable to forward port because pod is not running. Current status=${phase}`,
		debug: `a container added to a completed pod never starts; current phase is ${phase}`,
	}[feature];
}

/** @throws SpokeError ERR_TARGET_GONE if all containers have ended permanently, or none ever started */
export function assertPodRunning(pod: PodObject, feature: Exclude<RunningPodFeature, 'port-forward'>): void {
	if (isPodTerminated(pod)) {
		throw new SpokeError('ERR_TARGET_GONE', terminatedPodMessage(feature, pod.status!.phase!), {
			remedy: logRemedy(pod.metadata.name, pod.metadata.namespace ?? 'default'),
		});
	}
}

export function logRemedy(name: string, namespace: string): string {
	return `its log may still be available: spoke logs ${quoteForShell(name)} -n ${quoteForShell(namespace)}`;
}
