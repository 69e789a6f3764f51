/** What somebody can make up who may write a pod in kube-system: a node, or a user. */
import test from 'ava';
import {buildPath} from '../../../source/evidence/build-path.ts';
import {evaluateRequirement, type RequirementName} from '../../../source/evidence/require-path.ts';
import type {Leg} from '../../../source/evidence/evidence.ts';
import {decideExposure} from '../../../source/evidence/rules/exposure.ts';
import {authorsOfSource, trustIn} from '../../../source/evidence/rules/claims.ts';
import {kubeletTls} from '../../../source/evidence/rules/second-leg-tls.ts';
import {areAllReplicasRead} from '../../../source/evidence/rules/replicas.ts';
import {secondLegRoute} from '../../../source/evidence/rules/second-leg-route.ts';
import {given} from '../../support/given.ts';
import {verdictWords} from '../../support/verdict-text.ts';

const madeUp = given('answered; replicas 1 10.0.0.5; pod kube-apiserver-a at=10.0.0.5:6443 ca=/ca.crt egress=none');

test('a mirror pod verifies nothing, and can say that nothing is verified', t => {
	t.is(verdictWords(kubeletTls(madeUp)), 'unknown');
	t.regex(kubeletTls(madeUp).why ?? '', /a writer of the object could have made that up/);
	t.deepEqual(kubeletTls(madeUp).citations[0]?.authors, ['object-writer']);
	t.is(verdictWords(kubeletTls(given('answered; pod a at=10.0.0.5:6443 ca=none'))), 'unverified inferred');
});

test('a mirror pod protects nothing, and its route is inferred', t => {
	const route = secondLegRoute(madeUp);
	t.is(verdictWords(route), 'direct inferred');
	t.is(decideExposure(madeUp, kubeletTls(madeUp), route).state, 'unknown');
});

test('an object proves nothing, whatever it is', t => {
	for (const source of ['mirror-pod', 'lease', 'endpoints', 'csr', 'ca-comparison'] as const) {
		t.is(trustIn(authorsOfSource[source]), 'foreign', source);
	}
});

test('mirror pods do not complete the set of apiservers', t => {
	t.false(areAllReplicasRead(madeUp, madeUp.mirrorPods));
});

const metadata = {
	cluster: {context: 'lab', server: 'https://10.0.0.5:6443', sandbox: false},
	phase: 'settled',
	address: null,
	rttMs: {websocket: null, runtime: null},
	error: null,
} as const;

const resultOf = (facts: string, state: RequirementName) =>
	evaluateRequirement(buildPath(given(facts), metadata), {states: [state], minBasis: 'inferred'});

// With `undecided: allow`, a stream opens whose requirement is undecided.
for (const [facts, state, madeUp] of [
	['logs; flagz at=10.0.0.5 ca=none egress=none', 'protected', 'pod b at=10.0.0.5 env=proxy'],
	['logs; flagz at=10.0.0.5 ca=none egress=none', 'tunnelled', 'pod b at=10.0.0.5 env=proxy'],
	['pod a at=10.0.0.5 ca=none', 'verified', 'pod b at=10.0.0.5 ca=/ca.crt'],
	['pod a at=10.0.0.6 ca=none', 'verified', 'pod b at=10.0.0.5 ca=/ca.crt'],
	['pod a at=10.0.0.5 ca=none egress=none', 'tunnelled', 'pod b at=10.0.0.5 egress=/egress.yaml'],
	['pod a at=10.0.0.5 ca=none egress=none', 'protected', 'pod b at=10.0.0.5 ca=/ca.crt egress=/egress.yaml'],
	['version v1.21.5; metrics done=3', 'tunnelled', 'pod b at=10.0.0.5 ssh-user=core'],
	['metrics done=3', 'tunnelled', 'pod b at=10.0.0.5 egress=/egress.yaml disabled-metrics=[apiserver_egress_dialer_dial_start_total]'],
	['unopened; flagz at=10.0.0.5 ca=none egress=none @c9 p2', 'verified', 'pod b at=10.0.0.7 ca=/ca.crt'],
] as const) {
	test(`${facts} does not meet ${state}, also not with ${madeUp}`, t => {
		t.deepEqual([resultOf(facts, state), resultOf(`${facts}; ${madeUp}`, state)], ['not-met', 'not-met']);
	});
}

test('what a made-up pod hides is no word about the path', t => {
	const [, {tls}] = buildPath(given('pod a at=10.0.0.5 ca=none; pod b at=10.0.0.5 ca=/ca.crt'), metadata).legs as [unknown, Leg];
	t.like(tls, {state: 'unknown', worst: {state: 'unverified', basis: 'inferred'}});
	t.is(resultOf('pod b at=10.0.0.5 ca=/ca.crt', 'verified'), 'undecided');
});
