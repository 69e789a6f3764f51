import test from 'ava';
import {byAttachPreference, byLogPreference} from '../../../source/cluster/targets/resolve-pod.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';

type Traits = {
	node?: string | null;
	phase?: string;
	readySince?: string;
	deleting?: string;
	restarts?: number;
	sidecarRestarts?: number;
	created?: string;
};

function pod(
	name: string,
	{node = 'n1', phase = 'Running', readySince, deleting, restarts = 0, sidecarRestarts, created = '2026-01-01T00:00:00Z'}: Traits = {},
): PodObject {
	return {
		metadata: {name, creationTimestamp: created, ...(deleting !== undefined && {deletionTimestamp: deleting})},
		spec: {
			containers: [{name: 'app'}],
			...(node !== null && {nodeName: node}),
			...(sidecarRestarts !== undefined && {initContainers: [{name: 'side', restartPolicy: 'Always'}]}),
		},
		status: {
			phase,
			containerStatuses: [{name: 'app', restartCount: restarts}],
			...(sidecarRestarts !== undefined && {initContainerStatuses: [{name: 'side', restartCount: sidecarRestarts}]}),
			conditions: readySince === undefined ? [] : [{type: 'Ready', status: 'True', lastTransitionTime: readySince}],
		},
	};
}

const rows: ReadonlyArray<readonly [title: string, logs: string, attach: string, PodObject[]]> = [
	['sorts an assigned pod before an unassigned one', 'b', 'b', [pod('a', {node: null}), pod('b')]],
	['sorts running before pending', 'b', 'b', [pod('a', {phase: 'Pending'}), pod('b')]],
	['sorts running before unknown', 'b', 'b', [pod('a', {phase: 'Unknown'}), pod('b')]],
	[
		'sorts a finished pod before a pending one for logs only',
		'b',
		'a',
		[pod('a', {phase: 'Pending', created: '2025-01-01T00:00:00Z'}), pod('b', {phase: 'Succeeded'})],
	],
	['sorts ready before not ready', 'b', 'b', [pod('a'), pod('b', {readySince: '2026-01-02T00:00:00Z'})]],
	[
		'sorts the longest ready pod first',
		'b',
		'b',
		[pod('a', {readySince: '2026-01-03T00:00:00Z'}), pod('b', {readySince: '2026-01-02T00:00:00Z'})],
	],
	['sorts by restarts, most first for logs and fewest first for attaching', 'b', 'a', [pod('a', {restarts: 1}), pod('b', {restarts: 3})]],
	['compares restarts of sidecars after those of containers', 'b', 'a', [pod('a', {sidecarRestarts: 1}), pod('b', {sidecarRestarts: 2})]],
	['sorts older before newer', 'b', 'b', [pod('a', {created: '2026-01-02T00:00:00Z'}), pod('b')]],
	[
		'sorts a terminating pod last for attaching',
		'a',
		'b',
		[pod('a', {deleting: '2026-01-05T00:00:00Z', created: '2025-01-01T00:00:00Z'}), pod('b')],
	],
];

for (const [title, logs, attach, pods] of rows) {
	test(title, t => {
		for (const order of [pods, pods.toReversed()]) {
			t.is([...order].sort(byLogPreference)[0]!.metadata.name, logs, 'logs');
			t.is([...order].sort(byAttachPreference)[0]!.metadata.name, attach, 'attach');
		}
	});
}
