import test from 'ava';
import type {Basis, ProxyRequestFacts, TlsState} from '../../../source/evidence/evidence.ts';
import {buildPath} from '../../../source/evidence/build-path.ts';
import {secondLegTls, kubeletTls} from '../../../source/evidence/rules/second-leg-tls.ts';
import {openConnection, verifyingFlags, flags, makeObservations, unverifiedFlags} from '../../support/observations.ts';
import {needActive, needFlagz, needsAfterProbes} from '../../../source/evidence/rules/needs.ts';
import {given, rowsOf} from '../../support/given.ts';
import {assertVerdict, verdictWords} from '../../support/verdict-text.ts';

const subject = {
	cluster: {context: null, server: 'https://10.0.0.5:6443', version: null, sandbox: false},
	phase: 'settled',
	address: null,
	rttMs: {websocket: null, runtime: null},
	error: null,
} as const;

const cases: ReadonlyArray<
	[
		title: string,
		request: Partial<ProxyRequestFacts>,
		set: Readonly<Record<string, string>>,
		to: string,
		state: TlsState,
		basis: Basis,
		exposure: string,
	]
> = [
	['a node’s kubelet port', {port: 9999, kubeletPort: true}, verifyingFlags, 'kubelet', 'verified', 'proven', 'protected, proven'],
	['another port of a node', {port: 10_250, kubeletPort: false}, verifyingFlags, 'node', 'plain', 'proven', 'exposed, inferred'],
	[
		'the default port of an unreadable node',
		{port: 10_250, kubeletPort: null},
		verifyingFlags,
		'kubelet',
		'unknown',
		'unknown',
		'unknown, unknown',
	],
	[
		'the default port of an unreadable node, where nothing is verified',
		{port: 10_250, kubeletPort: null},
		unverifiedFlags,
		'kubelet',
		'unverified',
		'inferred',
		'exposed, inferred',
	],
	['another port of an unreadable node', {port: 9100, kubeletPort: null}, verifyingFlags, 'node', 'plain', 'inferred', 'exposed, inferred'],
];

for (const [title, request, set, to, state, basis, exposure] of cases) {
	test(`${title}: ${to}, ${state}, ${basis}`, t => {
		const path = buildPath(
			makeObservations({...openConnection, flags: [flags(set)]}, 'node-proxy', {
				scheme: 'http',
				port: null,
				portName: null,
				kubeletPort: true,
				...request,
			}),
			subject,
		);
		const leg = path.legs[1]!;
		t.deepEqual([leg.to, leg.tls.state, leg.tls.basis, `${path.exposure.state}, ${path.exposure.basis}`], [to, state, basis, exposure]);
		t.is(
			leg.tls.need.some(({permission}) => permission === 'get nodes'),
			request.kubeletPort === null,
		);
	});
}

for (const feature of ['pod-proxy', 'service-proxy'] as const) {
	for (const [scheme, state, rule] of [
		['http', 'plain', 'proxy-http-is-plain'],
		['https', 'unverified', 'proxy-https-never-verifies'],
		[null, 'plain', 'proxy-http-is-plain'],
	] as const) {
		test(`${feature} by ${scheme ?? 'the default scheme'}, whatever flag is set: ${state}, proven only for an apiserver`, t => {
			const given = makeObservations(
				{...openConnection, flags: [flags(verifyingFlags)]},
				feature,
				scheme && {scheme, port: 8080, portName: null, kubeletPort: false},
			);
			const verdict = secondLegTls(given);
			t.deepEqual(
				[verdict.state, verdict.basis, verdict.citations.map(({rule, observed}) => [rule, observed])],
				[state, 'proven', [[rule, `the scheme ${scheme ?? 'http'}: of requests to pod web${scheme ? ':8080' : ''}`]]],
			);
			t.is(secondLegTls({...given, serverIdentity: {to: 'gateway', why: 'path'}}).basis, 'inferred');
		});
	}
}

