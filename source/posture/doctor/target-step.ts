/** What is the target, and how does it stand? */
import type {ContainerSpec, PodObject} from '../../targets/pod-object.ts';
import type {PathSubjects} from '../path-subjects.ts';
import {passed, type StepResult} from './step-result.ts';

export function targetStep({target, pod, node}: Pick<PathSubjects, 'target' | 'pod' | 'node'>): StepResult {
	if (!pod) {
		const ready = node?.status?.conditions?.find(({type}) => type === 'Ready');
		return passed('target', `node ${target.name}${ready ? `, Ready ${ready.status}` : ', its conditions may not be read'}`, ready && ready.status !== 'True' ? {status: 'note', fits: [ready.message ?? ready.reason ?? 'not ready']} : {});
	}

	return passed('target', `pod ${target.namespace}/${target.name} ${pod.status?.phase ?? 'of unknown phase'} on ${target.node ?? 'no node'}, ${readyWords(pod)}${target.chosenFrom > 1 ? `; one of ${target.chosenFrom}` : ''}`);
}

/** Sidecars count, as in kubectl's READY; a pod that no kubelet has seen yet has containers and no status of them. */
function readyWords({spec, status}: PodObject): string {
	const own: readonly ContainerSpec[] = [...spec?.containers ?? [], ...(spec?.initContainers ?? []).filter(({restartPolicy}) => restartPolicy === 'Always')];
	const ready = new Set([...status?.containerStatuses ?? [], ...status?.initContainerStatuses ?? []].filter(one => one.ready).map(({name}) => name));
	return `${own.filter(({name}) => ready.has(name)).length} of ${own.length} containers ready`;
}
