/** `FACTS and verdicts of leg 2 → STATE BASIS, by the verdict that protects`: the words of the facts are those of support/given.ts. */
import test from 'ava';
import {decideExposure} from '../../../source/evidence/rules/exposure.ts';
import {needActive, needMetrics} from '../../../source/evidence/rules/needs.ts';
import {secondLegRoute} from '../../../source/evidence/rules/second-leg-route.ts';
import {secondLegTls} from '../../../source/evidence/rules/second-leg-tls.ts';
import {given, rowsOf} from '../../support/given.ts';
import {givenVerdicts, needWords, verdictWords} from '../../support/verdict-text.ts';

const exposureOf = (facts: string) => {
	const {observations, tls, route} = givenVerdicts(facts);
	return decideExposure(observations, tls, route);
};

const rows = rowsOf(`
	tls verified proven; route unknown → protected proven by tls
	tls verified proven; route konnectivity proven → protected proven by tls
	tls verified inferred; route direct proven → protected inferred by tls
	tls enforced proven; route unknown → protected proven by tls
	tls enforced inferred; route direct proven → protected inferred by tls
	tls enforced inferred; route konnectivity proven → protected proven by route
	tls enforced inferred; route konnectivity inferred → protected inferred by tls
	tls unverified proven; route direct proven → exposed proven
	tls unverified proven; route direct inferred → exposed inferred
	tls unverified proven; route konnectivity proven → protected proven by route
	tls unverified proven; route konnectivity inferred → protected inferred by route
	tls plain proven; route konnectivity proven → protected proven by route
	tls plain proven; route direct proven → exposed proven
	tls plain proven; route egress-http-connect proven → unknown
	tls unverified proven; route egress inferred → unknown
	tls unverified proven; route unknown → unknown
	tls unverified proven; route ssh-tunnel proven → exposed inferred
	tls unknown; route direct proven → unknown
	tls unknown; route konnectivity proven → protected proven by route

	# A flag protects if nothing stronger is known, but not a leg that is known to be unverified or plain.
	flagz ca=/ca.crt egress=none; tls unverified inferred; route direct proven → exposed inferred
	flagz ca=/ca.crt egress=none; tls plain inferred; route direct proven → exposed inferred
	replicas 1; flagz ca=/ca.crt egress=none @c9; tls unknown; route direct proven → unknown # another apiserver may respond, seen or not
	flagz ca=/ca.crt egress=none @c9; tls unknown; route direct proven → unknown # another apiserver may respond
	pod a ca=/ca.crt egress=none at=10.0.0.5; replicas 1; tls unknown; route direct proven → unknown # whoever may write the pod made it up
	flagz ca=/ca.crt egress=none @c9; tls unknown; route konnectivity proven → protected proven by route
	flagz ca=/ca.crt egress=none @c9; tls verified inferred; route direct proven → protected inferred by tls

	# What the far end, a node or an object’s writer could have written protects nothing.
	tls refused inferred forged; route direct proven → unknown
	tls unverified proven; route konnectivity inferred forged → unknown
	flagz ca=/ca.crt egress=none; tls refused inferred forged; route direct proven → protected proven by tls

	# Verification protects whether or not this kubelet passes it.
	flagz ca=/ca.crt egress=none; tls unknown; route direct proven → protected proven by tls
	flagz ca=/ca.crt egress=none; tls verified inferred; route direct proven → protected proven by tls
`);

for (const {given: facts, expected} of rows) {
	test(`${facts} → ${expected}`, t => {
		const exposure = exposureOf(facts);
		t.is([verdictWords(exposure), ...(exposure.by ? [`by ${exposure.by}`] : [])].join(' '), expected);
		t.not(exposure.why, '');
	});
}

test('an exposed leg is called plain, or not verified', t => {
	t.regex(exposureOf('tls plain inferred; route direct proven').why, /^plain HTTP/);
	t.regex(exposureOf('tls unverified inferred; route direct proven').why, /not verified/);
});

test('an exposed leg shows its TLS and its route', t => {
	const observations = given('flagz ca=none egress=none');
	const {citations} = decideExposure(observations, secondLegTls(observations), secondLegRoute(observations));
	t.deepEqual(
		citations.map(({rule}) => rule),
		['kubelet-ca-empty', 'egress-file-empty'],
	);
});

test('behind k3s’s server, the exposure of a plain proxy request is unknown, without a need', t => {
	const plain = 'pod-proxy; tls plain proven; route egress-http-connect proven; flagz ca=/ca.crt egress=none';
	const exposure = exposureOf(`${plain} advertise-port=6443`);
	t.deepEqual([exposure.state, exposure.need], ['unknown', []]);
	t.regex(exposure.why, /k3s’s own server can dial the target without its tunnel/);
	t.true(exposureOf(plain).need.length > 0);
});

test('an unknown exposure needs what the route needs, or else an active probe', t => {
	const {observations, tls, route} = givenVerdicts('tls unverified proven; route unknown');
	t.is(needWords(decideExposure(observations, tls, {...route, need: [needMetrics]}).need, observations), 'metrics');
	t.deepEqual(decideExposure(observations, tls, route).need, [needActive]);
});