test('the scheme of a proxied request is cited with its target, if it has one', t => {
	const {purpose} = makeObservations({}, 'pod-proxy', {scheme: 'https', port: 443, portName: null, kubeletPort: false});
	const cited = (chosenFrom: number) =>
		secondLegTls(makeObservations({purpose: {...purpose, target: {...purpose.target, chosenFrom}}})).citations[0]!.observed;
	t.deepEqual([cited(0), cited(1)], ['the scheme https: of the request', 'the scheme https: of requests to pod web:443']);
});

const rows = rowsOf(`
	# Flags of the apiserver that responds.
	flagz ca=none egress=none → unverified proven; needs nothing
	flagz ca=none egress=none @c9 → unverified inferred
	flagz ca=none egress=none @c9 p1; process p1 → unverified proven
	flagz ca=none egress=none @c9 p2; process p1 → unverified inferred
	gateway; flagz ca=none egress=none → unverified inferred
	socket unverified; flagz ca=none egress=none → unverified inferred
	not-requested mirror-pod → unknown; needs flagz
	forbidden mirror-pod → unknown; needs flagz or mirror-pods
	flagz → unknown # /flagz names every flag: one that is missing is not known
	answered; flagz ca=/ca.crt egress=none → verified proven
	open; flagz ca=/ca.crt egress=none → unknown # the kubelet may not have been dialed
	flagz ca=/ca.crt egress=none → enforced proven; needs nothing
	gateway; flagz ca=/ca.crt egress=none → enforced inferred
	answered; flagz ca=/ca.crt egress=none @c9 → unknown
	answered; gateway; flagz ca=/ca.crt egress=none → verified inferred
	flagz @c9 p1; flagz ca=none egress=none p1; process p1 → unverified proven # one list of this process has the flag
	connection none; flagz ca=none egress=none @none → unverified inferred # nothing belongs to it
	answered → unknown

	# Several apiservers, or nothing opened yet: the next connection may end at another one.
	flagz ca=none egress=none @c8 p1; flagz ca=none egress=none @c9 p2; replicas 2 → unverified inferred # one may have replaced its own
	ended; connection c7; flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz ca=none egress=none at=10.0.0.6 @c9 p2; replicas 2 → unverified proven # nothing can have replaced the failed one since
	flagz ca=none egress=none @c8 p1; replicas 2 → unverified inferred
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 1 → unverified proven; needs nothing
	unopened; flagz ca=none egress=none at=10.0.0.6 p1; process p1; replicas 1 → unverified inferred # another one may share its lease
	unopened; flagz ca=none egress=none p1; process p1; replicas 1 → unverified inferred
	unopened; flagz ca=none egress=none p1; process p1; replicas 3 → unverified inferred
	unopened; flagz ca=none egress=none p1; process p1 → unverified inferred
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; flagz ca=none egress=none at=10.0.0.6 @c9 p2; process p1; replicas 2 → unverified proven
	unopened; flagz ca=none egress=none p1; flagz ca=none egress=none @c9 p2; process p1; replicas 1 → unverified inferred # two share a lease, so a third may, too
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 1 10.0.0.5 leases=10.0.0.5@14:05:00 → unverified inferred # long after this one started
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 1 10.0.0.5 leases=10.0.0.5@14:00:04 → unverified proven # its own lease
	unopened; flagz ca=none egress=none at=10.0.0.5:6444 p1; process p1; replicas 1 10.0.0.5 → unverified inferred # its address is in no list
	unopened; flagz ca=none egress=none; flagz ca=none egress=none @c9 p1; replicas 2 → unverified inferred # possibly the same apiserver
	unopened; flagz ca=none egress=none p1; process p1; endpoints 10.0.0.5 → unverified inferred # several may advertise one balancer
	flagz ca=none egress=none @c8 p1; flagz ca=/ca.crt egress=none @c9 p2; replicas 2 → unknown; needs open-connection
	flagz ca=none egress=none @c8 p1; flagz ca=none egress=none @c9 p1; replicas 2 → unverified inferred # one read twice is not two
	unopened; flagz ca=/ca.crt egress=none p1; process p1; replicas 3 → enforced inferred
	answered; flagz ca=/ca.crt egress=none @c9 p2; replicas 2 → unknown; because another apiserver verifies; the one that responds was not read
	answered; flagz ca=/ca.crt egress=none at=10.0.0.5 @c8 p1; flagz ca=/ca.crt egress=none at=10.0.0.6 @c9 p2; replicas 2 → verified inferred
	answered; flagz ca=/ca.crt egress=none; replicas 2 → verified proven
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 2 10.0.0.5 10.0.0.6 → unverified inferred
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; flagz ca=/ca.crt egress=none @c9 p2; process p1; replicas 2 → unverified inferred # the examined one has the connected address
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; flagz ca=/ca.crt egress=none at=10.0.0.5 @c9 p2; flagz ca=/ca.crt egress=none at=10.0.0.6 @c8 p3; process p1; replicas 3 → unknown # two advertise the connected address
	unopened; flagz ca=none egress=none p1; flagz ca=/ca.crt egress=none at=10.0.0.5 @c9 p2; process p1; replicas 2 → unknown # the one at the connected address was not examined
	flagz ca=none egress=none @c8 p1; flagz @c9 p2; replicas 2 → unverified inferred
	unopened; flagz ca=/ca.crt egress=none p1; process p1; replicas 2 → enforced inferred; needs active

	# Mirror pods.
	pod a at=10.0.0.7; replicas 1 10.0.0.7 → unverified inferred # not where the connection ends
	pod a at=10.0.0.5; replicas 1 10.0.0.5 → unverified inferred
	pod a at=10.0.0.7; replicas 1 10.0.0.8 → unverified inferred
	pod a at=10.0.0.5; pod b ca=/ca.crt at=10.0.0.6 → unverified inferred # the one at the address of the socket
	ended; connection c7; pod a at=10.0.0.5 → unverified inferred # the failed connection may have ended elsewhere
	ended; connection c7; pod a at=10.0.0.5; pod b ca=/ca.crt at=10.0.0.6 → unknown
	socket to=[fd00::5]:6443; pod a at=fd00::5; pod b ca=/ca.crt at=fd00::6 → unverified inferred
	pod a at=fd00::7; replicas 1 [fd00::7]:6443 → unverified inferred
	pod a at=10.0.0.5:6459; replicas 1 → unknown # another port than the socket’s
	answered; pod a ca=/ca.crt egress=none at=10.0.0.5; replicas 3 10.0.0.5 → unknown # whoever may write the pod could have made it up
	pod a at=10.0.0.7; endpoints 10.0.0.7 → unverified inferred # the endpoint is a balancer’s
	pod a → unverified inferred; needs flagz or mirror-pods
	pod a cut → unknown; because the command of its static pod does not show all flags of the apiserver
	flagz ca=none egress=none @c9 p2; pod a at=10.0.0.7; pod b ca=/ca.crt at=10.0.0.8 → unknown
	flagz ca=none egress=none @c9 p2; pod a ca=/ca.crt at=10.0.0.7 → unverified inferred
	pod a at=10.0.0.5; pod b ca=/ca.crt at=10.0.0.5 → unknown # either may answer
	socket proxied; pod a at=10.0.0.5 → unverified inferred # the address that the proxy connected to
	answered; connection c5; flagz ca=none egress=none at=10.0.0.9 p1; pod 0 ca=/ca.crt at=10.0.0.7; pod 1 ca=/ca.crt at=10.0.0.8; replicas 2 10.0.0.7 10.0.0.8 → unknown
	unopened; flagz ca=/ca.crt egress=none at=10.0.0.7 p1; process p1; pod b at=10.0.0.8; replicas 2 → unknown
	answered; connection c9; socket none; flagz ca=/ca.crt egress=none at=10.0.0.7 p1; pod 0 ca=/ca.crt at=10.0.0.7; pod 1 ca=/ca.crt at=10.0.0.8; replicas 2 10.0.0.7 10.0.0.8 → unknown
	unopened; flagz ca=none egress=none at=10.0.0.7 p1; process p1; pod a at=10.0.0.7; pod b at=10.0.0.8; replicas 2 10.0.0.7 10.0.0.8 → unverified inferred
	unopened; flagz ca=none egress=none at=10.0.0.7 p1; process p1; pod b at=10.0.0.8; replicas 2 10.0.0.7 10.0.0.9 → unverified inferred
	open; pod a ca=none egress=none; pod b ca=/ca.crt egress=none; replicas 2 → unknown; needs flagz

	# Counters of the apiserver, which are about any kubelet.
	flagz ca=/ca.crt egress=none; metrics done=3 → enforced proven # possibly other ones
	flagz ca=/ca.crt egress=none; metrics tls-failures=3 → enforced proven # possibly other ones
	any-kubelet; flagz ca=/ca.crt egress=none; metrics done=3 → enforced proven
	any-kubelet; flagz ca=/ca.crt egress=none; metrics tls-failures=3 → enforced proven
	answered; metrics tls-failures=1 → unknown
	answered; replicas 2; metrics tls-failures=1 @c9 → unknown; needs flagz-without-probes or mirror-pods
	answered; replicas 2; metrics tls-failures=1 → unknown
	answered; replicas 1; metrics tls-failures=1 @c9 → unknown
	answered; metrics tls-failures=1 @c9 → unknown
	answered; metrics tls-failures=1 dials=http-connect/tcp:3 → unknown; needs flagz-without-probes or mirror-pods # the refused certificate may be the proxy’s
	any-kubelet; flagz ca=/ca.crt egress=none; metrics done=3 tls-failures=3 → enforced proven
	any-kubelet; flagz ca=/ca.crt egress=none; metrics → enforced proven
	any-kubelet; flagz ca=/ca.crt egress=none; process p1; metrics done=3 @c9 p2 → enforced proven
	answered; flagz ca=none egress=none @c8 p1; flagz ca=/ca.crt egress=none @c9 p2; replicas 2; metrics tls-failures=1 → unknown
	metrics tls-failures=1 → unknown; needs flagz or mirror-pods
	answered; metrics → unknown
	answered; process p1; metrics tls-failures=1 @c9 p2 → unknown
	answered; metrics tls-failures=1 dials=http-connect/uds:3 → unknown

	# Upgrades that an active probe held: the kubelet accepted them.
	unopened; flagz ca=/ca.crt egress=none at=10.0.0.5 p1; flagz ca=/ca.crt egress=none at=10.0.0.6 @c9 p2; process p1; replicas 2; step undecided p1 → enforced proven # each apiserver reads its own file of that name
	flagz ca=/ca.crt egress=none; step undecided → verified proven
	flagz ca=/ca.crt egress=none; step undecided held-once → verified proven
	flagz ca=/ca.crt egress=none; step undecided node=n2 → enforced proven
	ended; flagz ca=/ca.crt egress=none; metrics done=3; step undecided → unknown
	unopened; flagz ca=/ca.crt egress=none p1; process p1; replicas 2; step undecided p1 → verified inferred
	unopened; flagz ca=/ca.crt egress=none at=10.0.0.5 p1; process p1; replicas 1; step undecided p1 → verified proven; needs nothing
	flagz ca=/ca.crt egress=none; process p1; step undecided @c9 p2 → enforced proven
	flagz ca=/ca.crt egress=none; step undecided held-none → enforced proven

	# Log reads of an active probe, with and without verification.
	flagz ca=/ca.pem; log-read refused/ok → refused inferred # a verified kubelet can have sent it
	log-read refused/ok → refused inferred # the kubelet can have sent it
	log-read refused/failed → refused inferred # possibly by a proxy
	log-read ok/ok → unknown # as it is with and without verification
	flagz ca=/ca.crt egress=none; log-read ok/ok → verified proven
	flagz ca=/ca.crt egress=none; log-read failed/ok → enforced proven
	flagz ca=/ca.crt egress=none; log-read ok/ok node=n2 → enforced proven
	flagz ca=/ca.crt egress=none; process p1; log-read ok/ok @c9 p2 → enforced proven
	any-kubelet; flagz ca=/ca.crt egress=none; log-read ok/ok node=n2 → verified proven
	any-node; flagz ca=/ca.crt egress=none; log-read ok/ok node=unknown → enforced proven
	flagz ca=/ca.pem; log-read refused/failed → refused inferred # possibly by a proxy
	flagz ca=/ca.pem; process p1; log-read refused/ok @c9 p2 → enforced proven

	# Failures whose message is about a certificate.
	unopened; flagz ca=none egress=none p1; flagz ca=/ca.crt egress=none @c9 p2; process p2; replicas 2; text x509 @c9 p2 → unknown
	flagz ca=none egress=none; text x509 → unverified proven # the message is forged
	flagz ca=none egress=none @c9; text x509 → unknown
	text x509 → refused inferred; needs flagz # a pod could say only that verification is off
	flagz ca=/ca.crt egress=none; text x509 → refused inferred; needs nothing # a verified kubelet can have sent it
	flagz ca=/ca.pem; metrics dials=grpc/uds:3; text x509 → refused inferred
	metrics dials=grpc/uds:3; text x509 → refused inferred # an unverified far end can send it
	answered; flagz ca=/ca.crt egress=none; text x509 → verified proven # an accepted kubelet sent it
	metrics dials=http-connect/tcp:3; text x509 → refused inferred # perhaps the proxy’s certificate
	text x509 → refused inferred
	text x509 @c9 → refused inferred
	gateway; text x509 → refused inferred
	logs; metrics dials=grpc/uds:3; text x509 → refused inferred # an agent can have written all of it
	process p1; metrics tls-failures=2 @c9 p2; text x509 @c9 p2 → unknown
	flagz ca=none egress=none @c8 p1; flagz ca=/ca.crt egress=none @c9 p2; replicas 2; text x509 → refused inferred
	ended; flagz ca=none egress=none @c8 p1; flagz ca=/ca.crt egress=none @c9 p2; replicas 2; text x509 → refused inferred
	flagz ca=/ca.crt egress=none; text other → enforced proven
	flagz ca=/ca.crt egress=none @c9; text x509 → refused inferred
	flagz ca=/ca.pem; metrics dials=http-connect/tcp:3; text x509 → refused inferred
	flagz ca=/ca.pem; text x509 → refused inferred; needs nothing
	flagz ca=/ca.pem; flagz ca=/ca.crt egress=none @c9; text x509 → refused inferred
	flagz ca=/ca.pem; step http-connect; text x509 → refused inferred
	flagz ca=/ca.pem; step undecided; text x509 → refused inferred
	flagz ca=/ca.pem; process p1; step http-connect @c9 p2; text x509 → refused inferred
	flagz ca=/ca.pem; process p1; metrics dials=grpc/uds:3 @c9 p2; text x509 → refused inferred
	flagz ca=/ca.pem @c9; metrics dials=grpc/uds:3; text x509 → refused inferred
	flagz ca=/ca.crt egress=none; text x509 @c9 → refused inferred; needs nothing
	pod 0 ca=/ca.crt at=10.0.0.7; pod 1 ca=/ca.crt at=10.0.0.8; text x509 → refused inferred; needs flagz
	probed; flagz ca=/ca.pem egress=/egress.yaml; text x509 probed → refused inferred; needs nothing
	probed; text x509 probed → refused inferred; needs flagz-without-probes
	gateway; flagz ca=/ca.crt egress=none; text x509 → refused inferred; needs apiserver-itself
	unopened; probed; flagz ca=/ca.crt egress=none p1; process p1; pod a ca=/ca.crt egress=none at=10.0.0.5; replicas 3; text x509 probed p1 → refused inferred; needs open-connection
	unopened; probed; flagz ca=/ca.crt egress=none p1; process p1; text x509 probed p1 → refused inferred; needs leases
	unopened; probed; flagz ca=/ca.crt egress=none p1; flagz ca=/ca.crt egress=none @c9 p2; process p1; replicas 2; text x509 probed p1 → refused inferred; needs open-connection

	# A handshake with the kubelet: a certificate that cannot pass verification, and a kubelet that responded all the same.
	answered; certificate until=2026-02-01 → unverified inferred
	answered; certificate → unknown # the name may be the one dialed
	unopened; log-read ok/ok; certificate until=2026-02-01 → unverified inferred
	answered; certificate names=other dialed=n1,10.0.0.11 → unverified inferred
	answered; certificate dialed=n1,10.0.0.11 → unknown # the name of one address
	unopened; certificate until=2026-02-01 → unknown # nothing succeeded
	answered; certificate node=n2 until=2026-02-01 → unknown
	answered; certificate since=2026-12-01 → unverified inferred
	answered; certificate since=2026-11-24T14:00:00Z until=2026-11-24T14:00:00Z → unknown # valid at this instant only
	answered; certificate names=none → unverified inferred
	answered; certificate names=none addresses=10.0.0.11 dialed=n1,10.0.0.11 → unknown
	answered; certificate names=other,*.nodes.test dialed=n1.nodes.test → unknown
	answered; certificate names=*.else.test dialed=n1.nodes.test → unverified inferred
	answered; certificate names=*.nodes.test dialed=n1.x-nodes.test → unverified inferred # not a subdomain
	answered; certificate dialed=none → unknown
`);

