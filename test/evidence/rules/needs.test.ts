/** Needs after an apiserver could not be read. */
import test from 'ava';
import type {Need, StreamFeature} from '../../../source/evidence/evidence.ts';
import {needGroups, needsOfEach, docs, remedies} from '../../../source/evidence/rules/needs.ts';
import * as needs from '../../../source/evidence/rules/needs.ts';
import {given, rowsOf} from '../../support/given.ts';
import {makeObservations} from '../../support/observations.ts';
import {needWords} from '../../support/verdict-text.ts';

const {needActive, needFlagz, needMetrics, needMirrorPods, obtainableNeeds} = needs;

const unanswered = (path: string) => `a response to GET ${path} in time: the next connection tries again`;

const obtainable = rowsOf(`
	nothing → flagz or mirror-pods or metrics
	forbidden flagz; forbidden mirror-pod; forbidden metrics → flagz or mirror-pods or metrics
	not-served flagz → mirror-pods or metrics
	not-served flagz; not-served mirror-pod; not-served metrics → active
	no-response flagz → ${unanswered('/flagz')}
	no-response flagz; forbidden mirror-pod → ${unanswered('/flagz')} or mirror-pods
	no-response metrics → flagz or mirror-pods or ${unanswered('/metrics')}
`);

for (const {given: facts, expected} of obtainable) {
	test(`an obtainable need, ${facts}: ${expected}`, t => {
		const observations = given(facts);
		t.is(needWords(obtainableNeeds(observations, [needFlagz, needMirrorPods, needMetrics]), observations), expected);
	});
}

const needSteadyAgents = needs.needOfAgents(given('step http-connect agents-read'));

test('a need is a permission with the command that checks it, or something else in words', t => {
	const all = Object.values(needs).filter((member): member is Need => typeof member === 'object' && 'or' in member);
	for (const {permission, check, or} of [...all, needSteadyAgents]) {
		t.regex(permission ?? or ?? '', /\w/);
		t.regex(check ?? 'kubectl auth can-i get pods', /^kubectl auth can-i [a-z]+ \S/);
		t.is(permission === null, check === null, permission ?? or ?? '');
		t.not(or, '');
	}
});

const ofReplicas = rowsOf(`
	replicas 2 → nothing
	unopened → leases
	unopened; pod a; replicas 2 → active
	unopened; replicas 1 → apiserver-itself
	unopened; probed; replicas 2 → open-connection
	unopened; replicas 2; step undecided → active # tested earlier
	unopened; flagz at=10.0.0.6 p1; replicas 1 10.0.0.5 → active # another one was found than in the lists
	unopened; replicas 2; text other → active
`);

for (const {given: facts, expected} of ofReplicas) {
	test(`the need of what another apiserver showed, ${facts}: ${expected}`, t => {
		const observations = given(facts);
		t.is(needWords(needs.needsAfterProbes(observations, needs.needReplicas(observations)), observations), expected);
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

test('needs in one line are alternatives, groups of them, and checks on demand', t => {
	const both = needsOfEach([needFlagz, needMirrorPods], [needMetrics]);
	t.is(
		needs.needsInOneLine(both),
		'one of: get nonResourceURL /flagz, or list pods in kube-system, or --probe active; and one of: get nonResourceURL /metrics, or --probe active',
	);
	t.is(needs.needsInOneLine([needMirrorPods], {withChecks: true}), `${needMirrorPods.permission} (${needMirrorPods.check})`);
});

test('each page belongs to the Kubernetes documentation', t => {
	for (const page of Object.values(docs)) {
		t.regex(page, /^https:\/\/kubernetes\.io\/docs(?:\/[\w-]+)+\/(?:#[\w-]+)?$/);
	}
});

test('each remedy is a text without a final period', t => {
	for (const remedy of Object.values(remedies)) {
		t.regex(remedy, /^(?:--)?\w.*[^.\s]$/);
	}
});
