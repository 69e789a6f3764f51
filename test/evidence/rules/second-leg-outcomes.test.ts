/** The last failure as evidence, until something newer contradicts it. */
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {ConnectionPurpose, Observations, SecondLegOutcome, StreamFeature} from '../../../source/evidence/evidence.ts';
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
import {given, rowsOf} from '../../support/given.ts';
import {failure, makeObservations, processOf} from '../../support/observations.ts';
import {verdictWords} from '../../support/verdict-text.ts';

const failures = {
	'no-agent': {row: 'G1', text: 'No agent available', tls: null, route: 'konnectivity'},
	'no-agent-for-log': {row: 'G1', text: 'No agent available', tls: null, route: 'konnectivity'},
	x509: {row: 'T3', text: 'x509', tls: 'refused', route: null},
	'not-listening': {row: 'D1', text: 'connection refused', tls: null, route: null},
} as const;

/** `n1 not-listening, n2 answered p2`: attempts by way of process p1, or another one; `service:80` is a port of a service. */
function outcomesOf(text: string): SecondLegOutcome[] {
	return text.split(', ').map(attempt => {
		const [farEnd = '', result = '', process = 'p1'] = attempt.split(' ');
		const facts = result === 'answered' ? null : failure(failures[result as keyof typeof failures]).facts;
		return {
			farEnd: farEnd.replace(/^n/, 'kubelet n').replace('service', 'service default/web http'),
			feature: 'exec',
			time: facts ? '2026-11-24T13:59:48.000Z' : '2026-11-24T13:59:50.000Z',
			process,
			failure: facts && {
				error: new SpokeError('ERR_SECOND_LEG', facts.text).toJSON(),
				facts,
				authors: result === 'no-agent-for-log' ? ['apiserver'] : ['apiserver', 'kubelet'],
			},
		};
	});
}

const {purpose: ofPod} = makeObservations({}, 'logs');
/** `n1`, `no-node`, `service:80`, `service`. */
function purposeOf(farEnd: string): ConnectionPurpose {
	if (!farEnd.startsWith('service')) {
		return {...ofPod, target: {...ofPod.target, node: farEnd === 'no-node' ? null : farEnd}};
	}

	const port = farEnd.includes(':') ? Number(farEnd.split(':')[1]) : null;
	return {
		feature: 'service-proxy',
		target: {...ofPod.target, asked: 'svc/web', kind: 'Service', node: null},
		request: {scheme: 'http', port, portName: null, kubeletPort: false},
	};
}

const rows = rowsOf(`
	n1 not-listening → n1 failed
	n1 not-listening → n2 unaffected
	n1 answered → n1 unaffected
	n1 not-listening, n2 answered → n1 failed
	n1 not-listening → no-node unaffected

	# The tunnel is the same for all kubelets of an apiserver.
	n1 no-agent → n2 failed
	n2 answered, n1 no-agent → n2 failed
	n1 no-agent, n2 answered → n2 unaffected
	n1 no-agent, n2 answered → n1 unaffected
	n1 no-agent, n2 answered p2 → n1 failed
	n1 no-agent p2 → n2 unaffected

	service:80 not-listening → service:80 failed
	service:80 not-listening → service failed
	service:80 not-listening → service:81 unaffected
`);

for (const {given: attempts, expected} of rows) {
	test(`after ${attempts}: ${expected}`, t => {
		const [farEnd = '', state = ''] = expected.split(' ');
		const given = {outcomes: outcomesOf(attempts), purpose: purposeOf(farEnd), process: processOf('p1'), farEndAnswered: false};
		t.is(currentFailure(given) === null ? 'unaffected' : 'failed', state);
	});
}

test('a response on the connection itself is newer than any failure', t => {
	const answered = {outcomes: outcomesOf('n1 x509'), purpose: purposeOf('n1'), process: processOf('p1'), farEndAnswered: true};
	t.is(currentFailure(answered), null);
	t.deepEqual(recalledFailures({...answered, scope: 'this-connection'}), []);
});

test('each far end that failed last has a current failure', t => {
	t.deepEqual(
		currentFailures(outcomesOf('n1 not-listening, n2 answered, n3 x509')).map(({farEnd}) => farEnd),
		['kubelet n1', 'kubelet n3'],
	);
});

test('a proxied far end is named by scheme and port, and one without a name is null', t => {
	t.is(farEndOf(purposeOf('service:80')), 'service default/web http:80');
	t.is(farEndOf(purposeOf('n1')), 'kubelet n1');
	const port = {scheme: 'http', port: 9100, portName: null, kubeletPort: false} as const;
	const node = {...ofPod.target, kind: 'Node', namespace: null, name: 'n1'} as const;
	t.is(farEndOf({feature: 'node-proxy', target: node, request: port}), 'node n1 http:9100');
	t.is(farEndOf(given('logs; any-kubelet').purpose), null);
});

