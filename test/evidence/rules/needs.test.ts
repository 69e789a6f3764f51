/** Needs after an apiserver could not be read. */
import test from 'ava';
import type {Observations, UnavailableSource, Need, StreamFeature} from '../../../source/evidence/evidence.ts';
import {needGroups, needsOfEach} from '../../../source/evidence/rules/need-groups.ts';
import * as needs from '../../../source/evidence/rules/needs.ts';
import {failure, flags, knownReplicas, makeObservations, mirrorPod, stepTest} from '../../support/observations.ts';

const {needActive, needFlagz, needMetrics, needMirrorPods, obtainableNeeds} = needs;

const unavailable = (source: UnavailableSource['source'], reason: UnavailableSource['reason']): UnavailableSource => ({
	source,
	where: '',
	reason,
	need: null,
});
const requests = [needFlagz, needMirrorPods, needMetrics];
const answerOf = (path: string) => `a response to GET ${path} in time: the next connection tries again`;
const answer = answerOf('/flagz');

/** A text in `wanted` is a need without a permission. */
const rows: ReadonlyArray<[title: string, observations: readonly UnavailableSource[], wanted: ReadonlyArray<Need | string>]> = [
	['nothing was requested yet', [], requests],
	[
		'all are refused',
		[unavailable('flagz', 'forbidden'), unavailable('mirror-pod', 'forbidden'), unavailable('metrics', 'forbidden')],
		requests,
	],
	['/flagz is not served', [unavailable('flagz', 'not-served')], [needMirrorPods, needMetrics]],
	[
		'nothing is served',
		[unavailable('flagz', 'not-served'), unavailable('mirror-pod', 'not-served'), unavailable('metrics', 'not-served')],
		[needActive],
	],
	['flags did not arrive in time', [unavailable('flagz', 'no-response')], [answer]],
	[
		'flags did not arrive in time, and pods of kube-system are refused',
		[unavailable('flagz', 'no-response'), unavailable('mirror-pod', 'forbidden')],
		[answer, needMirrorPods],
	],
	['metrics did not arrive in time', [unavailable('metrics', 'no-response')], [needFlagz, needMirrorPods, answerOf('/metrics')]],
];

for (const [title, observations, wanted] of rows) {
	test(`${title}: ${wanted.map(need => (typeof need === 'string' ? need : (need.permission ?? need.or))).join(', ')}`, t => {
		t.deepEqual(
			obtainableNeeds({unavailable: observations}, requests),
			wanted.map(need => (typeof need === 'string' ? {permission: null, check: null, or: need} : need)),
		);
	});
}

const agentsRead = stepTest('http-connect');
const needSteadyAgents = needs.needOfAgents({stepTests: [{...agentsRead, facts: {...agentsRead.facts, agentsRead: true}}]});

test('a need is a permission with the command that checks it, or something else in words', t => {
	const all = Object.values(needs).filter((member): member is Need => typeof member === 'object');
	for (const {permission, check, or} of [...all, needSteadyAgents]) {
		t.regex(permission ?? or ?? '', /\w/);
		t.regex(check ?? 'kubectl auth can-i get pods', /^kubectl auth can-i [a-z]+ \S/);
		t.is(permission === null, check === null, permission ?? or ?? '');
		t.not(or, '');
	}
});

test('the same reads can settle what was late or disturbed, not what is forbidden', t => {
	const late = (source: UnavailableSource['source'], need: Need) =>
		obtainableNeeds({unavailable: [unavailable(source, 'no-response')]}, [need]);
	t.true(needs.isWorthReadingAgain(late('flagz', needFlagz)));
	t.true(needs.isWorthReadingAgain(late('metrics', needMetrics)));
	t.true(needs.isWorthReadingAgain([needFlagz, needSteadyAgents]));
	t.false(needs.isWorthReadingAgain([needFlagz, needMetrics, needActive]));
	t.false(needs.isWorthReadingAgain([]));
});

