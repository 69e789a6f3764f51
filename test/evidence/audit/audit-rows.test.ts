/** Verdicts of the audit rows. */
import test from 'ava';
import {auditLegState} from '../../../source/report/descriptions/describe-audit.ts';
import {auditJson, rowIds, type RowId, type RowVerdict} from '../../../source/evidence/audit/audit-object.ts';
import {parseRequirement} from '../../../source/evidence/audit/requirements.ts';
import {auditOf} from '../../../source/evidence/audit/run-audit.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {Observations, SecondLegOutcome} from '../../../source/evidence/evidence.ts';
import type {KubeletConfigurationFacts} from '../../../source/evidence/probes/kubelet.ts';
import {needApiserverItself} from '../../../source/evidence/rules/needs.ts';
import {recognizeDistribution} from '../../../source/evidence/rules/distributions.ts';
import {auditObservations, good, componentPod, goodKubelet, read, unavailable, type Given} from '../../support/audit-observations.ts';
import {
	failure,
	flags,
	knownReplicas,
	metrics,
	otherAdvertisedFlags,
	mirrorPod,
	unverifiedFlags,
	verifyingFlags,
	processOf,
	makeObservation,
	stepTest,
	versionOf,
} from '../../support/observations.ts';

const facts = {
	context: 'lab',
	server: 'https://10.0.0.5:6443',
	namespace: 'default',
	user: 'ada',
	impersonating: null,
	impersonatedGroups: [],
	sandbox: false,
	source: 'kubeconfig',
	certificateAuthority: null,
	configured: {server: null, certificateAuthority: null},
	insecureSkipTlsVerify: false,
	proxy: null,
} as const;
const options = {probe: 'passive', require: [], minBasis: 'proven'} as const;
const rowOf = (given: Given, id: RowId) => auditOf(auditObservations(given), {facts}, options).rows.find(row => row.id === id)!;

const unverified: Given = {base: {flags: [flags({...good, ...unverifiedFlags}, {process: 'p1'})], stepTests: []}};
const closed: Given = {base: {flags: [], process: null, stepTests: [], replicas: null}};
const old = (more: Given['base']): Given => ({base: {...more, version: versionOf('v1.20.0')}, shared: {version: versionOf('v1.20.0')}});

const oneWithoutTunnel: Given = {
	base: {
		replicas: knownReplicas(2),
		flags: [flags(good, {process: 'p1'}), flags({...good, ...otherAdvertisedFlags}, {process: 'p2', connection: 'c2'})],
	},
	others: [{connection: 'c2', process: processOf('p2'), stepTests: [stepTest('nothing', {process: 'p2'})]}],
};
function attempt(farEnd: string, row: string, words: string): SecondLegOutcome {
	const error = new SpokeError('ERR_SECOND_LEG', words).toJSON();
	return {
		farEnd,
		feature: 'exec',
		time: '2026-11-24T13:59:48.000Z',
		process: 'p1',
		failure: {
			error,
			facts: failure({row, text: words, route: row === 'D1' ? null : 'konnectivity'}).facts,
			authors: ['apiserver', 'kubelet'],
		},
	};
}

const kubelet = (more: Partial<KubeletConfigurationFacts>) => [read({...goodKubelet, ...more})];
const noAgent = (farEnd: string) => attempt(farEnd, 'G1', 'No agent available');
const unreachedAddresses = (farEnd: string) => attempt(farEnd, 'D1', 'connection refused');

/** By the text alone: no flags can be read. */
const refused: Given = {base: {...closed.base, failures: [failure({tls: 'refused'})]}};

const byTcpProxy = {stepTests: [], metrics: [metrics({egressDials: [{protocol: 'http-connect', transport: 'tcp', count: 2}]})]} as const;
const refusedTwice = makeObservation(
	'log-differential',
	{normal: 'certificate-refused' as const, skipping: 'certificate-refused' as const, text: 'x509', node: 'n1'},
	{connection: 'c1', active: true},
);

