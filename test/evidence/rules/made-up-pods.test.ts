/** What somebody can make up who may write a pod in kube-system: a node, or a user. */
import test from 'ava';
import {decideExposure} from '../../../source/evidence/rules/exposure.ts';
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

test('mirror pods do not complete the set of apiservers', t => {
	t.false(areAllReplicasRead(madeUp, madeUp.mirrorPods));
});
