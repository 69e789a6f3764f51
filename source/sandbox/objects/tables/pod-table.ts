/** Table of pods. */
import type {Json} from '../kube-object.ts';
import {age, columns, type Printer} from './table.ts';

export const podPrinter: Printer = {
	columns: columns('Name:name', 'Ready', 'Status', 'Restarts', 'Age', '+IP', '+Node', '+Nominated Node', '+Readiness Gates'),
	row({metadata, spec, status = {}}, now) {
		const statuses = (status.containerStatuses ?? []) as Json[];
		const ready = statuses.filter(({ready, state}) => ready && state.running).length;
		const restarts = statuses.reduce((sum, {restartCount}) => sum + Number(restartCount), 0);
		const lastRestart = statuses
			.map(({lastState}) => lastState?.terminated?.finishedAt as string | undefined)
			.filter(time => time !== undefined)
			.sort()
			.at(-1);
		const completed = completions[status.phase as string];
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
			...(completed && {conditions: [{type: 'Completed', status: 'True', ...completed}]}),
		};
	},
};

/** By phase. */
const completions: Readonly<Record<string, {reason: string; message: string}>> = {
	Succeeded: {reason: 'Succeeded', message: 'The pod has completed successfully.'},
	Failed: {reason: 'Failed', message: 'The pod failed.'},
};

function podReason(deleted: string | undefined, spec: Json, status: Json): string {
	if (deleted !== undefined) {
		return 'Terminating';
	}

	const init = (status['initContainerStatuses'] ?? []) as Json[];
	const at = init.findIndex(({state}) => state.terminated?.exitCode !== 0);
	if (at >= 0) {
		return `Init:${initReason(init[at]!['state']) ?? `${at}/${spec['initContainers'].length}`}`;
	}

	let reason = (status['reason'] ?? status['phase'] ?? 'Pending') as string;
	for (const {state} of ((status['containerStatuses'] ?? []) as Json[]).toReversed()) {
		if (state.waiting?.reason) {
			reason = state.waiting.reason;
		} else if (state.terminated) {
			reason =
				state.terminated.reason ||
				(state.terminated.signal ? `Signal:${state.terminated.signal}` : `ExitCode:${state.terminated.exitCode}`);
		}
	}

	return reason;
}

/** `undefined` while it waits for its turn or runs. */
function initReason({terminated, waiting}: Json): string | undefined {
	if (terminated) {
		return String(terminated.reason);
	}

	const isTurn = waiting?.reason === 'PodInitializing' || waiting?.reason === 'ContainerCreating';
	return isTurn ? undefined : waiting?.reason || undefined;
}
