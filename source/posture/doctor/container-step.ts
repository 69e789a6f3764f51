/** Does the container run? */
import {shellWord} from '../../text/shell-word.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {allContainers, containerRole, containerStatus} from '../../targets/choose-container.ts';
import type {ContainerStatus, PodObject} from '../../targets/pod-object.ts';
import type {ReachedTarget} from '../evidence.ts';
import type {PathSubjects} from '../path-subjects.ts';
import {failedStep, passed, type StepResult} from './step-result.ts';

export async function containerStep({pod, target}: PathSubjects): Promise<StepResult> {
	if (!pod) {
		return passed('leg-3', 'not looked at: the target is a node', {status: 'not-tried'});
	}

	const status = containerStatus(pod, target.container ?? '');
	const others = otherTroubles(pod, target.container);
	if (status?.state?.running) {
		const restarts = status.restartCount ?? 0;
		const last = status.lastState?.terminated;
		const runs = `runs since ${status.state.running.startedAt ?? '?'}${status.ready ? '' : ', not ready'}`;
		return passed('leg-3', `container ${target.container} ${runs}, ${restarts} restart${restarts === 1 ? '' : 's'}`, {
			status: status.ready && others.length === 0 ? 'ok' : 'note',
			fits: [...last ? [`ended before: ${last.reason ?? '?'}, exit ${last.exitCode}`] : [], ...others],
		});
	}

	const words = stateWords(pod, status);
	if (isInitDone(pod, status)) {
		return passed('leg-3', `container ${target.container} ${words}, as init containers do`, others.length === 0 ? {} : {status: 'note', fits: others});
	}

	return failedStep('leg-3', new SpokeError('ERR_TARGET_GONE', `container ${target.container ?? '?'} of ${target.name} ${words}`, {
		leg: 3,
		remedy: remedyFor(target, status),
	}));
}

/** The pod's other containers that wait or have failed. */
function otherTroubles(pod: PodObject, walked: string | null): string[] {
	return allContainers(pod)
		.filter(({name, role}) => name !== walked && role !== 'ephemeral')
		.map(({name}) => ({name, status: containerStatus(pod, name)}))
		.filter(({status}) => status?.state?.waiting !== undefined || (status?.state?.terminated?.exitCode ?? 0) !== 0)
		.map(({name, status}) => `container ${name} ${stateWords(pod, status)}`);
}

function isInitDone(pod: PodObject, status: ContainerStatus | undefined): boolean {
	return status?.state?.terminated?.exitCode === 0 && containerRole(pod, status.name) === 'init';
}

function stateWords(pod: PodObject, status: ContainerStatus | undefined): string {
	const {waiting, terminated} = status?.state ?? {};
	if (waiting) {
		return `waits: ${waiting.reason ?? '?'}${waiting.message ? `, ${waiting.message}` : ''}`;
	}

	if (terminated) {
		return `ended: ${terminated.reason ?? '?'}, exit ${terminated.exitCode}`;
	}

	return `has no state (pod ${pod.status?.phase ?? 'unknown'})`;
}

/** A container that never ran before has no earlier log, and one that only waits has none at all. */
function remedyFor({name, namespace, container}: ReachedTarget, status: ContainerStatus | undefined): string {
	const place = `${shellWord(name)} -n ${shellWord(namespace ?? 'default')}`;
	const describe = `kubectl describe pod ${place}`;
	const logs = `spoke logs ${place}${container === null ? '' : ` -c ${shellWord(container)}`}`;
	if (status?.state?.terminated) {
		return `${describe}; ${logs}`;
	}

	return (status?.restartCount ?? 0) > 0 ? `${describe}; ${logs} --previous` : describe;
}
