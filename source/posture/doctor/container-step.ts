/** Does the container run? */
import {SpokeError} from '../../errors/spoke-error.ts';
import type {ContainerStatus} from '../../targets/pod-object.ts';
import type {ReachedTarget} from '../evidence.ts';
import type {PathSubjects} from '../path-subjects.ts';
import {failedStep, passed, type StepResult} from './step-result.ts';

export async function containerStep({pod, target}: PathSubjects): Promise<StepResult> {
	if (!pod) {
		return passed('leg-3', 'not looked at: the target is a node', {status: 'not-tried'});
	}

	const status = pod.status?.containerStatuses?.find(({name}) => name === target.container);
	const waiting = status?.state?.waiting;
	const terminated = status?.state?.terminated;
	if (status?.state?.running) {
		const restarts = status.restartCount ?? 0;
		const last = status.lastState?.terminated;
		return passed('leg-3', `container ${target.container} runs since ${status.state.running.startedAt ?? '?'}${status.ready ? '' : ', not ready'}, ${restarts} restart${restarts === 1 ? '' : 's'}`, {
			status: status.ready ? 'ok' : 'note',
			fits: last ? [`ended before: ${last.reason ?? '?'}, exit ${last.exitCode}`] : [],
		});
	}

	const what = waiting ? `waits: ${waiting.reason ?? '?'}${waiting.message ? `, ${waiting.message}` : ''}` : terminated ? `ended: ${terminated.reason ?? '?'}, exit ${terminated.exitCode}` : `has no state (pod ${pod.status?.phase ?? 'unknown'})`;
	return failedStep('leg-3', new SpokeError('ERR_TARGET_GONE', `container ${target.container ?? '?'} of ${target.name} ${what}`, {
		leg: 3,
		remedy: remedyFor(target, status),
	}));
}

/** A container that never ran before has no earlier log, and one that only waits has none at all. */
function remedyFor({name, namespace, container}: ReachedTarget, status: ContainerStatus | undefined): string {
	const place = `${name} -n ${namespace ?? 'default'}`;
	const describe = `kubectl describe pod ${place}`;
	const logs = `spoke logs ${place}${container === null ? '' : ` -c ${container}`}`;
	if (status?.state?.terminated) {
		return `${describe}; ${logs}`;
	}

	return (status?.restartCount ?? 0) > 0 ? `${describe}; ${logs} --previous` : describe;
}
