/** Findings and their remedies. */
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {Observations} from '../../../source/evidence/evidence.ts';
import {pathFindings} from '../../../source/evidence/rules/path-findings.ts';
import {recognizeDistribution} from '../../../source/evidence/rules/distributions.ts';
import {docs, remedies} from '../../../source/evidence/rules/needs.ts';
import {given, rowsOf} from '../../support/given.ts';
import {givenVerdicts} from '../../support/verdict-text.ts';

/** Leg 2 is verified and direct unless `facts` say otherwise. `more`: what has no words. */
function found(facts: string, error: SpokeError | null = null, more: Partial<Observations> = {}) {
	const {observations, tls, route} = givenVerdicts(
		[facts, ...(facts.includes('tls ') ? [] : ['tls verified proven']), ...(facts.includes('route ') ? [] : ['route direct proven'])].join(
			'; ',
		),
	);
	return pathFindings({...observations, ...more}, tls, route, {error: error?.toJSON() ?? null, distribution: null});
}

const codes = (facts: string, error: SpokeError | null = null) =>
	found(facts, error).map(({row, code, severity, leg}) => `${row} ${code} ${severity} ${leg}`);

const rows = rowsOf(`
	answered → nothing
	answered; socket plain → N5 APISERVER_PLAIN error 1
	answered; socket plain; gateway → N5 APISERVER_PLAIN error 1, N5 GATEWAY_IN_FRONT info 1 # worst first
	answered; socket unverified → N5 APISERVER_NOT_VERIFIED warning 1
	answered; gateway → N5 GATEWAY_IN_FRONT info 1
	answered; server-unknown → N5 FRONT_NOT_KNOWN info 1
	answered; socket unverified; server-unknown → N5 APISERVER_NOT_VERIFIED warning 1

	answered; tls unverified proven → C4 KUBELET_CERT_NOT_VERIFIED warning 2
	answered; node-proxy https:10250 kubelet; tls unverified proven → C4 KUBELET_CERT_NOT_VERIFIED warning 2
	answered; node-proxy https:443; tls unverified proven → C6 PROXY_NOT_VERIFIED warning 2
	answered; pod-proxy https:443; tls unverified proven → C7 PROXY_NOT_VERIFIED warning 2
	answered; service-proxy https:443; tls unverified proven → C8 PROXY_NOT_VERIFIED warning 2
	answered; service-proxy http:443; tls plain proven → C8 PROXY_PLAIN warning 2
	answered; tls refused inferred → C4 KUBELET_CERT_REFUSED error 2
	answered; tls unknown proven; route unknown proven → nothing
	answered; route konnectivity proven → nothing
	flagz ca=none egress=/egress.yaml; text x509 → C10 EGRESS_PROXY_REFUSED error 2, C4 APISERVERS_NOT_READ info 1
	answered; route ssh-tunnel proven → C9 SSH_TUNNELS warning 2

	# An open connection says nothing about other apiservers, and a configuration says which ones were not read.
	answered; flagz ca=none egress=none p1; replicas 3 → nothing
	flagz ca=none egress=none p1; replicas 3 → C4 APISERVERS_NOT_READ info 1
	flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 1 → nothing
	flagz ca=none egress=none p1; process p1; replicas 1 → C4 APISERVERS_NOT_READ info 1
	ended; flagz ca=none egress=none p1; replicas 3 → nothing
	replicas 3 → nothing
`);

for (const {given: facts, expected} of rows) {
	test(`${facts}: ${expected}`, t => {
		t.is(codes(facts).join(', ') || 'nothing', expected);
	});
}

test('a failed leg 2 is listed first, and a failure inside the pod is no finding', t => {
	t.deepEqual(codes('answered; tls refused inferred', new SpokeError('ERR_SECOND_LEG', 'refused')), [
		'C10 SECOND_LEG_FAILED error 2',
		'C4 KUBELET_CERT_REFUSED error 2',
	]);
	t.deepEqual(codes('answered', new SpokeError('ERR_TARGET_GONE', 'gone', {leg: 3})), []);
});

test('a refused certificate is called the kubelet’s only if the apiserver has no egress file', t => {
	const message = (facts: string) => found(`answered; tls refused inferred${facts}`)[0]?.message;
	t.is(message('; flagz ca=/ca.crt egress=none'), 'The apiserver checks the kubelet’s certificate and refuses it');
	t.is(message(''), 'The apiserver refuses a certificate: the kubelet’s, or that of an egress proxy');
});

