/** Findings and their remedies. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {Basis, Observations, ProxyRequestFacts, RouteState, StreamFeature, TlsState} from '../../../source/evidence/evidence.ts';
import {pathFindings} from '../../../source/evidence/rules/path-findings.ts';
import {recognizeDistribution} from '../../../source/evidence/rules/recognize-distribution.ts';
import {docs, remedies} from '../../../source/evidence/rules/remedies.ts';
import {
	openConnection,
	flags,
	makeObservations,
	advertisedFlags,
	knownReplicas,
	unverifiedFlags,
	processOf,
	failure,
	tunnelFlags,
	makeObservation,
	socketFacts,
} from '../../support/observations.ts';

type FindingInput = {
	observations?: Partial<Observations>;
	feature?: StreamFeature;
	request?: ProxyRequestFacts | null;
	tls?: TlsState;
	tlsBasis?: Basis;
	route?: RouteState;
	error?: SpokeError | null;
};

function found({
	observations = {...openConnection},
	feature = 'exec',
	request = null,
	tls = 'verified',
	route = 'direct',
	error = null,
	tlsBasis = 'proven',
}: FindingInput) {
	const rest = {basis: 'proven', citations: [], need: []} as const;
	return pathFindings(
		makeObservations(observations, feature, request),
		{state: tls, ...rest, basis: tlsBasis},
		{state: route, protocol: null, agent: null, ...rest},
		{error: error?.toJSON() ?? null, distribution: null},
	);
}

const codes = (input: FindingInput) => found(input).map(({row, code, severity, leg}) => `${row} ${code} ${severity} ${leg}`);
const socket = (facts: Partial<typeof socketFacts>) => ({
	...openConnection,
	socket: makeObservation('socket', {...socketFacts, ...facts}, {connection: 'c1'}),
});
const unchecked = socket({tls: {...socketFacts.tls!, verified: false, skippedBy: 'insecure-skip-tls-verify'}});
const request = (kubeletPort: boolean): ProxyRequestFacts => ({
	scheme: 'https',
	port: kubeletPort ? 10_250 : 443,
	portName: null,
	kubeletPort,
});
const read = (count: number) =>
	Array.from({length: count}, (_, index) => flags(unverifiedFlags, {process: `p${index + 1}`, connection: `c${index + 1}`}));

const rows: ReadonlyArray<[title: string, input: FindingInput, codes: readonly string[]]> = [
	['every leg verified', {}, []],
	['leg 1 without TLS', {observations: socket({tls: null, scheme: 'http'})}, ['N5 APISERVER_PLAIN error 1']],
	[
		'leg 1 without TLS, which a gateway serves, worst first',
		{observations: {...socket({tls: null, scheme: 'http'}), serverIdentity: {to: 'gateway', why: 'plain HTTP'}}},
		['N5 APISERVER_PLAIN error 1', 'N5 GATEWAY_IN_FRONT info 1'],
	],
	['leg 1 unverified', {observations: unchecked}, ['N5 APISERVER_NOT_VERIFIED warning 1']],
	[
		'a gateway',
		{observations: {...openConnection, serverIdentity: {to: 'gateway', why: 'the server URL has the path /x'}}},
		['N5 GATEWAY_IN_FRONT info 1'],
	],
	[
		'a server that may be a gateway',
		{observations: {...openConnection, serverIdentity: {to: 'unknown', why: 'its authority'}}},
		['N5 FRONT_NOT_KNOWN info 1'],
	],
	[
		'an unverified server that may be a gateway',
		{observations: {...unchecked, serverIdentity: {to: 'unknown', why: 'unchecked'}}},
		['N5 APISERVER_NOT_VERIFIED warning 1'],
	],
	['an unverified kubelet', {tls: 'unverified'}, ['C4 KUBELET_CERT_NOT_VERIFIED warning 2']],
	[
		'the kubelet port through the node proxy',
		{tls: 'unverified', feature: 'node-proxy', request: request(true)},
		['C4 KUBELET_CERT_NOT_VERIFIED warning 2'],
	],
	[
		'another node port through the node proxy',
		{tls: 'unverified', feature: 'node-proxy', request: request(false)},
		['C6 PROXY_NOT_VERIFIED warning 2'],
	],
	['a pod over HTTPS', {tls: 'unverified', feature: 'pod-proxy', request: request(false)}, ['C7 PROXY_NOT_VERIFIED warning 2']],
	['a service over HTTPS', {tls: 'unverified', feature: 'service-proxy', request: request(false)}, ['C8 PROXY_NOT_VERIFIED warning 2']],
	[
		'a service over HTTP',
		{tls: 'plain', feature: 'service-proxy', request: {...request(false), scheme: 'http'}},
		['C8 PROXY_PLAIN warning 2'],
	],
	['a refused kubelet certificate', {tls: 'refused'}, ['C4 KUBELET_CERT_REFUSED error 2']],
	['an unknown leg 2', {tls: 'unknown', route: 'unknown'}, []],
	['a tunnel', {route: 'konnectivity'}, []],
	[
		'an egress proxy whose certificate is refused',
		{observations: {flags: [flags(tunnelFlags)], failures: [failure({tls: 'refused', mayBeFromFarEnd: false})]}},
		['C10 EGRESS_PROXY_REFUSED error 2', 'C4 APISERVERS_NOT_READ info 1'],
	],
	['SSH tunnels', {route: 'ssh-tunnel'}, ['C9 SSH_TUNNELS warning 2']],
	[
		'a failed leg 2, listed first',
		{tls: 'refused', error: new SpokeError('ERR_SECOND_LEG', 'refused')},
		['C10 SECOND_LEG_FAILED error 2', 'C4 KUBELET_CERT_REFUSED error 2'],
	],
	['a failure inside the pod', {error: new SpokeError('ERR_TARGET_GONE', 'gone', {leg: 3})}, []],
	[
		'an open connection, with other apiservers not read',
		{observations: {...openConnection, flags: read(1), replicas: knownReplicas(3)}},
		[],
	],
	['one of three apiservers read', {observations: {flags: read(1), replicas: knownReplicas(3)}}, ['C4 APISERVERS_NOT_READ info 1']],
	[
		'the only known apiserver read at its own address',
		{
			observations: {
				flags: [flags({...unverifiedFlags, ...advertisedFlags}, {process: 'p1'})],
				process: processOf('p1'),
				replicas: knownReplicas(1),
			},
		},
		[],
	],
	[
		'the only known apiserver not read at its own address',
		{observations: {flags: read(1), process: processOf('p1'), replicas: knownReplicas(1)}},
		['C4 APISERVERS_NOT_READ info 1'],
	],
	['no apiserver read', {observations: {replicas: knownReplicas(3)}}, []],
];

for (const [title, input, expected] of rows) {
	test(`${title}: ${expected.join(', ') || 'no findings'}`, t => {
		t.deepEqual(codes(input), expected);
	});
}

test('a refused certificate is called the kubelet’s only if that is proven', t => {
	const message = (tlsBasis: Basis) => found({tls: 'refused', tlsBasis})[0]?.message;
	t.is(message('proven'), 'The apiserver checks the kubelet’s certificate and refuses it');
	t.is(message('inferred'), 'The apiserver refuses a certificate: the kubelet’s, or that of an egress proxy');
});

test('a remedy belongs to its finding', t => {
	const remedy = (input: FindingInput) => found(input)[0]?.remedy;
	t.is(remedy({tls: 'unverified'}), remedies.kubeletCa);
	t.is(
		remedy({
			tls: 'unverified',
			observations: {...openConnection, purpose: {...makeObservations().purpose, feature: 'logs', insecureSkipTlsVerifyBackend: true}},
			feature: 'logs',
		}),
		'omit --insecure-skip-tls-verify-backend',
	);
	t.is(remedy({tls: 'refused'}), remedies.kubeletServing);
	t.is(remedy({observations: socket({tls: null, scheme: 'http'})}), 'use the https server address in the kubeconfig');
	t.is(remedy({route: 'ssh-tunnel'}), remedies.konnectivity);
	t.is(remedy({error: new SpokeError('ERR_SECOND_LEG', 'no agent', {remedy: 'start the agents'})}), 'start the agents');
	t.regex(remedy({tls: 'unverified', feature: 'pod-proxy', request: request(false)}) ?? '', /^use a port-forward/);
	t.is(found({tls: 'unverified'})[0]?.docs, docs.kubelet);
	t.is(found({tls: 'plain', feature: 'pod-proxy', request: {...request(false), scheme: 'http'}})[0]?.docs, docs.proxied);
});

test('unavailable sources are counted and named', t => {
	const message = (observations: Partial<Observations>) => found({observations})[0]?.message ?? '';
	t.regex(
		message({flags: read(1), replicas: knownReplicas(3)}),
		/^1 of at least 3 apiservers examined: a new connection may end at another/,
	);
	t.regex(message({flags: read(1), replicas: null}), /^The number of apiservers is unknown, and 1 was examined:/);
	t.regex(message({flags: read(2), replicas: null}), /^The number of apiservers is unknown, and 2 were examined:/);
	t.regex(
		message({
			flags: read(2).map((flags, index) => ({...flags, facts: {...flags.facts, values: {'kubelet-certificate-authority': String(index)}}})),
			replicas: knownReplicas(2),
		}),
		/^2 of at least 2 apiservers examined, and they differ \(see spoke audit\): a new connection may end at another/,
	);
	t.regex(
		message({flags: read(1), replicas: knownReplicas(2), unreachedAddresses: ['10.0.0.6:6443: refused']}),
		/for an examined apiserver; not read: 10\.0\.0\.6:6443: refused$/,
	);
	t.regex(
		found({observations: {...openConnection, serverIdentity: {to: 'gateway', why: 'the server URL has the path /x'}}})[0]!.message,
		/^A gateway responds, not an apiserver: the server URL has the path \/x$/,
	);
});

test('an open verdict of a configuration is explained by the distribution, a proven one is not', t => {
	const unknown = {state: 'unknown', basis: 'unknown', citations: [], need: []} as const;
	const verified = {state: 'verified', basis: 'proven', citations: [], need: []} as const;
	const distribution = recognizeDistribution({version: 'v1.31.2+k3s1', server: 'https://10.0.0.5:6443', nodes: []});
	const of = (tls: typeof unknown | typeof verified, route: typeof unknown) =>
		pathFindings(makeObservations({}, 'exec', null), tls, {...route, protocol: null, agent: null}, {error: null, distribution}).filter(
			({code}) => code === 'DISTRIBUTION',
		);
	t.regex(
		of(unknown, unknown)[0]!.message,
		/^This looks like k3s \(version v1\.31\.2\+k3s1\)\. Usually there: kubelets are dialed .*; k3s sets --kubelet-certificate-authority/,
	);
	t.notRegex(of(verified, unknown)[0]!.message, /k3s sets/);
	const direct = {state: 'direct', basis: 'proven', citations: [], need: [], protocol: null, agent: null} as const;
	t.deepEqual(
		pathFindings(makeObservations({}, 'exec', null), verified, direct, {error: null, distribution}).filter(
			({code}) => code === 'DISTRIBUTION',
		),
		[],
	);
	const [ofKubelets] = pathFindings(makeObservations({}, 'exec', null), unknown, direct, {error: null, distribution});
	t.notRegex(ofKubelets!.message, /kubelets are dialed/);
	t.is(ofKubelets!.docs, distribution!.distribution.kubelets.source);
	t.is(of(unknown, unknown)[0]!.docs, distribution!.distribution.route.source);
	// What a distribution sets for kubelets says nothing about a pod.
	t.deepEqual(pathFindings(makeObservations({}, 'pod-proxy', request(false)), unknown, direct, {error: null, distribution}), []);
});
