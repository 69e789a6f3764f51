/** Container counts, as in kubectl's READY. */
import test from 'ava';
import type {PathPlan} from '../../../source/evidence/plan-paths.ts';
import {describeDoctorResult} from '../../../source/report/descriptions/describe-doctor.ts';
import {unknownVerdict} from '../../../source/evidence/rules/claims.ts';
import {pathFindings} from '../../../source/evidence/rules/path-findings.ts';
import {makeObservations} from '../../support/observations.ts';
import {targetStep} from '../../../source/evidence/doctor/target-steps.ts';

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

const unreadNode = (probe: unknown) =>
	targetStep({target: {kind: 'Node', name: 'n1', node: 'n1'}, pod: null, node: null, probe} as unknown as PathPlan).step;

test('a node that could not be read is unknown, and the step names the permission it needs', t => {
	const {status, observed, fits} = unreadNode(null);
	t.deepEqual([status, observed], ['unknown', 'it is unknown whether node n1 exists']);
	t.regex(fits.join(' '), /needs get nodes; check with `kubectl auth can-i get nodes`/);
	const steps = [{...unreadNode(null), tookMs: 1}];
	t.regex(describeDoctorResult({asked: 'node/n1', steps, error: null, stoppedAt: null}), /it is unknown whether the target exists/);
});

test('a pod on a node shows that the node exists', t => {
	t.like(unreadNode({namespace: 'demo', pod: 'web'}), {
		status: 'ok',
		observed: 'node n1 runs pod demo/web; its conditions could not be read',
	});
});

test('the path of a node that nothing confirms says so', t => {
	const {purpose} = makeObservations({}, 'node-proxy');
	const codes = (isUnconfirmed: boolean) =>
		pathFindings(
			makeObservations({purpose: {...purpose, isUnconfirmed}}),
			unknownVerdict([], null),
			{...unknownVerdict([], null), protocol: null, agent: null},
			{
				error: null,
				distribution: null,
			},
		).map(({code}) => code);
	t.true(codes(true).includes('TARGET_NOT_CONFIRMED'));
	t.false(codes(false).includes('TARGET_NOT_CONFIRMED'));
});