for (const {given: facts, expected} of rows) {
	test(`${facts} → ${expected}`, t => {
		const observations = given(facts);
		const verdict = kubeletTls(observations);
		assertVerdict(t, {...verdict, need: needsAfterProbes(observations, verdict.need)}, observations, expected);
	});
}

test('a log read that skips verification is unverified, whatever the flag is', t => {
	const skipping = 'logs unverified; answered; flagz ca=/ca.crt egress=none';
	const verdict = kubeletTls(given(skipping));
	t.is(verdictWords(verdict), 'unverified proven');
	t.is(verdict.citations[0]?.source, 'construction');
	t.is(verdictWords(kubeletTls(given(`gateway; ${skipping}`))), 'unverified inferred');
});

test('the evidence of a refused log read shows whether it succeeded without the check', t => {
	const rules = (facts: string) => kubeletTls(given(facts)).citations.map(({rule, observed}) => [rule, observed]);
	t.deepEqual(rules('log-read refused/ok'), [['log-read-refused-then-skipped', 'x509']]);
	t.deepEqual(rules('log-read refused/failed'), [['log-read-refused', 'x509']]);
});

test('log reads that failed at a certificate are shown, and decide nothing', t => {
	const {why, citations} = kubeletTls(given('answered; metrics tls-failures=3'));
	t.is(why, 'log reads failed at a certificate, which any kubelet can cause');
	t.deepEqual(
		citations.map(({rule, observed, authors}) => [rule, observed, authors]),
		[['log-tls-failures-counted', 'kube_apiserver_pod_logs_backend_tls_failure_total 3', ['any-kubelet', 'workload']]],
	);
});

test('an unknown verdict says that the kubelet responded to a probe', t => {
	const {why, citations} = kubeletTls(given('unopened; log-read ok/ok'));
	t.is(why, 'the kubelet responded to a probe, as it does with and without verification');
	t.deepEqual(
		citations.map(({rule}) => rule),
		['kubelet-certificate-accepted'],
	);
	t.is(kubeletTls(given('unopened; log-read failed/ok')).why, undefined);
});

test('no probe is needed for a kubelet that has responded, because it could show only a refusal', t => {
	const probes = (facts: string) => kubeletTls(given(facts)).need.filter(({or}) => or === needActive.or);
	t.deepEqual(probes('answered'), []);
	t.deepEqual(probes('log-read ok/ok'), []);
	t.deepEqual(probes('nothing'), [needFlagz]);
});
