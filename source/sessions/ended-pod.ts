/** What can no longer be done with a pod that has ended, in kubectl's words? */
import {SpokeError} from '../errors/spoke-error.ts';
import type {PodObject} from '../targets/pod-object.ts';
import {shellWord} from '../text/shell-word.ts';

/**
As kubectl says it of a pod of that phase.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd exec/exec.go, attach/attach.go, portforward/portforward.go
*/
export function endedWords(feature: 'exec' | 'attach' | 'port-forward', phase: string): string {
	return feature === 'port-forward'
		? `unable to forward port because pod is not running. Current status=${phase}`
		: `cannot ${feature === 'exec' ? 'exec into' : 'attach'} a container in a completed pod; current phase is ${phase}`;
}

/** @throws SpokeError ERR_TARGET_GONE where all containers have ended for good, or none was ever started */
export function refuseEnded({metadata, status}: PodObject, feature: 'exec' | 'attach'): void {
	const phase = status?.phase;
	if (phase === 'Succeeded' || phase === 'Failed') {
		throw new SpokeError('ERR_TARGET_GONE', endedWords(feature, phase), {remedy: logRemedy(metadata.name, metadata.namespace ?? 'default')});
	}
}

/** Where it ran, its log is what is left of it. */
export function logRemedy(name: string, namespace: string): string {
	return `its log may still be there: spoke logs ${shellWord(name)} -n ${shellWord(namespace)}`;
}
