/** Container counts, as in kubectl's READY. */
import test from 'ava';
import type {PathPlan} from '../../../source/evidence/plan-paths.ts';
import {targetStep} from '../../../source/evidence/doctor/target-step.ts';

const spec = {containers: [{name: 'app'}], initContainers: [{name: 'setup'}, {name: 'side', restartPolicy: 'Always'}]};
const rows = [
	[
		'on no node yet, it has its containers all the same',
		{phase: 'Pending'},
		null,
		'pod demo/web Pending on no node, 0 of 2 containers ready',
	],
	[
		'sidecars count, other init containers do not',
		{
			phase: 'Running',
			containerStatuses: [{name: 'app', ready: true}],
			initContainerStatuses: [
				{name: 'setup', ready: true, state: {terminated: {exitCode: 0}}},
				{name: 'side', ready: true, started: true},
			],
		},
		'n1',
		'pod demo/web Running on n1, 2 of 2 containers ready',
	],
	[
		'a crashing container has the text of its row',
		{phase: 'Running', containerStatuses: [{name: 'app', state: {waiting: {reason: 'CrashLoopBackOff'}}}]},
		'n1',
		'pod demo/web CrashLoopBackOff on n1, 0 of 2 containers ready',
	],
] as const;

for (const [title, status, node, words] of rows) {
	test(`a pod: ${title}`, t => {
		const target = {asked: 'web', kind: 'Pod', namespace: 'demo', name: 'web', uid: null, node, container: 'app', chosenFrom: 1};
		t.is(targetStep({target, pod: {metadata: {name: 'web'}, spec, status}, node: null} as unknown as PathPlan).step.observed, words);
	});
}

test('a pod that is being deleted shows what blocks its deletion', t => {
	const target = {asked: 'web', kind: 'Pod', namespace: 'demo', name: 'web', uid: null, node: 'n1', container: 'app', chosenFrom: 1};
	const of = (metadata: object) =>
		targetStep({target, pod: {metadata: {name: 'web', ...metadata}, spec, status: {phase: 'Running'}}, node: null} as unknown as PathPlan)
			.step;
	const deletionTimestamp = '2026-11-26T17:05:02Z';
	t.deepEqual(of({}).fits, []);
	t.deepEqual(of({deletionTimestamp}).fits, ['is being deleted, to be gone by 2026-11-26T17:05:02Z']);
	t.like(of({deletionTimestamp, finalizers: ['a/x', 'b/y']}), {
		status: 'note',
		fits: ['is being deleted, to be gone by 2026-11-26T17:05:02Z; held by finalizers: a/x, b/y'],
	});
});