const rows: ReadonlyArray<[id: RowId, title: string, given: Given, verdict: RowVerdict]> = [
	['N1', 'kubelets alive, authorization on', {}, 'pass'],
	['N1', 'AlwaysAllow', {base: {flags: [flags({...good, 'authorization-mode': '[AlwaysAllow]'})]}}, 'fail'],
	[
		'N1',
		'no authorization at all, as a command line without the argument means',
		{base: {flags: [], mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5'})]}},
		'fail',
	],
	[
		'N1',
		'authorization by a file',
		{base: {flags: [], mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5', 'authorization-config': '/a.yaml'})]}},
		'pass',
	],
	['N1', 'anonymous requests that may read the API', {anonymous: read({anonymous: 'over-granted', observed: '200 200 200'})}, 'fail'],
	['N1', 'no kubelet alive', {leases: read({fresh: [], stale: ['n1'], more: 0})}, 'fail'],
	['N1', 'one node of two silent', {leases: read({fresh: ['n1'], stale: ['n2'], more: 0})}, 'warn'],
	['N1', 'static tokens', {base: {flags: [flags({...good, 'token-auth-file': '/t.csv'})]}}, 'warn'],
	['N1', 'leases not readable', {leases: unavailable('lease')}, 'unknown'],
	['N2', 'all approved', {}, 'pass'],
	[
		'N2',
		'one pending',
		{
			signingRequests: read([{name: 'c', signer: 'kubernetes.io/kubelet-serving', user: 'system:node:n1', state: 'pending'}]),
		},
		'warn',
	],
	[
		'N2',
		'one denied',
		{signingRequests: read([{name: 'c', signer: 'kubernetes.io/kubelet-serving', user: 'system:node:n1', state: 'denied'}])},
		'fail',
	],
	['N2', 'not readable', {signingRequests: unavailable('csr')}, 'unknown'],
	['N3', 'the same authority', {}, 'pass'],
	['N3', 'no endpoint', {endpoints: read({addresses: []})}, 'fail'],
	[
		'N3',
		'no root certificate in the namespace',
		{shared: {ca: null, unavailable: [{source: 'ca-comparison', where: '', reason: 'not-served', need: null}]}},
		'fail',
	],
	['N3', 'a gateway in front', {base: {serverIdentity: {to: 'gateway', why: 'path'}}}, 'unknown'],
	['N4', 'no insecure port on this version', {}, 'pass'],
	['N4', 'a component with a plain server', {components: [componentPod('kube-scheduler', {master: 'http://10.0.0.5:8080'})]}, 'fail'],
	['N4', 'an old version, nothing observed', {...old({}), components: null}, 'unknown'],
	['N5', 'all as documented', {}, 'pass'],
	['N5', 'one row fails', {endpoints: read({addresses: []})}, 'fail'],
	['N5', 'one row unknown', {leases: unavailable('lease')}, 'unknown'],
	['N6', 'loopback and client certificates', {}, 'pass'],
	['N6', 'etcd by plain HTTP beyond loopback', {base: {flags: [flags({...good, 'etcd-servers': '[http://10.0.0.7:2379]'})]}}, 'fail'],
	[
		'N6',
		'etcd by plain HTTP beyond loopback, by IPv6',
		{base: {flags: [flags({...good, 'etcd-servers': '[http://[2001:db8::7]:2379]'})]}},
		'fail',
	],
	['N6', 'etcd by plain HTTP on loopback, by IPv6', {base: {flags: [flags({...good, 'etcd-servers': '[http://[::1]:2379]'})]}}, 'pass'],
	[
		'N6',
		'etcd by plain HTTP at a name that begins as loopback does',
		{base: {flags: [flags({...good, 'etcd-servers': '[http://localhost.example.com:2379]'})]}},
		'fail',
	],
	[
		'N6',
		'a scheduler on another address of loopback',
		{components: [componentPod('kube-scheduler', {'bind-address': '127.0.0.53'})]},
		'pass',
	],
	['N6', 'a scheduler on all addresses', {components: [componentPod('kube-scheduler', {'bind-address': '0.0.0.0'})]}, 'warn'],
	['N6', 'nothing observed', {...closed, components: null}, 'unknown'],
	...(['C1', 'C2', 'C3'] as const).flatMap((id): Array<[RowId, string, Given, RowVerdict]> => [
		[id, 'verified', {}, 'pass'],
		[id, 'unverified and direct', unverified, 'fail'],
		[
			id,
			'verified here, unverified on another apiserver',
			{
				base: {replicas: knownReplicas(2)},
				others: [
					{
						connection: 'c2',
						process: processOf('p2'),
						flags: [flags({...good, ...unverifiedFlags}, {process: 'p2', connection: 'c2'})],
						stepTests: [],
					},
				],
			},
			'fail',
		],
		[id, 'refused', {base: {failures: [failure({tls: 'refused'})]}}, 'warn'],
		[id, 'no readable source', closed, 'unknown'],
	]),
	['C4', 'on everywhere', {}, 'pass'],
	['C4', 'off', unverified, 'fail'],
	[
		'C4',
		'on here and off there',
		{
			base: {
				flags: [flags(good, {process: 'p1'}), flags({...good, ...unverifiedFlags}, {process: 'p2', connection: 'c2'})],
				replicas: knownReplicas(2),
			},
		},
		'fail',
	],
	['C4', 'a text says that a kubelet was refused, nothing else readable', refused, 'unknown'],
	[
		'C4',
		'a kubelet can have written that it was refused, nothing else readable',
		{base: {...closed.base, failures: [failure({tls: 'refused'})]}},
		'unknown',
	],
	['C4', 'no readable source', closed, 'unknown'],
	['C5', 'webhook, no anonymous', {}, 'pass'],
	['C5', 'a read-only port', {kubelets: kubelet({readOnlyPort: 10_255})}, 'fail'],
	['C5', 'anonymous on', {kubelets: kubelet({anonymous: true})}, 'warn'],
	[
		'C5',
		'a configuration without an authorization mode',
		{kubelets: kubelet({webhook: false, clientCa: false, authorizationMode: ''})},
		'unknown',
	],
	['C5', 'not readable', {kubelets: [unavailable('configz')]}, 'unknown'],
	...(['C6', 'C7', 'C8'] as const).flatMap((id): Array<[RowId, string, Given, RowVerdict]> => [
		[id, 'inside the tunnel', {}, 'pass'],
		[id, 'direct', unverified, 'fail'],
		[id, 'no readable source', closed, 'unknown'],
	]),
	['C9', 'a version without SSH tunnels', {}, 'pass'],
	['C9', 'in use', old({metrics: [metrics({sshTunnels: 2})], flags: [], process: null, stepTests: []}), 'fail'],
	['C9', 'in use by a mirror pod', old({mirrorPods: [mirrorPod('a', {'ssh-user': 'core'})], flags: [], process: null}), 'unknown'],
	['C9', 'an old version, nothing observed', old({flags: [], process: null, stepTests: []}), 'unknown'],
	['C10', 'in use, agents ready', {}, 'pass'],
	['C10', 'in use, no agent ready', {agents: read([{namespace: 'kube-system', name: 'a', node: 'n1', ready: false, ports: []}])}, 'fail'],
	['C10', 'in use and failing', {base: {failures: [failure({route: 'konnectivity', text: 'No agent available'}, {active: true})]}}, 'fail'],
	['C10', 'in use, and the certificate of its proxy refused', {base: {...byTcpProxy, logDifferentials: [refusedTwice]}}, 'fail'],
	['C10', 'in use, and the last attempt found no agent', {base: {outcomes: [noAgent('kubelet n1')]}}, 'fail'],
	['C10', 'in use, with a node that the agents cannot reach', {base: {outcomes: [unreachedAddresses('kubelet n1')]}}, 'pass'],
	['C1', 'protected, and the last attempt failed', {base: {outcomes: [unreachedAddresses('kubelet n1')]}}, 'warn'],
	[
		'C6',
		'a kubelet that failed says nothing of other ports',
		{base: {outcomes: [unreachedAddresses('kubelet n1')], stepTests: [stepTest('grpc', {process: 'p1'})]}},
		'pass',
	],
	[
		'C6',
		'the tunnel that all share failed',
		{base: {outcomes: [noAgent('kubelet n1')], stepTests: [stepTest('grpc', {process: 'p1'})]}},
		'warn',
	],
	['C10', 'agents there and not used', unverified, 'not-applicable'],
	['C10', 'HTTP CONNECT that may be another product', {base: {stepTests: [stepTest('http-connect')]}}, 'warn'],
	['C10', 'no readable source', closed, 'unknown'],
	['C11', 'all protected', {}, 'pass'],
	['C11', 'one exposed', unverified, 'fail'],
	['C11', 'no readable source', closed, 'unknown'],
];

for (const [id, title, given, verdict] of rows) {
	test(`${id}, ${title}: ${verdict}`, t => {
		const row = rowOf(given, id);
		t.is(row.verdict, verdict, JSON.stringify(row));
		t.true(row.verdict !== 'fail' || row.remedy !== null || row.exceptions.length > 0, 'a failure says what to do');
	});
}

test('C5 says that a kubelet’s certificate was refused when no configuration was read', t => {
	const noResponse = {
		unavailable: {source: 'configz', where: 'GET /api/v1/nodes/n1/proxy/configz', reason: 'no-response', need: null},
	} as const;
	const message = (base: NonNullable<Given['base']>) => rowOf({base, kubelets: [noResponse]}, 'C5').message;
	t.is(message({}), 'Requests for the configuration of kubelets through the apiserver failed');
	t.is(
		message({failures: [failure({tls: 'refused'})]}),
		'Requests for the configuration of kubelets through the apiserver failed; a certificate was refused, a kubelet’s or an egress proxy’s',
	);
});

test('a row whose last attempt failed shows far end, message and age', t => {
	const {message, exceptions, broken} = rowOf({base: {outcomes: [unreachedAddresses('kubelet n1')]}}, 'C2');
	t.true(broken);
	t.false(rowOf({}, 'C2').broken);
	t.regex(message, /; the last attempt failed$/);
	t.deepEqual(exceptions, ['kubelet n1: exec failed 12s ago: connection refused']);
	t.is(rowOf({base: {outcomes: [noAgent('kubelet n1')]}}, 'C10').message, 'In use, but failed 12s ago: No agent available');
	t.regex(rowOf({base: {...byTcpProxy, logDifferentials: [refusedTwice]}}, 'C10').remedy ?? '', /tlsConfig\.caBundle/);
});

test('a text does not prove that the tunnel fails', t => {
	const tunnel = {stepTests: [stepTest('http-connect', {process: 'p1'})]};
	const basisOfRow = (base: NonNullable<Given['base']>) => rowOf({base: {...tunnel, ...base}}, 'C10').basis;
	t.is(basisOfRow({logDifferentials: [refusedTwice]}), 'inferred');
	t.is(basisOfRow({failures: [failure({route: 'konnectivity', text: 'No agent available'}, {active: true})]}), 'inferred');
});

test('C4 does not say that a kubelet was refused if it may have been an egress proxy', t => {
	const failures = [failure({tls: 'refused'})];
	const message = (value: string) =>
		rowOf({base: {flags: [flags({...good, 'egress-selector-config-file': value}, {process: 'p1'})], failures}}, 'C4').message;
	t.is(
		message('/egress.yaml'),
		'Every apiserver verifies kubelets’ certificates; a certificate was refused, a kubelet’s or an egress proxy’s',
	);
	t.regex(message(''), /; a kubelet’s certificate was refused, and nothing is sent to that kubelet$/);
});

test('a need does not name a source that was read without result', t => {
	const {verdict, message, need} = rowOf({components: []}, 'N6');
	t.deepEqual(
		[verdict, need.map(({or}) => or)],
		['unknown', ['the command lines of etcd, the scheduler and the controller manager, on their hosts']],
	);
	t.regex(message, /none of the other components is a pod in kube-system/i);
	t.true(rowOf({...closed, components: null}, 'N6').need.length > 0);
});

const readAndTellsNothing: ReadonlyArray<readonly [title: string, given: Given]> = [
	['components that are not pods', {components: []}],
	['components that are not pods, on an old version', {...old({flags: [], process: null, stepTests: []}), components: []}],
	[
		'flags without the ones that matter',
		{base: {flags: [flags({}, {process: 'p1'})], stepTests: []}, own: {flags: flags({})}, components: []},
	],
	['metrics that were read, on an old version', {...old({flags: [], process: null, stepTests: []}), components: []}],
	['a gateway', {base: {serverIdentity: {to: 'gateway', why: 'path'}}}],
	['an unknown server', {base: {serverIdentity: {to: 'unknown', why: 'no name'}}}],
	[
		'an unknown server, and no CA to compare',
		{
			base: {serverIdentity: {to: 'unknown', why: 'no name'}},
			shared: {ca: null, unavailable: [{source: 'ca-comparison', where: '', reason: 'no-response', need: null}]},
		},
	],
	[
		'no version',
		{base: {version: null, flags: [], process: null, stepTests: []}, shared: {version: null}, components: [], own: {flags: null}},
	],
	[
		'an unavailable source without a need',
		{
			...closed,
			leases: {unavailable: {source: 'lease', where: '', reason: 'no-response', need: null}},
			anonymous: {unavailable: {source: 'anonymous-probe', where: '', reason: 'not-requested', need: null}},
			components: [],
		},
	],
];
for (const [title, given] of [...rows.map(([id, title, given]) => [`${id}, ${title}`, given] as const), ...readAndTellsNothing]) {
	test(`each unknown row has a need: ${title}`, t => {
		const {rows: all} = auditOf(auditObservations(given), {facts}, options);
		t.deepEqual(
			all
				.filter(({verdict, state, need}) => (verdict === 'unknown' || state === 'unknown') && need.length === 0)
				.map(({id, message}) => `${id}: ${message}`),
			[],
		);
	});
}

test('the rows of this table cover pass, fail and unknown for each row id', t => {
	for (const id of rowIds) {
		const seen = new Set(rows.filter(row => row[0] === id).map(([, , , verdict]) => verdict));
		t.true(seen.has('pass') && seen.has('fail') && seen.has('unknown'), `${id}: ${[...seen].join(' ')}`);
	}
});

test('a good row is proven only when every known apiserver was read', t => {
	const balanced: Given = {
		base: {flags: [flags({...good, 'advertise-address': '10.0.0.6'}, {process: 'p1'})], replicas: knownReplicas(1, ['10.0.0.6:6443'])},
	};
	t.like(rowOf(balanced, 'C4'), {verdict: 'pass', basis: 'inferred', need: [needApiserverItself]});
	t.like(rowOf(balanced, 'C1'), {verdict: 'pass', basis: 'inferred'});
	t.is(auditOf(auditObservations(balanced), {facts}, {...options, require: [parseRequirement('verified')]}).exitStatus, 4);
	t.is(auditOf(auditObservations(balanced), {facts}, options).replicas.agree, null);
	t.is(rowOf({}, 'C4').basis, 'proven');
	t.is(rowOf({base: {replicas: knownReplicas(3)}}, 'C4').basis, 'inferred');
	t.is(rowOf({base: {replicas: null}}, 'C4').basis, 'inferred');
	t.is(rowOf({base: {serverIdentity: {to: 'gateway', why: 'path'}}}, 'C4').basis, 'inferred');
});

test('kubelets are not verified by mirror pods when an apiserver reports that it verifies none', t => {
	const pods = ['10.0.0.7', '10.0.0.8'].map((address, at) =>
		mirrorPod(`kube-apiserver-${at}`, {'advertise-address': address, 'kubelet-certificate-authority': '/ca.crt'}),
	);
	const given: Given = {
		base: {
			flags: [flags({...good, ...unverifiedFlags, 'advertise-address': '10.0.0.9', 'secure-port': '6443'}, {process: 'p1'})],
			mirrorPods: pods,
			replicas: knownReplicas(2, ['10.0.0.7:6443', '10.0.0.8:6443']),
		},
	};
	t.like(rowOf(given, 'C4'), {
		verdict: 'fail',
		basis: 'proven',
		message: '1 of 3 examined apiservers accept any certificate from a kubelet',
	});
	t.is(auditOf(auditObservations(given), {facts}, {...options, require: [parseRequirement('verified')]}).exitStatus, 3);
});

test('a row compares only known apiservers, and has the weakest basis of their tunnels', t => {
	const second = (more: Partial<Observations>): Given => ({
		base: {
			replicas: knownReplicas(2),
			flags: [flags(good, {process: 'p1'}), flags({...good, ...otherAdvertisedFlags}, {process: 'p2', connection: 'c2'})],
		},
		others: [{connection: 'c2', process: processOf('p2'), stepTests: [], ...more}],
	});
	const counted = metrics({egressDials: [{protocol: 'grpc', transport: 'uds', count: 3}]}, {connection: 'c2', process: 'p2'});
	t.like(rowOf(second({}), 'C10'), {
		verdict: 'unknown',
		basis: 'unknown',
		message: 'The route to nodes is unknown for 1 of 2 examined apiservers',
	});
	t.like(rowOf(second({metrics: [counted]}), 'C10'), {verdict: 'pass', state: 'konnectivity', basis: 'inferred'});
	t.like(rowOf(second({stepTests: [stepTest('grpc', {connection: 'c2', process: 'p2'})]}), 'C10'), {
		verdict: 'pass',
		state: 'konnectivity',
		basis: 'proven',
	});
	t.like(rowOf(oneWithoutTunnel, 'C10'), {verdict: 'warn', state: 'mixed', basis: 'proven'});
});

test('reports of kubelets prove nothing, good or bad', t => {
	t.like(rowOf({}, 'C5'), {verdict: 'pass', basis: 'inferred'});
	t.like(rowOf(unverified, 'C5'), {
		verdict: 'pass',
		basis: 'inferred',
		message:
			'1 of 1 kubelets: anonymous off, authorization by webhook, no read-only port; as reported by kubelets whose verification is not proven',
	});
	t.like(rowOf({base: {replicas: knownReplicas(2)}}, 'C5'), {verdict: 'pass', basis: 'inferred'});
	const anonymous = {kubelets: kubelet({anonymous: true})};
	t.like(rowOf(anonymous, 'C5'), {verdict: 'warn', basis: 'inferred', scope: {of: 1, proven: 0}});
	t.like(rowOf({...unverified, ...anonymous}, 'C5'), {verdict: 'warn', basis: 'inferred', scope: {of: 1, proven: 0}});
});

test('a row that only a tunnel protects is not described as enforced', t => {
	const unseen: Given = {
		base: {flags: [], mirrorPods: [], stepTests: [stepTest('grpc', {process: 'p1'})], replicas: knownReplicas(1, ['10.0.0.5:6443'])},
	};
	t.like(rowOf(unseen, 'C1'), {
		verdict: 'pass',
		state: 'tunnelled',
		basis: 'inferred',
		message: 'konnectivity, TLS unknown: inside the Konnectivity tunnel’s TLS up to the node network',
	});
	const enforced: Given = {base: {stepTests: [], flags: [flags({...good, 'egress-selector-config-file': ''}, {process: 'p1'})]}};
	t.like(rowOf(enforced, 'C1'), {
		verdict: 'pass',
		state: 'enforced',
		message: 'direct (inferred), enforced: the apiserver verifies kubelets and sends nothing to one that fails',
	});
});

test('a proven row does not name a route that is inferred as if it were proven', t => {
	const dials = [{protocol: 'grpc', transport: 'uds', count: 3}] as const;
	const given: Given = {
		base: {flags: [flags(good, {process: 'p1'})], metrics: [metrics({egressDials: dials}, {process: 'p1'})], stepTests: []},
	};
	const row = rowOf(given, 'C1');
	t.like(row, {verdict: 'pass', state: 'enforced', basis: 'proven', leg: {route: {state: 'konnectivity', basis: 'inferred'}}});
	t.regex(row.message, /^konnectivity \(inferred\), enforced: /);
	t.is(auditLegState(row), 'enforced');
});

test('a proven row is proven on at least one apiserver', t => {
	const enforced: Given = {base: {stepTests: [], flags: [flags({...good, 'egress-selector-config-file': ''}, {process: 'p1'})]}};
	t.like(rowOf(enforced, 'C1'), {state: 'enforced', basis: 'proven'});
	for (const [, title, given] of [...rows, ['C1', 'enforced', enforced] as const]) {
		for (const {id, basis, scope} of auditOf(auditObservations(given), {facts}, options).rows) {
			t.false(basis === 'proven' && scope.of !== null && scope.proven === 0, `${id} of "${title}"`);
		}
	}
});

test('a row that is not proven is not proven on all apiservers', t => {
	// Without leases and flags, more apiservers may share one endpoint.
	const byEndpoint = makeObservation('endpoints', {
		known: 1,
		knownFrom: 'endpointslice' as const,
		leases: null,
		addresses: ['10.0.0.5:6443'],
	});
	const more: ReadonlyArray<readonly [title: string, given: Given]> = [
		['by one endpoint, no readable source', {base: {...closed.base, replicas: byEndpoint}}],
		['by one endpoint, flags readable', {base: {replicas: byEndpoint}}],
		['by one endpoint, direct', {base: {...unverified.base, replicas: byEndpoint}}],
		[
			'by one endpoint, checked',
			{base: {replicas: byEndpoint, stepTests: [], flags: [flags({...good, 'egress-selector-config-file': ''}, {process: 'p1'})]}},
		],
		['behind a gateway', {base: {serverIdentity: {to: 'gateway', why: 'path'}}}],
		['behind a gateway, direct', {base: {...unverified.base, serverIdentity: {to: 'gateway', why: 'path'}}}],
	];
	for (const [title, given] of [...rows.map(([id, title, given]) => [`${id}, ${title}`, given] as const), ...more]) {
		const wrong = auditOf(auditObservations(given), {facts}, options).rows.filter(
			({basis, scope}) => basis !== 'proven' && scope.of !== null && scope.proven >= scope.of,
		);
		t.deepEqual(
			wrong.map(({id, basis, scope}) => `${id}: ${basis}, ${scope.proven} of ${scope.of}`),
			[],
			title,
		);
	}

	t.like(rowOf({base: {...closed.base, replicas: byEndpoint}}, 'C6'), {basis: 'inferred', scope: {of: null, proven: 1}});
	t.like(rowOf({base: {replicas: knownReplicas(3)}}, 'C4'), {basis: 'inferred', scope: {of: 3, proven: 1}});
});

test('a row of signing requests says that there may be more when the list reaches its limit', t => {
	const requests = (count: number) =>
		read(
			Array.from(
				{length: count},
				() => ({name: 'c', signer: 'kubernetes.io/kubelet-serving', user: 'system:node:n1', state: 'approved'}) as const,
			),
		);
	t.deepEqual(
		[499, 500].map(count => rowOf({signingRequests: requests(count)}, 'N2').message.endsWith('there may be more')),
		[false, true],
	);
});

test('an argument missing from an incomplete command line does not count as default', t => {
	const reached = {'listen-client-urls': 'https://10.0.0.5:2379'};
	const etcd = componentPod('etcd', {...reached, 'client-cert-auth': 'true'});
	const onLoopback = {'bind-address': '127.0.0.1'};
	for (const [components, expected] of [
		[[componentPod('etcd', reached), componentPod('kube-scheduler', onLoopback)], {verdict: 'fail', state: 'exposed'}],
		[[componentPod('etcd', reached, 'unknown')], {verdict: 'pass', basis: 'inferred'}],
		[[etcd, componentPod('kube-scheduler', {})], {verdict: 'warn', state: 'listening'}],
		[[etcd, componentPod('kube-scheduler', {}, 'unknown')], {verdict: 'pass', basis: 'inferred'}],
		[[etcd, componentPod('kube-scheduler', onLoopback, 'unknown')], {verdict: 'pass', basis: 'inferred'}],
		// Without etcd, nothing is proven.
		[[componentPod('kube-scheduler', onLoopback)], {verdict: 'pass', basis: 'inferred'}],
	] as const) {
		t.like(rowOf({components}, 'N6'), expected);
	}
});

test('the node-to-control-plane summary fails with the strongest basis of its failed rows', t => {
	const off = flags({...good, 'authorization-mode': '[AlwaysAllow]'}, {process: 'p1'});
	const ofPod = {flags: [], mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5'})]};
	for (const [base, basis] of [
		[{flags: [off]}, 'proven'],
		[ofPod, 'inferred'],
	] as const) {
		t.like(rowOf({base}, 'N1'), {verdict: 'fail', basis});
		t.like(rowOf({base}, 'N5'), {verdict: 'fail', basis});
	}
});

test('no row is proven behind a gateway or an unknown server', t => {
	for (const front of [
		{to: 'gateway', why: 'path'},
		{to: 'unknown', why: 'no name'},
	] as const) {
		t.deepEqual(
			auditOf(auditObservations({base: {serverIdentity: front}}), {facts}, options)
				.rows.filter(({basis}) => basis === 'proven')
				.map(({id}) => id),
			[],
		);
	}
});

test('a plain leg stays plain when only its route is unknown', t => {
	t.like(rowOf(closed, 'C7'), {verdict: 'unknown', state: 'plain', basis: 'inferred'});
	t.like(rowOf(closed, 'C1'), {verdict: 'unknown', state: 'unknown', basis: 'unknown'});
});

test('a requirement is met, not met, or undecided', t => {
	const status = (given: Given, input: readonly string[], minBasis: 'proven' | 'inferred' = 'proven') =>
		auditOf(auditObservations(given), {facts}, {probe: 'passive', require: input.map(word => parseRequirement(word)), minBasis}).exitStatus;
	t.is(status({}, []), 0);
	t.is(status({}, ['verified', 'tunnelled', 'C9=pass']), 0);
	// A proxy in the apiserver’s environment would take what the proxies send out of the tunnel.
	t.is(status({}, ['protected']), 4);
	t.is(status({}, ['protected'], 'inferred'), 0);
	t.is(status(unverified, ['verified']), 3);
	t.is(status(unverified, ['tunnelled']), 3);
	t.is(status(closed, ['verified']), 4);
	t.is(status({base: {replicas: knownReplicas(2)}}, ['verified']), 4);
	t.is(status({base: {replicas: knownReplicas(2)}}, ['verified'], 'inferred'), 0);
	t.is(status(unverified, ['verified', 'N1=pass'], 'inferred'), 3);
	t.is(status(oneWithoutTunnel, ['tunnelled']), 3, 'an apiserver that goes directly');
	t.is(status(refused, ['verified']), 4, 'a far end can have written the words');
	t.throws(() => parseRequirement('secure'), {code: 'ERR_USAGE'});
	t.throws(() => parseRequirement('C12=pass'), {code: 'ERR_USAGE'});
});

test('a row behind an unidentified server is not proven and names the permission it needs', t => {
	const need = {permission: 'get configmap kube-root-ca.crt', check: null, or: null};
	const row = rowOf({base: {serverIdentity: {to: 'unknown', why: 'names alone', need}}}, 'C4');
	t.deepEqual([row.verdict, row.basis, row.need], ['pass', 'inferred', [need]]);
	t.deepEqual(rowOf({}, 'C4').need, []);
});

test('a requirement rejects an inherited property name', t => {
	t.throws(() => parseRequirement('constructor'), {code: 'ERR_USAGE', message: /unknown requirement "constructor"/});
});

test('the plain TLS of the proxy is proven while its route is only inferred', t => {
	const row = rowOf({base: {flags: [flags({...good, 'egress-selector-config-file': ''}, {process: 'p1'})], stepTests: []}}, 'C7');
	t.like(row, {basis: 'inferred', leg: {route: {state: 'direct', basis: 'inferred'}, tls: {state: 'plain', basis: 'proven'}}});
});

test('a row knows its own leg 2, and the printed audit does not contain it', t => {
	const audit = auditOf(auditObservations(), {facts}, options);
	const legOf = (id: RowId) => audit.rows.find(row => row.id === id)!.leg;
	t.deepEqual(legOf('C2'), {route: {state: 'konnectivity', basis: 'proven'}, tls: {state: 'verified', basis: 'proven'}});
	t.is(legOf('C4'), null);
	const printed = JSON.parse(JSON.stringify(auditJson(audit))) as {rows: object[]};
	t.deepEqual(
		printed.rows.filter(row => 'leg' in row),
		[],
	);
	t.is(printed.rows.length, audit.rows.length);
});

test('a tunnel whose agent pods cannot be listed is not one without agent pods', t => {
	t.regex(rowOf({agents: read([])}, 'C10').message, /; no agent pod found in kube-system \(none has the flag --proxy-server-host\)$/);
	t.regex(rowOf({agents: unavailable('agent-metrics')}, 'C10').message, /^In use \(grpc\) for .*; the agent pods could not be listed$/);
});

test('an HTTP CONNECT egress is not Konnectivity behind k3s’s server', t => {
	const messageWith = (own: Readonly<Record<string, string>>) =>
		rowOf({base: {stepTests: [stepTest('http-connect')], flags: [flags({...good, ...own}, {process: 'p1'})]}}, 'C10').message;
	t.regex(messageWith({}), /; only the agents’ metrics show whether it is Konnectivity; /);
	t.regex(messageWith({'advertise-port': '6443'}), /; it ends at k3s’s own server, which is not Konnectivity$/);
});

test('unknown rows say how the recognized distribution usually is, and stay unknown', t => {
	const distribution = recognizeDistribution({version: 'v1.30.4', server: 'https://lab-abc.hcp.eastus.azmk8s.io:443', nodes: []});
	const kubelets = rowOf({...closed, distribution}, 'C4');
	t.like(kubelets, {verdict: 'unknown', basis: 'unknown'});
	t.regex(
		kubelets.message,
		/\. This looks like Azure AKS \(server .*\)\. Usually there: nodes with the label kubernetes\.azure\.com\/kubelet-serving-ca=cluster/,
	);
	const route = rowOf({...closed, distribution}, 'C10');
	t.is(route.verdict, 'unknown');
	t.regex(route.message, /This looks like Azure AKS .*Konnectivity, or directly/);
	t.notRegex(rowOf({distribution}, 'C4').message, /AKS/);
});

test('rows from mirror pods are inferred, and none passes', t => {
	const given = (values: Readonly<Record<string, string>>): Given => ({
		base: {...closed.base, mirrorPods: [mirrorPod('kube-apiserver-a', {...values, 'advertise-address': '10.0.0.5'})]},
	});
	t.like(rowOf(given(unverifiedFlags), 'C4'), {verdict: 'fail', basis: 'inferred', scope: {proven: 0}});
	t.like(rowOf(given(verifyingFlags), 'C4'), {verdict: 'unknown', basis: 'unknown'});
	t.is(rowOf(given(verifyingFlags), 'C4').evidence.length, 1);
	const component = componentPod('kube-controller-manager', {kubeconfig: '/a', 'bind-address': '0.0.0.0'});
	t.is(rowOf({components: [component]}, 'N6').basis, 'inferred');
	t.like(rowOf(given({'authorization-mode': 'Node,RBAC', 'token-auth-file': '/t.csv'}), 'N1'), {verdict: 'warn', basis: 'inferred'});
});

test('static tokens are proven only by an apiserver that is nothing else', t => {
	const base = {flags: [flags({...good, 'token-auth-file': '/t.csv'})]};
	t.is(rowOf({base}, 'N1').basis, 'proven');
	t.is(rowOf({base: {...base, serverIdentity: {to: 'gateway', why: 'path'}}}, 'N1').basis, 'inferred');
});
