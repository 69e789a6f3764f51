/** The first line of details. */
import test from 'ava';
import {lineText} from '../../../source/session/kit/format-copied-lines.ts';
import {nodeVerdict, podVerdict, workloadVerdict} from '../../../source/session/text/object-verdict.ts';
import type {PodObject} from '../../../source/targets/pod-object.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const at = '2026-01-01T00:56:00Z';
const running = {name: 'app', ready: true, restartCount: 0, state: {running: {}}};
const lastState = {terminated: {exitCode: 3, reason: 'Error', finishedAt: at}};
const waiting = (reason: string, message?: string) => ({name: 'app', state: {waiting: {reason, ...(message !== undefined && {message})}}});

const pods: ReadonlyArray<readonly [status: PodObject['status'], text: string, role: string | undefined]> = [
	[{phase: 'Running', containerStatuses: [running]}, 'Running', undefined],
	[{phase: 'Running', containerStatuses: [{...running, restartCount: 8, lastState}]}, 'Running · 8 restarts, the last 4m ago', undefined],
	[{phase: 'Running', containerStatuses: [running, {...running, ready: false}]}, 'Running · 1 of 2 containers ready', 'state.working'],
	[
		{phase: 'Running', containerStatuses: [running, {...waiting('CrashLoopBackOff', 'back-off'), name: 'log', restartCount: 1, lastState}]},
		'CrashLoopBackOff · log exited 3 (Error) 4m ago · 1 restart',
		'state.failed',
	],
	[
		{phase: 'Pending', containerStatuses: [waiting('ImagePullBackOff', 'Back-off pulling image "web:9"')]},
		'ImagePullBackOff · Back-off pulling image "web:9"',
		'state.failed',
	],
	[
		{phase: 'Pending', conditions: [{type: 'PodScheduled', status: 'False', message: '0/3 nodes are available\u0000\u001B[31m'}]},
		'Pending · 0/3 nodes are available',
		'state.working',
	],
	[
		{phase: 'Succeeded', containerStatuses: [{name: 'app', state: {terminated: {exitCode: 0, reason: 'Completed'}}}]},
		'Completed',
		'text.dim',
	],
	[{phase: 'Failed', containerStatuses: [{name: 'app', state: lastState}]}, 'Error · exited 3 (Error) 4m ago', 'state.failed'],
];
for (const [status, text, role] of pods) {
	test(`the verdict of a pod is ${text}`, t => {
		const verdict = podVerdict({metadata: {name: 'web'}, spec: {containers: []}, ...(status && {status})});
		t.true(lineText(verdict, now).startsWith(text), lineText(verdict, now));
		t.notRegex(lineText(verdict, now), /[\u0000-\u001F]/);
		t.is(verdict.role, role);
	});
}

test('the verdict of a node that is not ready says why and since when', t => {
	const ready = {
		type: 'Ready',
		status: 'Unknown',
		reason: 'NodeStatusUnknown',
		message: 'Kubelet stopped posting.',
		lastTransitionTime: at,
	};
	const verdict = nodeVerdict({metadata: {name: 'n1'}, status: {conditions: [ready]}});
	t.is(lineText(verdict, now), 'Unknown · NodeStatusUnknown: Kubelet stopped posting. · since 4m ago');
	t.is(verdict.role, 'state.failed');
});

test('the verdict of a deployment that does not progress has the reason', t => {
	const conditions = [{type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded'}];
	const verdict = workloadVerdict({metadata: {name: 'web'}, spec: {replicas: 2}, status: {readyReplicas: 1, conditions}});
	t.deepEqual(verdict, {text: '1 of 2 ready · ProgressDeadlineExceeded', role: 'state.failed'});
});
