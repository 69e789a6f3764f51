/** Findings and their remedies. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {Observations, ProxyRequestFacts, RouteState, StreamFeature, TlsState} from '../../../source/evidence/evidence.ts';
import {pathFindings} from '../../../source/evidence/rules/path-findings.ts';
import {docs, remedies} from '../../../source/evidence/rules/remedies.ts';
import {answered, flags, makeObservations, here, known, off, processOf, makeObservation, socketFacts} from '../../support/observations.ts';

type Given = {
	of?: Partial<Observations>;
	feature?: StreamFeature;
	request?: ProxyRequestFacts | null;
	tls?: TlsState;
	route?: RouteState;
	error?: SpokeError | null;
};

function found({of = {...answered}, feature = 'exec', request = null, tls = 'verified', route = 'direct', error = null}: Given) {
	const rest = {basis: 'proven', citations: [], need: []} as const;
	return pathFindings(
		makeObservations(of, feature, request),
		{state: tls, ...rest},
		{state: route, protocol: null, agent: null, ...rest},
		error?.toJSON() ?? null,
	);
}

const codes = (given: Given) => found(given).map(({row, code, severity, leg}) => `${row} ${code} ${severity} ${leg}`);
const socket = (facts: Partial<typeof socketFacts>) => ({
	...answered,
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
	Array.from({length: count}, (_, index) => flags(off, {process: `p${index + 1}`, connection: `c${index + 1}`}));

const rows: ReadonlyArray<[title: string, given: Given, codes: readonly string[]]> = [
	['all is checked', {}, []],
	['leg 1 without TLS', {of: socket({tls: null, scheme: 'http'})}, ['N5 APISERVER_PLAIN error 1']],
	['leg 1 unchecked', {of: unchecked}, ['N5 APISERVER_NOT_VERIFIED warning 1']],
	[
		'a gateway',
		{of: {...answered, serverIdentity: {to: 'gateway', why: 'the server URL has the path /x'}}},
		['N5 GATEWAY_IN_FRONT info 1'],
	],
	['a server that may be one', {of: {...answered, serverIdentity: {to: 'unknown', why: 'its authority'}}}, ['N5 FRONT_NOT_KNOWN info 1']],
	[
		'a server that may be one, unverified: one finding',
		{of: {...unchecked, serverIdentity: {to: 'unknown', why: 'unchecked'}}},
		['N5 APISERVER_NOT_VERIFIED warning 1'],
	],
	['an unverified kubelet', {tls: 'unverified'}, ['C4 KUBELET_CERT_NOT_VERIFIED warning 2']],
	[
		'a kubelet’s own port through the proxy',
		{tls: 'unverified', feature: 'node-proxy', request: request(true)},
		['C4 KUBELET_CERT_NOT_VERIFIED warning 2'],
	],
	['another port of a node', {tls: 'unverified', feature: 'node-proxy', request: request(false)}, ['C6 PROXY_NOT_VERIFIED warning 2']],
	['a pod by https', {tls: 'unverified', feature: 'pod-proxy', request: request(false)}, ['C7 PROXY_NOT_VERIFIED warning 2']],
	['a service by https', {tls: 'unverified', feature: 'service-proxy', request: request(false)}, ['C8 PROXY_NOT_VERIFIED warning 2']],
	[
		'a service by http',
		{tls: 'plain', feature: 'service-proxy', request: {...request(false), scheme: 'http'}},
		['C8 PROXY_PLAIN warning 2'],
	],
	['a kubelet that is refused', {tls: 'refused'}, ['C4 KUBELET_CERT_REFUSED error 2']],
	['nothing is known of leg 2', {tls: 'unknown', route: 'unknown'}, []],
	['a tunnel', {route: 'konnectivity'}, []],
	['SSH tunnels', {route: 'ssh-tunnel'}, ['C9 SSH_TUNNELS warning 2']],
	[
		'a failed leg 2, listed first',
		{tls: 'refused', error: new SpokeError('ERR_SECOND_LEG', 'refused')},
		['C10 SECOND_LEG_FAILED error 2', 'C4 KUBELET_CERT_REFUSED error 2'],
	],
	['a failure of the pod is not one of the path', {error: new SpokeError('ERR_TARGET_GONE', 'gone', {leg: 3})}, []],
	['an open connection does not mention other apiservers', {of: {...answered, flags: read(1), replicas: known(3)}}, []],
	['of three apiservers one was read', {of: {flags: read(1), replicas: known(3)}}, ['C4 APISERVERS_NOT_READ info 1']],
	[
		'the only one was read, at its own address',
		{of: {flags: [flags({...off, ...here}, {process: 'p1'})], process: processOf('p1'), replicas: known(1)}},
		[],
	],
	[
		'the only known one was read, and not at its own address',
		{of: {flags: read(1), process: processOf('p1'), replicas: known(1)}},
		['C4 APISERVERS_NOT_READ info 1'],
	],
	['none was read', {of: {replicas: known(3)}}, []],
];

for (const [title, given, expected] of rows) {
	test(`${title}: ${expected.join(', ') || 'nothing'}`, t => {
		t.deepEqual(codes(given), expected);
	});
}

test('a remedy belongs to its finding', t => {
	const remedy = (given: Given) => found(given)[0]?.remedy;
	t.is(remedy({tls: 'unverified'}), remedies.kubeletCa);
	t.is(
		remedy({
			tls: 'unverified',
			of: {...answered, purpose: {...makeObservations().purpose, feature: 'logs', insecureSkipTlsVerifyBackend: true}},
			feature: 'logs',
		}),
		'omit --insecure-skip-tls-verify-backend',
	);
	t.is(remedy({tls: 'refused'}), remedies.kubeletServing);
	t.is(remedy({route: 'ssh-tunnel'}), remedies.konnectivity);
	t.is(remedy({error: new SpokeError('ERR_SECOND_LEG', 'no agent', {remedy: 'start the agents'})}), 'start the agents');
	t.is(found({tls: 'unverified'})[0]?.docs, docs.kubelet);
	t.is(found({tls: 'plain', feature: 'pod-proxy', request: {...request(false), scheme: 'http'}})[0]?.docs, docs.proxied);
});

test('unavailable sources are counted and named', t => {
	const message = (of: Partial<Observations>) => found({of})[0]?.message ?? '';
	t.regex(message({flags: read(1), replicas: known(3)}), /^1 of at least 3 apiservers examined: a new connection may end at another/);
	t.regex(message({flags: read(1), replicas: null}), /^The number of apiservers is unknown, and 1 was examined:/);
	t.regex(message({flags: read(2), replicas: null}), /^The number of apiservers is unknown, and 2 were examined:/);
	t.regex(
		message({flags: read(1), replicas: known(2), unreachedAddresses: ['10.0.0.6:6443: refused']}),
		/until it is open; not read: 10\.0\.0\.6:6443: refused$/,
	);
	t.regex(
		found({of: {...answered, serverIdentity: {to: 'gateway', why: 'the server URL has the path /x'}}})[0]!.message,
		/^A gateway answers, not an apiserver: the server URL has the path \/x$/,
	);
});
