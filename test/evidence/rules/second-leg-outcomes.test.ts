/** The last failure as evidence, until something newer contradicts it. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {ConnectionPurpose, Observations, SecondLegOutcome} from '../../../source/evidence/evidence.ts';
import {buildPath} from '../../../source/evidence/build-path.ts';
import {
	citeAttempt,
	currentFailure,
	currentFailures,
	failuresOfKind,
	farEndOf,
	recalledFailures,
	tunnelFailure,
	type FailedAttempt,
} from '../../../source/evidence/rules/second-leg-outcomes.ts';
import {
	verifyingFlags,
	failure,
	flags,
	makeObservations,
	advertisedFlags,
	knownReplicas,
	unverifiedFlags,
	processOf,
} from '../../support/observations.ts';

const noAgent = {row: 'G1', text: 'No agent available', tls: null, route: 'konnectivity'} as const;
const noAgentForLog = {...noAgent, mayBeFromFarEnd: false} as const;
const refused = {row: 'T3', text: 'x509', tls: 'refused', route: null} as const;
const nothingListens = {row: 'D1', text: 'connection refused', tls: null, route: null} as const;

function failed(
	farEnd: string,
	facts: typeof noAgent | typeof noAgentForLog | typeof refused | typeof nothingListens,
	process: string | null = 'p1',
): SecondLegOutcome {
	const error = new SpokeError('ERR_SECOND_LEG', facts.text).toJSON();
	return {farEnd, feature: 'exec', time: '2026-11-24T13:59:48.000Z', process, failure: {error, facts: failure(facts).facts}};
}

const answered = (farEnd: string, process: string | null = 'p1'): SecondLegOutcome => ({
	farEnd,
	feature: 'exec',
	time: '2026-11-24T13:59:50.000Z',
	process,
	failure: null,
});

const toNode = (node: string | null): ConnectionPurpose => ({
	feature: 'logs',
	target: {asked: 'web', kind: 'Pod', namespace: 'default', name: 'web', uid: null, node, container: null, chosenFrom: 1},
	request: null,
});
const toService = (port: number | null): ConnectionPurpose => ({
	feature: 'service-proxy',
	target: {asked: 'svc/web', kind: 'Service', namespace: 'default', name: 'web', uid: null, node: null, container: null, chosenFrom: 1},
	request: {scheme: 'http', port, portName: null, kubeletPort: false},
});

const rows: ReadonlyArray<[title: string, outcomes: readonly SecondLegOutcome[], purpose: ConnectionPurpose, stands: boolean]> = [
	['the kubelet that failed', [failed('kubelet n1', nothingListens)], toNode('n1'), true],
	['another kubelet', [failed('kubelet n1', nothingListens)], toNode('n2'), false],
	['a kubelet that answered since', [failed('kubelet n1', nothingListens), answered('kubelet n1')].slice(1), toNode('n1'), false],
	['a kubelet beside which another answered', [failed('kubelet n1', nothingListens), answered('kubelet n2')], toNode('n1'), true],
	['another kubelet, where the tunnel failed', [failed('kubelet n1', noAgent)], toNode('n2'), true],
	['another kubelet that answered before the tunnel failed', [answered('kubelet n2'), failed('kubelet n1', noAgent)], toNode('n2'), true],
	['another kubelet that answered since', [failed('kubelet n1', noAgent), answered('kubelet n2')], toNode('n2'), false],
	[
		'the kubelet where the tunnel failed, and another was reached since',
		[failed('kubelet n1', noAgent), answered('kubelet n2')],
		toNode('n1'),
		false,
	],
	[
		'the kubelet where the tunnel failed, and another apiserver reached one since',
		[failed('kubelet n1', noAgent), answered('kubelet n2', 'p2')],
		toNode('n1'),
		true,
	],
	['the tunnel of another apiserver', [failed('kubelet n1', noAgent, 'p2')], toNode('n2'), false],
	['a pod whose node is not chosen', [failed('kubelet n1', nothingListens)], toNode(null), false],
	['a port of a service that failed', [failed('service default/web http:80', nothingListens)], toService(80), true],
	['a service whose port is not named', [failed('service default/web http:80', nothingListens)], toService(null), true],
	['another port of the service', [failed('service default/web http:80', nothingListens)], toService(81), false],
];

for (const [title, outcomes, purpose, stands] of rows) {
	test(`an earlier failure ${stands ? 'applies to' : 'does not apply to'} ${title}`, t => {
		t.is(currentFailure({outcomes, purpose, process: processOf('p1'), farEndAnswered: false}) !== null, stands);
	});
}

test('a response on the connection itself is newer than any failure', t => {
	const outcomes = [failed('kubelet n1', refused)];
	t.is(currentFailure({outcomes, purpose: toNode('n1'), process: processOf('p1'), farEndAnswered: true}), null);
	t.deepEqual(recalledFailures({outcomes, purpose: toNode('n1'), process: processOf('p1'), farEndAnswered: true, isBound: true}), []);
});

test('each far end that failed last has a current failure', t => {
	const outcomes = [failed('kubelet n1', nothingListens), answered('kubelet n2'), failed('kubelet n3', refused)];
	t.deepEqual(
		currentFailures(outcomes).map(({farEnd}) => farEnd),
		['kubelet n1', 'kubelet n3'],
	);
});

test('a proxied far end is named by scheme and port, and one without a name is null', t => {
	t.is(farEndOf(toService(80)), 'service default/web http:80');
	t.is(farEndOf(toNode('n1')), 'kubelet n1');
	t.is(farEndOf({...toNode('n1'), target: {...toNode('n1').target, chosenFrom: 0}}), null);
});

const cluster = {context: 'lab', server: 'https://10.0.0.5:6443', version: null, sandbox: false};
const pathOf = (more: Partial<Observations>, outcomes: readonly SecondLegOutcome[]) => {
	const given = makeObservations({isBound: false, process: processOf('p1'), replicas: knownReplicas(1), ...more, outcomes});
	return buildPath(
		{...given, failures: recalledFailures(given)},
		{cluster, phase: 'settled', address: null, rttMs: {websocket: null, runtime: null}, error: null},
	);
};

test('a path whose last attempt failed is broken, with message, time and age', t => {
	const path = pathOf({flags: [flags(unverifiedFlags, {process: 'p1'})]}, [failed('kubelet n1', nothingListens)]);
	t.is(path.line, 'path: you -verified-> apiserver -direct,unverified-x kubelet n1');
	t.like(path.broken, {
		leg: 2,
		reason: 'last-attempt-failed',
		message: 'connection refused',
		farEnd: 'kubelet n1',
		time: '2026-11-24T13:59:48.000Z',
	});
	t.like(
		path.evidence.find(({id}) => id === path.broken?.evidence[0]),
		{source: 'error-text', observed: 'connection refused', time: '2026-11-24T13:59:48.000Z', process: 'p1'},
	);
	const [finding] = path.findings;
	t.is(finding?.message, 'The last attempt (exec) failed 12s ago: connection refused');
	t.is(pathOf({flags: [flags(unverifiedFlags, {process: 'p1'})]}, [answered('kubelet n1')]).broken, null);
});

test('a tunnel failure to another node names that node', t => {
	const [finding] = pathOf({}, [failed('kubelet n7', noAgent)]).findings;
	t.is(finding?.message, 'The last attempt (exec to kubelet n7) failed 12s ago: No agent available');
});

test('a refused certificate stays refused as inferred', t => {
	const {tls} = pathOf({flags: [flags(verifyingFlags, {process: 'p1'})]}, [failed('kubelet n1', refused)]).legs[1]!;
	t.deepEqual([tls.state, tls.basis], ['refused', 'inferred']);
});

const elsewhere: ReadonlyArray<[title: string, more: Partial<Observations>, outcome: SecondLegOutcome]> = [
	['another kubelet', {}, failed('kubelet n2', refused)],
	['another apiserver', {}, failed('kubelet n1', refused, 'p2')],
	['a connection that is open', {isBound: true, about: 'open-connection'}, failed('kubelet n1', refused)],
];

for (const [title, more, outcome] of elsewhere) {
	test(`a refused certificate does not affect the TLS of ${title}`, t => {
		const {tls} = pathOf({flags: [flags(verifyingFlags, {process: 'p1'})], ...more}, [outcome]).legs[1]!;
		t.not(tls.state, 'refused');
	});
}

test('an apiserver that does not verify is unverified, whatever a failure message claims', t => {
	const {tls} = pathOf({flags: [flags({...unverifiedFlags, ...advertisedFlags}, {process: 'p1'})]}, [failed('kubelet n1', refused)])
		.legs[1]!;
	t.deepEqual([tls.state, tls.basis], ['unverified', 'proven']);
});

test('a route is proven by the tunnel message of a failed log, and inferred from any other', t => {
	const routeOf = (more: Partial<Observations>, facts: typeof noAgent | typeof noAgentForLog = noAgent) =>
		pathOf(more, [failed('kubelet n9', facts)]).legs[1]!.route;
	const verifying = {flags: [flags({'kubelet-certificate-authority': '/ca.crt', ...advertisedFlags}, {process: 'p1'})]};
	t.like(routeOf({}), {state: 'konnectivity', basis: 'inferred'});
	t.like(routeOf(verifying), {state: 'konnectivity', basis: 'inferred'});
	t.like(routeOf(verifying, noAgentForLog), {state: 'konnectivity', basis: 'proven'});
	t.like(routeOf({process: null}), {state: 'konnectivity', basis: 'inferred'});
	t.is(routeOf({process: null, isBound: true}).state, 'unknown');
	t.is(routeOf({process: processOf('p2')}).state, 'unknown');
});

test('a path to a pod on no node is broken', t => {
	const path = pathOf({purpose: {...toNode(null), isUnscheduled: true}, flags: [flags(unverifiedFlags, {process: 'p1'})]}, []);
	t.is(path.line, 'path: you -verified-> apiserver -direct,unverified-x no node yet');
	t.like(path.broken, {reason: 'no-node', message: 'the pod is on no node yet', error: null});
	t.like(path.findings[0], {row: 'C4', code: 'POD_ON_NO_NODE', remedy: 'kubectl describe pod web -n default'});
	const proxied = pathOf({purpose: {...toNode(null), feature: 'pod-proxy', isUnscheduled: true}}, []);
	t.like(proxied.findings[0], {row: 'C7', code: 'POD_ON_NO_NODE'});
});

test('an open connection is not broken, but has the last attempt until its far end answers', t => {
	const codes = (more: Partial<Observations>) => {
		const {broken, findings} = pathOf({isBound: true, about: 'open-connection', flags: [flags(verifyingFlags, {process: 'p1'})], ...more}, [
			failed('kubelet n1', refused),
		]);
		t.is(broken, null);
		return findings.map(({code}) => code);
	};

	t.deepEqual(codes({farEndAnswered: false}), ['LAST_ATTEMPT_FAILED']);
	t.deepEqual(codes({farEndAnswered: true}), []);
});

test('the failures of a kind are those of its far ends and of the tunnel', t => {
	const outcomes = [
		failed('kubelet n1', nothingListens),
		failed('service default/web http:80', nothingListens),
		failed('kubelet n2', noAgent),
	];
	const farEnds = (purpose: ConnectionPurpose) => failuresOfKind({outcomes, purpose}).map(({farEnd}) => farEnd);
	t.deepEqual(farEnds(toService(80)), ['service default/web http:80', 'kubelet n2']);
	t.deepEqual(farEnds(toNode('n1')), ['kubelet n1', 'kubelet n2']);
});

test('the failure of the tunnel is its newest one, and is cited as passive evidence', t => {
	const outcomes = [failed('kubelet n1', noAgent), failed('kubelet n2', noAgent), failed('kubelet n3', nothingListens)];
	t.is(tunnelFailure({outcomes})?.farEnd, 'kubelet n2');
	t.false(citeAttempt(outcomes[0] as FailedAttempt).active);
});
