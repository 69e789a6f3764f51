/** The doctor's target step. */
import {type ContainerSpec, type PodObject, podStatus} from '../../targets/pod-object.ts';
import type {PathPlan} from '../plan-paths.ts';
import {needNode} from '../rules/needs.ts';
import {type DoctorStep, stepResult, type StepResult} from './doctor-object.ts';

export function targetStep({target, pod, node, probe}: Pick<PathPlan, 'target' | 'pod' | 'node' | 'probe'>): StepResult {
	if (!pod) {
		return node ? nodeStep(target.name, node) : unreadNodeStep(target.name, probe);
	}

	const {namespace, name, node: location, chosenFrom} = target;
	const others = chosenFrom > 1 ? `; one of ${chosenFrom} pods` : '';
	return stepResult(
		'target',
		`pod ${namespace}/${name} ${pod.status?.phase === undefined ? 'of unknown phase' : podStatus(pod)} on ${location ?? 'no node'}, ${describeReadiness(pod)}${others}`,
		deletionNote(pod),
	);
}

/** Only a pod on it shows that the node exists. */
function unreadNodeStep(name: string, probe: PathPlan['probe']): StepResult {
	return probe
		? stepResult('target', `node ${name} runs pod ${probe.namespace}/${probe.pod}; its conditions could not be read`)
		: stepResult('target', `it is unknown whether node ${name} exists`, {
				status: 'unknown',
				fits: [`needs ${needNode.permission}; check with \`${needNode.check}\``],
			});
}

function nodeStep(name: string, node: NonNullable<PathPlan['node']>): StepResult {
	const ready = node.status?.conditions?.find(({type}) => type === 'Ready');
	if (!ready) {
		return stepResult('target', `node ${name}, its conditions could not be read`);
	}

	const observed = `node ${name}, Ready ${ready.status}`;
	return ready.status === 'True'
		? stepResult('target', observed)
		: stepResult('target', observed, {status: 'note', fits: [ready.message ?? ready.reason ?? 'not ready']});
}

/** Finalizers can hold a pod long past its deletion time. */
function deletionNote({metadata: {deletionTimestamp, finalizers = []}}: PodObject): Partial<DoctorStep> {
	if (deletionTimestamp === undefined) {
		return {};
	}

	return {
		status: 'note',
		fits: [
			`is being deleted, to be gone by ${deletionTimestamp}${finalizers.length === 0 ? '' : `; held by finalizers: ${finalizers.join(', ')}`}`,
		],
	};
}

/** Counts sidecars, as kubectl's READY does. A pod that no kubelet has seen has no container statuses. */
function describeReadiness({spec, status}: PodObject): string {
	const own: readonly ContainerSpec[] = [
		...(spec?.containers ?? []),
		...(spec?.initContainers ?? []).filter(({restartPolicy}) => restartPolicy === 'Always'),
	];
	const ready = new Set(
		[...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].filter(one => one.ready).map(({name}) => name),
	);
	return `${own.filter(({name}) => ready.has(name)).length} of ${own.length} containers ready`;
}
