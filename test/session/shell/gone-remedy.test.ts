/** The remedy of a shell whose container is not running. */
import test from 'ava';
import {goneRemedy} from '../../../source/session/shell/shell-handlers.ts';
import type {ContainerStatus} from '../../../source/cluster/targets/pod-object.ts';

const ended = {terminated: {exitCode: 1, containerID: 'a', reason: 'Error'}};

const rows: ReadonlyArray<readonly [string, Partial<ContainerStatus>, string, restartPolicy?: string]> = [
	[
		'a container that never started is described, with the reason',
		{state: {waiting: {reason: 'ErrImagePull'}}},
		'it has not started (ErrImagePull): kubectl describe pod -n d web --context c shows why',
	],
	[
		'a container that waits to restart has a previous log',
		{state: {waiting: {reason: 'CrashLoopBackOff'}}, lastState: ended},
		'spoke logs -n d web -c app --previous --context c shows how it ended',
	],
	[
		'a container that ran has a previous log',
		{state: {running: {}}, containerID: 'a'},
		'spoke logs -n d web -c app --previous --context c shows how it ended',
	],
	[
		'a container that ran and does not restart has its log',
		{state: {running: {}}, containerID: 'a'},
		'spoke logs -n d web -c app --context c shows how it ended',
		'Never',
	],
	['a container that does not restart has its log', {state: ended}, 'spoke logs -n d web -c app --context c shows how it ended', 'Never'],
];
for (const [title, status, remedy, restartPolicy = 'Always'] of rows) {
	test(title, t => {
		const pod = {
			metadata: {name: 'web', namespace: 'd'},
			spec: {restartPolicy, containers: [{name: 'app'}]},
			status: {phase: 'Running', containerStatuses: [{name: 'app', ...status}]},
		};
		t.is(goneRemedy({pod, container: 'app'}, ' --context c'), remedy);
	});
}