test('a remedy belongs to its finding', t => {
	const remedy = (facts: string, error: SpokeError | null = null) => found(`answered; ${facts}`, error)[0]?.remedy;
	t.is(remedy('tls unverified proven'), remedies.kubeletCa);
	t.is(remedy('logs unverified; tls unverified proven'), 'omit --insecure-skip-tls-verify-backend');
	t.is(remedy('tls refused inferred'), remedies.kubeletServing);
	t.is(remedy('socket plain'), 'use the https server address in the kubeconfig');
	t.is(remedy('route ssh-tunnel proven'), remedies.konnectivity);
	t.is(remedy('nothing', new SpokeError('ERR_SECOND_LEG', 'no agent', {remedy: 'start the agents'})), 'start the agents');
	t.regex(remedy('pod-proxy https:443; tls unverified proven') ?? '', /^use a port-forward/);
	t.is(found('answered; tls unverified proven')[0]?.docs, docs.kubelet);
	t.is(found('answered; pod-proxy http:443; tls plain proven')[0]?.docs, docs.proxied);
});

test('unavailable sources are counted and named', t => {
	const message = (facts: string, more: Partial<Observations> = {}) => found(facts, null, more)[0]?.message ?? '';
	const one = 'flagz ca=none egress=none p1';
	const two = `${one}; flagz ca=none egress=none @c2 p2`;
	t.regex(message(`${one}; replicas 3`), /^1 of at least 3 apiservers examined: a new connection may end at another/);
	t.regex(message(`${one}; replicas 1`), /^1 of at least 1 apiserver examined:/);
	t.regex(message(one), /^The number of apiservers is unknown, and 1 was examined:/);
	t.regex(message(two), /^The number of apiservers is unknown, and 2 were examined:/);
	t.regex(
		message('flagz ca=0 p1; flagz ca=1 @c2 p2; replicas 2'),
		/^2 of at least 2 apiservers examined, and they differ \(see spoke audit\): a new connection may end at another/,
	);
	t.regex(
		message(`${one}; replicas 2`, {unreadApiservers: ['10.0.0.6:6443: refused']}),
		/for an examined apiserver; not read: 10\.0\.0\.6:6443: refused$/,
	);
	t.regex(
		message('answered', {serverIdentity: {to: 'gateway', why: 'the server URL has the path /x'}}),
		/^A gateway responds, not an apiserver: the server URL has the path \/x$/,
	);
});

test('an open verdict of a configuration is explained by the distribution, a proven one is not', t => {
	const unknown = {state: 'unknown', basis: 'unknown', authors: [], citations: [], need: []} as const;
	const verified = {state: 'verified', basis: 'proven', authors: ['apiserver'], citations: [], need: []} as const;
	const distribution = recognizeDistribution({version: 'v1.31.2+k3s1', server: 'https://10.0.0.5:6443', nodes: []});
	const of = (tls: typeof unknown | typeof verified, route: typeof unknown) =>
		pathFindings(given('nothing'), tls, {...route, protocol: null, agent: null}, {error: null, distribution}).filter(
			({code}) => code === 'DISTRIBUTION',
		);
	t.regex(
		of(unknown, unknown)[0]!.message,
		/^This looks like k3s \(version v1\.31\.2\+k3s1\)\. Usually there: kubelets are dialed .*; k3s sets --kubelet-certificate-authority/,
	);
	t.notRegex(of(verified, unknown)[0]!.message, /k3s sets/);
	const direct = {state: 'direct', basis: 'proven', authors: ['apiserver'], citations: [], need: [], protocol: null, agent: null} as const;
	t.deepEqual(
		pathFindings(given('nothing'), verified, direct, {error: null, distribution}).filter(({code}) => code === 'DISTRIBUTION'),
		[],
	);
	const [ofKubelets] = pathFindings(given('nothing'), unknown, direct, {error: null, distribution});
	t.notRegex(ofKubelets!.message, /kubelets are dialed/);
	t.is(ofKubelets!.docs, distribution!.distribution.kubeletsSource ?? null);
	t.is(of(unknown, unknown)[0]!.docs, distribution!.distribution.source);
	// What a distribution sets for kubelets says nothing about a pod.
	t.deepEqual(pathFindings(given('pod-proxy https:443'), unknown, direct, {error: null, distribution}), []);
});
