/** Does the container run? */
import {SpokeError} from '../../errors/spoke-error.ts';
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
		remedy: `kubectl describe pod ${target.name}; spoke logs ${target.name} --previous`,
	}));
}