const cluster = {context: 'lab', server: 'https://10.0.0.5:6443', version: null, sandbox: false};
/** By way of the only known apiserver, p1, unless `facts` say otherwise. */
const pathOf = (facts: string, outcomes: string, more: Partial<Observations> = {}) => {
	const observations = {...given(`process p1; replicas 1; ${facts}`), outcomes: outcomes === '' ? [] : outcomesOf(outcomes), ...more};
	return buildPath(
		{...observations, failures: recalledFailures(observations)},
		{cluster, phase: 'settled', address: null, rttMs: {websocket: null, runtime: null}, error: null},
	);
};

const off = 'unopened; flagz ca=none egress=none p1';
const on = 'flagz ca=/ca.crt egress=none p1';

test('a path whose last attempt failed is broken, with message, time and age', t => {
	const path = pathOf(off, 'n1 not-listening');
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
	t.is(path.findings[0]?.message, 'The last attempt (exec) failed 12s ago: connection refused');
	t.is(pathOf(off, 'n1 answered').broken, null);
});

test('a tunnel failure to another node names that node', t => {
	const [finding] = pathOf('unopened', 'n7 no-agent').findings;
	t.is(finding?.message, 'The last attempt (exec to kubelet n7) failed 12s ago: No agent available');
});

const tlsRows = rowsOf(`
	unopened; ${on}; attempt n1 x509 → refused inferred
	unopened; ${on}; attempt n2 x509 → enforced inferred # another kubelet
	unopened; ${on}; attempt n1 x509 p2 → enforced inferred # another apiserver
	open; ${on}; attempt n1 x509 → unknown
	${off} at=10.0.0.5; attempt n1 x509 → unverified proven # whatever a message claims
`);

for (const {given: facts, expected} of tlsRows) {
	test(`TLS, ${facts}: ${expected}`, t => {
		const [others = '', attempt = ''] = facts.split('; attempt ');
		t.is(verdictWords(pathOf(others, attempt).legs[1]!.tls), expected);
	});
}

test('a message makes no route, from any sender', t => {
	t.is(verdictWords(pathOf('unopened', 'n9 no-agent-for-log').legs[1]!.route), 'unknown');
});

test('a path to a pod on no node is broken', t => {
	const pathOfUnscheduled = (feature: StreamFeature, facts: string) =>
		pathOf(facts, '', {purpose: {...purposeOf('no-node'), feature, isUnscheduled: true}});
	const path = pathOfUnscheduled('logs', off);
	t.is(path.line, 'path: you -verified-> apiserver -direct,unverified-x no node yet');
	t.like(path.broken, {reason: 'no-node', message: 'the pod is on no node yet', error: null});
	t.like(path.findings[0], {row: 'C4', code: 'POD_ON_NO_NODE', remedy: 'kubectl describe pod web -n default'});
	t.like(pathOfUnscheduled('pod-proxy', 'unopened').findings[0], {row: 'C7', code: 'POD_ON_NO_NODE'});
});

test('an open connection is not broken, but has the last attempt until its far end answers', t => {
	const [waiting, answered] = [`open; ${on}`, `answered; ${on}`].map(facts => pathOf(facts, 'n1 x509'));
	t.deepEqual([waiting!.broken, answered!.broken], [null, null]);
	t.deepEqual(
		waiting!.findings.map(({code}) => code),
		['LAST_ATTEMPT_FAILED'],
	);
	t.deepEqual(answered!.findings, []);
});

test('the failures of a kind are those of its far ends and of the tunnel', t => {
	const outcomes = outcomesOf('n1 not-listening, service:80 not-listening, n2 no-agent');
	const farEnds = (farEnd: string) => failuresOfKind({outcomes, purpose: purposeOf(farEnd)}).map(({farEnd}) => farEnd);
	t.deepEqual(farEnds('service:80'), ['service default/web http:80', 'kubelet n2']);
	t.deepEqual(farEnds('n1'), ['kubelet n1', 'kubelet n2']);
});

test('the failure of the tunnel is its newest one, and is cited as passive evidence', t => {
	const outcomes = outcomesOf('n1 no-agent, n2 no-agent, n3 not-listening');
	t.is(tunnelFailure({outcomes})?.farEnd, 'kubelet n2');
	t.false(citeAttempt(makeObservations(), outcomes[0] as FailedAttempt).active);
});
