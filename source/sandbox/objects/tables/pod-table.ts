/** A pod's row: its STATUS column is the reason that people know. */
import type {Json} from '../kube-object.ts';
import {age, columns, type Printer} from './table.ts';

export const podPrinter: Printer = {
	columns: columns('Name:name', 'Ready', 'Status', 'Restarts', 'Age', '+IP', '+Node', '+Nominated Node', '+Readiness Gates'),
	row({metadata, spec, status = {}}, now) {
		const statuses = (status.containerStatuses ?? []) as Json[];
		const ready = statuses.filter(({ready, state}) => ready && state.running).length;
		const restarts = statuses.reduce((sum, {restartCount}) => sum + Number(restartCount), 0);
		const lastRestart = statuses.map(({lastState}) => lastState?.terminated?.finishedAt as string | undefined).filter(time => time !== undefined).sort().at(-1);
		const finished = status.phase === 'Succeeded' || status.phase === 'Failed';
		return {
			cells: [
				metadata.name,
				`${ready}/${spec.containers.length}`,
				podReason(metadata.deletionTimestamp, spec, status),
				restarts > 0 && lastRestart !== undefined ? `${restarts} (${age(lastRestart, now)} ago)` : String(restarts),
				age(metadata.creationTimestamp, now),
				status.podIP ?? '<none>',
				spec.nodeName ?? '<none>',
				'<none>',
				'<none>',
			],
			...(finished && {conditions: [{type: 'Completed', status: 'True', reason: status.phase === 'Succeeded' ? 'Completed' : 'Failed', message: status.phase === 'Succeeded' ? 'The pod has completed successfully.' : 'The pod failed.'}]}),
		};
	},
};

function podReason(deleted: string | undefined, spec: Json, status: Json): string {
	if (deleted !== undefined) {
		return 'Terminating';
	}

	const init = (status['initContainerStatuses'] ?? []) as Json[];
	for (const [index, {state}] of init.entries()) {
		if (state.terminated?.exitCode === 0) {
			continue;
		}

		return state.terminated ? `Init:${state.terminated.reason}` : (state.waiting?.reason && state.waiting.reason !== 'PodInitializing' && state.waiting.reason !== 'ContainerCreating' ? `Init:${state.waiting.reason}` : `Init:${index}/${spec['initContainers'].length}`);
	}

	let reason = (status['reason'] ?? status['phase'] ?? 'Pending') as string;
	for (const {state} of ((status['containerStatuses'] ?? []) as Json[]).toReversed()) {
		if (state.waiting?.reason) {
			reason = state.waiting.reason;
		} else if (state.terminated) {
			reason = state.terminated.reason || (state.terminated.signal ? `Signal:${state.terminated.signal}` : `ExitCode:${state.terminated.exitCode}`);
		}
	}

	return reason;
}