const pod = mirrorPod('a', {});
const ofTwo = {isBound: false, replicas: knownReplicas(2)};
const inferredNeeds: ReadonlyArray<[title: string, given: Partial<Observations>, need: string | null]> = [
	['the apiserver of this connection was read', {...ofTwo, isBound: true}, null],
	['the leases are unknown', {isBound: false}, 'list leases in kube-system'],
	[
		'a mirror pod is on a node of unknown role',
		{...ofTwo, mirrorPods: [pod, {...pod, facts: {...pod.facts, isOnControlPlane: null}}]},
		'list nodes',
	],
	['all mirror pods are on the control plane', {...ofTwo, mirrorPods: [pod]}, '--probe active'],
	[
		'only one is known',
		{isBound: false, replicas: knownReplicas(1)},
		'a kubeconfig that connects to the apiserver itself, and verifies it',
	],
	['active probes ran', {...ofTwo, probe: 'active'}, 'the path of the stream itself: spoke exec TARGET --path=json -- COMMAND'],
	['a stream was tested earlier', {...ofTwo, stepTests: [stepTest('undecided')]}, '--probe active'],
	[
		'the lists have one apiserver, and another was found',
		{
			isBound: false,
			replicas: knownReplicas(1, ['10.0.0.5:6443']),
			flags: [flags({'advertise-address': '10.0.0.6', 'secure-port': '6443'}, {process: 'p1'})],
		},
		'--probe active',
	],
	['a stream of the user failed', {...ofTwo, failures: [failure({})]}, '--probe active'],
];

for (const [title, given, need] of inferredNeeds) {
	test(`the need of what another apiserver showed: ${title}`, t => {
		const observations = makeObservations(given);
		t.deepEqual(
			needs.needsAfterProbes(observations, needs.needReplicas(observations)).map(({permission, or}) => permission ?? or),
			need === null ? [] : [need],
		);
	});
}

test('before active probes, a need names them as an alternative', t => {
	t.deepEqual(needs.needsAfterProbes(makeObservations({probe: 'passive'}), [needFlagz, needActive]), [needFlagz, needActive]);
});

test('active probes that have run are no longer an alternative', t => {
	t.deepEqual(needs.needsAfterProbes(makeObservations({probe: 'active'}), [needFlagz, needMirrorPods, needActive, needs.needStepTest]), [
		{...needFlagz, or: null},
		needMirrorPods,
		needs.needStepTest,
	]);
});

test('if active probes were all that a verdict needed, it needs the stream itself', t => {
	t.deepEqual(needs.needsAfterProbes(makeObservations({probe: 'active'}), [needActive]), [needs.needOpenConnection(makeObservations())]);
	t.deepEqual(needs.needsAfterProbes(makeObservations({probe: 'active'}), []), []);
});

test('a group that active probes alone could settle needs the stream itself after them', t => {
	const ran = makeObservations({probe: 'active'});
	t.deepEqual(
		needs.needsAfterProbes(ran, needsOfEach([needMirrorPods], [needActive])),
		needsOfEach([needMirrorPods], [needs.needOpenConnection(ran)]),
	);
	t.deepEqual(
		needs.needsAfterProbes(ran, needsOfEach([needMirrorPods], [needFlagz])),
		needsOfEach([needMirrorPods], [{...needFlagz, or: null}]),
	);
});

test('the need of the stream itself names the command that opens it', t => {
	const {purpose} = makeObservations();
	const commandOf = (feature: StreamFeature) => needs.needOpenConnection({purpose: {...purpose, feature}}).or?.split(': ')[1];
	t.is(commandOf('logs'), 'spoke logs TARGET --path=json');
	t.is(commandOf('port-forward'), 'spoke port-forward TARGET PORT --path=json');
	t.is(commandOf('attach'), 'spoke attach TARGET --path=json');
	t.is(commandOf('exec'), 'spoke exec TARGET --path=json -- COMMAND');
	t.is(commandOf('pod-proxy'), 'spoke proxy get TARGET --path=json');
});

test('needs of each list are needed together, and a list that another implies is dropped', t => {
	t.deepEqual(needsOfEach([needFlagz, needMirrorPods], []), [needFlagz, needMirrorPods]);
	t.deepEqual(needsOfEach([needFlagz, needMirrorPods], [needMirrorPods], [needMirrorPods]), [needMirrorPods]);
	const both = needsOfEach([needFlagz, needMirrorPods], [needMetrics]);
	t.deepEqual(
		both.map(({group}) => group),
		[1, 1, 2],
	);
	t.deepEqual(needsOfEach(both, [needMetrics, needActive]), both);
	t.deepEqual(needsOfEach(both, [needMirrorPods], []), [
		{...needMetrics, group: 1},
		{...needMirrorPods, group: 2},
	]);
	t.deepEqual(
		needGroups(both).map(group => group.length),
		[2, 1],
	);
});
