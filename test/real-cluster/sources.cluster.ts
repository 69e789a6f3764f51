/** Each source of evidence where it alone decides, and where it is unavailable. */
import test from 'ava';
import type {ErrorObject} from '../../source/errors/spoke-error.ts';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import {manifest, evidenceReaderRole, userRole} from '../../source/evidence/cluster-roles.ts';
import type {EvidenceSource, Path, Verdict} from '../../source/evidence/evidence.ts';
import {applyPeople, bindRoleTo, resource, url, type Rule} from './lab/impersonated.ts';
import {hasKonnectivity} from './lab/programs.ts';
import type {PostureName} from './lab/postures.ts';
import {image} from './lab/image.ts';
import {apply} from './lab/kubectl.ts';
import {useCluster, type Cluster, type Place} from './support/cluster.ts';

const tunnelTest = hasKonnectivity ? test : test.skip;

const forward = resource(['pods/portforward'], ['get', 'create']);
const logs = resource(['pods/log'], ['get']);
const agents = [resource(['pods'], ['list']), resource(['pods/proxy'], ['get'])];
const identityLeases = resource(['leases'], ['list'], ['coordination.k8s.io']);
const nodes = resource(['nodes'], ['get', 'list']);
/** It distinguishes an apiserver from a gateway; without it no statement of an apiserver about itself is proven. */
const authority = resource(['configmaps'], ['get']);

type Row = {
	source: EvidenceSource;
	/** `closed`: says why it is unavailable. */
	state: 'decides' | 'closed';
	title: string;
	/** In all namespaces, beside reading pods of the own one. */
	rules?: readonly Rule[];
	place: Place;
	asked: {path: readonly string[]} | {audit: readonly string[]} | {label: readonly string[]};
	/** Throws or returns false if the object does not show it. */
	says(object: Seen): boolean;
};

/** Leg 2 of a path, or an audit's rows. */
type Seen = {
	path: Path | undefined;
	tls: string;
	route: string;
	crossing: string;
	audit: Audit | undefined;
	row(id: string): string;
	error: ErrorObject | undefined;
};

const exec = ['pod/shell', '--feature', 'exec'] as const;
const active = [...exec, '--probe', 'active'] as const;
const onExpired = ['pod/outdated', '--feature', 'exec', '--probe', 'active'] as const;
const needs = (verdict: Verdict<string>, permission: string) => verdict.need.some(need => need.permission === permission);

const rows: readonly Row[] = [
	{
		source: 'socket',
		state: 'decides',
		title: 'leg 1 of a user without other permissions',
		place: 'good-direct',
		asked: {path: exec},
		says: ({path}) => path!.legs[0]!.tls.state === 'verified' && path!.legs[0]!.tls.basis === 'proven',
	},
	{
		source: 'socket',
		state: 'closed',
		title: 'no connection can be made, and nothing is said of any leg',
		place: 'off-direct',
		asked: {path: [...exec, '--server', 'https://127.0.0.1:9']},
		says: ({error, path}) => error?.code === 'ERR_APISERVER_UNREACHABLE' && error.leg === 1 && path === undefined,
	},
	{
		source: 'construction',
		state: 'decides',
		title: 'a request through the proxy',
		rules: [authority],
		place: 'off-direct',
		asked: {path: ['pod/shell', '--feature', 'pod-proxy']},
		// Without a user certificate or the apiserver's address, a gateway is not excluded.
		says: ({tls}) => tls === 'plain, inferred',
	},
	{
		source: 'construction',
		state: 'closed',
		title: 'an exec is not decided by its request',
		place: 'off-direct',
		asked: {path: exec},
		says: ({tls, route}) => tls === 'unknown, unknown' && route === 'unknown, unknown',
	},
	{
		source: 'flagz',
		state: 'decides',
		title: 'before an exec, on its own connection',
		rules: [authority, url('/flagz'), resource(['pods/exec'], ['get', 'create'])],
		place: 'restarted',
		asked: {label: ['exec', 'shell', '--', 'true']},
		says: ({tls, route}) => tls === 'unverified, proven' && route === 'direct, proven',
	},
	{
		source: 'flagz',
		state: 'decides',
		title: 'of a connection that is not open yet, where how many apiservers there are is not known',
		rules: [url('/flagz')],
		place: 'restarted',
		asked: {path: exec},
		says: ({tls, route}) => tls === 'unverified, inferred' && route === 'direct, inferred',
	},
	{
		source: 'flagz',
		state: 'decides',
		title: 'an egress file is set: no word for the route',
		rules: [url('/flagz')],
		place: 'off-grpc',
		asked: {path: exec},
		says: ({tls, route}) => tls === 'unverified, inferred' && route === 'unknown, unknown',
	},
	{
		source: 'flagz',
		state: 'closed',
		title: 'forbidden',
		place: 'restarted',
		asked: {path: exec},
		says: ({tls, path}) => tls === 'unknown, unknown' && needs(path!.legs[1]!.tls, 'get nonResourceURL /flagz'),
	},
	{
		source: 'mirror-pod',
		state: 'decides',
		title: 'the flags of a static pod',
		rules: [resource(['pods'], ['list'])],
		place: 'static-pod',
		asked: {path: exec},
		says: ({crossing}) => crossing === 'protected, inferred',
	},
	{
		source: 'mirror-pod',
		state: 'closed',
		title: 'pods of kube-system may not be listed',
		place: 'static-pod',
		asked: {path: exec},
		says: ({crossing, path}) => crossing === 'unknown, unknown' && needs(path!.crossing, 'list pods in kube-system'),
	},
	{
		source: 'metrics',
		state: 'decides',
		title: 'dials counted',
		rules: [url('/metrics')],
		place: 'off-grpc',
		asked: {path: exec},
		says: ({tls, route}) => tls === 'unknown, unknown' && route === 'konnectivity, inferred',
	},
	{
		source: 'metrics',
		state: 'decides',
		title: 'no dial counted',
		rules: [url('/metrics')],
		place: 'restarted',
		asked: {path: exec},
		says: ({route}) => route === 'direct, inferred',
	},
	{
		source: 'metrics',
		state: 'closed',
		title: 'forbidden',
		place: 'off-grpc',
		asked: {path: exec},
		says: ({route, path}) => route === 'unknown, unknown' && needs(path!.legs[1]!.route, 'get nonResourceURL /metrics'),
	},
	{
		source: 'step-test',
		state: 'decides',
		title: 'idle port-forwards that counters follow',
		rules: [url('/metrics'), forward],
		place: 'off-grpc',
		asked: {path: active},
		says: ({route, path}) => route === 'konnectivity, inferred' && path!.evidence.some(({rule}) => rule === 'step-test'),
	},
	{
		source: 'step-test',
		state: 'closed',
		title: 'without consent',
		rules: [forward],
		place: 'off-grpc',
		asked: {path: exec},
		says: ({route, path}) => route === 'unknown, unknown' && path!.legs[1]!.route.need.some(need => need.or === '--probe active'),
	},
	{
		source: 'agent-metrics',
		state: 'decides',
		title: 'agents that carry idle port-forwards',
		rules: [forward, ...agents],
		place: 'off-grpc',
		asked: {path: active},
		says: ({route}) => route === 'konnectivity, inferred',
	},
	{
		source: 'agent-metrics',
		state: 'closed',
		title: 'their proxies may not be used',
		rules: [forward, resource(['pods'], ['list'])],
		place: 'off-grpc',
		asked: {path: active},
		says: ({route}) => route === 'unknown, unknown',
	},
	{
		source: 'log-differential',
		state: 'decides',
		title: 'a log that is refused, and read when the check is skipped',
		rules: [logs],
		place: 'bad-direct',
		asked: {path: active},
		says: ({tls}) => tls === 'refused, inferred',
	},
	{
		source: 'log-differential',
		state: 'closed',
		title: 'logs may not be read',
		place: 'bad-direct',
		asked: {path: active},
		says: ({tls}) => tls === 'unknown, unknown',
	},
	{
		source: 'handshake',
		state: 'decides',
		title: 'a log is read although the kubelet’s certificate is out of date',
		rules: [logs],
		place: 'off-direct',
		asked: {path: onExpired},
		says: ({tls}) => tls === 'unverified, inferred',
	},
	{
		source: 'handshake',
		state: 'closed',
		title: 'without consent nobody knocks at a node',
		rules: [logs],
		place: 'off-direct',
		asked: {path: onExpired.slice(0, 3)},
		says: ({tls}) => tls === 'unknown, unknown',
	},
	{
		source: 'configz',
		state: 'decides',
		title: 'for a user who has nodes/proxy',
		rules: [nodes, resource(['nodes/proxy'], ['get'])],
		place: 'good-direct',
		asked: {audit: []},
		says: ({row}) => row('C5').startsWith('pass'),
	},
	{
		source: 'configz',
		state: 'closed',
		title: 'without nodes/proxy, which is not asked for',
		rules: [nodes],
		place: 'good-direct',
		asked: {audit: []},
		says: ({row}) => row('C5').startsWith('unknown'),
	},
	{
		source: 'csr',
		state: 'decides',
		title: 'a request that waits for approval',
		rules: [authority, resource(['certificatesigningrequests'], ['list'], ['certificates.k8s.io'])],
		place: 'good-direct',
		asked: {audit: []},
		says: ({row}) => row('N2') === 'warn pending inferred',
	},
	{
		source: 'csr',
		state: 'closed',
		title: 'forbidden',
		place: 'good-direct',
		asked: {audit: []},
		says: ({row, audit}) => row('N2').startsWith('unknown') && audit!.rows.find(({id}) => id === 'N2')!.need.length > 0,
	},
	{
		source: 'lease',
		state: 'decides',
		title: 'kubelets that renew theirs, and how many apiservers there are',
		rules: [identityLeases],
		place: 'good-direct',
		asked: {audit: []},
		says: ({row, audit}) => row('N1').startsWith('pass') && audit!.replicas.knownFrom === 'lease',
	},
	{
		source: 'lease',
		state: 'closed',
		title: 'forbidden',
		place: 'good-direct',
		asked: {audit: []},
		says: ({row, audit}) => row('N1').startsWith('unknown') && audit!.replicas.knownFrom === 'unknown',
	},
	{
		source: 'endpoints',
		state: 'decides',
		title: 'how many apiservers register themselves',
		rules: [resource(['endpointslices'], ['list'], ['discovery.k8s.io'])],
		place: 'good-direct',
		asked: {audit: []},
		says: ({audit}) => audit!.replicas.knownFrom === 'endpointslice' && audit!.replicas.known === 1,
	},
	{
		source: 'endpoints',
		state: 'closed',
		title: 'forbidden',
		place: 'good-direct',
		asked: {audit: []},
		says: ({audit}) => audit!.replicas.known === null,
	},
	{
		source: 'ca-comparison',
		state: 'decides',
		title: 'the authority that pods get is the one that serves',
		rules: [authority],
		place: 'good-direct',
		asked: {audit: []},
		says: ({row}) => row('N3') === 'pass ca-equal inferred',
	},
	{
		source: 'ca-comparison',
		state: 'closed',
		title: 'forbidden',
		place: 'good-direct',
		asked: {audit: []},
		says: ({row}) => row('N3').startsWith('unknown'),
	},
	{
		source: 'ca-comparison',
		state: 'closed',
		title: 'forbidden: what may be a gateway proves nothing by its flags',
		rules: [url('/flagz'), resource(['pods/exec'], ['get', 'create'])],
		place: 'restarted',
		asked: {label: ['exec', 'shell', '--', 'true']},
		says: ({tls, path}) => tls === 'unverified, inferred' && needs(path!.legs[1]!.tls, 'get configmap kube-root-ca.crt'),
	},
	{
		source: 'anonymous-probe',
		state: 'decides',
		title: 'needs no right of its own',
		rules: [authority],
		place: 'good-direct',
		asked: {audit: []},
		says: ({audit}) =>
			audit!.evidence.some(({source, observed}) => source === 'anonymous-probe' && observed === '/version 200, /healthz 200, /api 403'),
	},
	{
		source: 'anonymous-probe',
		state: 'closed',
		title: 'a gateway is not asked',
		place: 'gateway',
		asked: {audit: []},
		says: ({audit}) => audit!.evidence.every(({source}) => source !== 'anonymous-probe'),
	},
	{
		source: 'error-text',
		state: 'decides',
		title: 'words of a refused port-forward',
		rules: [forward],
		place: 'bad-direct',
		asked: {path: active},
		says: ({tls}) => tls === 'refused, inferred',
	},
	{
		source: 'error-text',
		state: 'decides',
		title: 'words of the very exec that was refused',
		rules: [resource(['pods/exec'], ['get', 'create'])],
		place: 'bad-direct',
		asked: {label: ['exec', 'shell', '--', 'true']},
		says: ({tls}) => tls === 'refused, inferred',
	},
	{
		source: 'error-text',
		state: 'closed',
		title: 'nothing failed',
		rules: [forward],
		place: 'restarted',
		asked: {path: active},
		says: ({tls}) => tls === 'unknown, unknown',
	},
	{
		source: 'version',
		state: 'decides',
		title: 'no SSH tunnels since 1.22',
		rules: [authority],
		place: 'good-direct',
		asked: {audit: []},
		says: ({row}) => row('C9') === 'pass impossible inferred',
	},
	{
		source: 'version',
		state: 'closed',
		title: 'a gateway keeps it',
		place: 'gateway',
		asked: {audit: []},
		says: ({row}) => row('C9').startsWith('unknown'),
	},
];

const personOf = (index: number) => `source-${index}`;

let prepared: Promise<Cluster> | undefined;

async function prepare(): Promise<Cluster> {
	const postures: readonly PostureName[] = ['off-direct', 'good-direct', 'bad-direct', 'off-grpc', 'restarted', 'static-pod'];
	const cluster = await useCluster({postures, nodes: ['n3', 'n6'], gateway: 'good-direct'});
	await apply(cluster.kubeconfig('off-direct'), [
		{
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: {name: 'outdated', namespace: 'demo'},
			spec: {
				nodeName: 'n6',
				automountServiceAccountToken: false,
				terminationGracePeriodSeconds: 1,
				containers: [
					{name: 'sh', image, imagePullPolicy: 'Never', command: ['/bin/sh', '-c', 'echo here; trap exit TERM; while :; do sleep 1; done']},
				],
			},
		},
	]);
	await cluster.kubectl('off-direct', ['wait', '--for=condition=Ready', 'pod/outdated', '--timeout=60s']);
	await applyPeople(
		cluster,
		rows.map(({rules = []}, index) => ({name: personOf(index), rules})),
	);
	// An unused apiserver has counted nothing.
	await Promise.all(postures.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	return cluster;
}

for (const [index, row] of rows.entries()) {
	const isTunnelled = row.place === 'off-grpc' || row.place === 'static-pod';
	(isTunnelled || !hasKonnectivity ? tunnelTest : test)(`${row.source} ${row.state}: ${row.title}`, async t => {
		prepared ??= prepare();
		const seen = await look(await prepared, row, personOf(index));
		t.true(
			row.says(seen),
			JSON.stringify(
				seen.audit?.rows.map(({id, verdict, state, basis}) => `${id} ${verdict} ${state} ${basis}`) ?? seen.path ?? seen.error,
			),
		);
		const cited = ((seen.audit ?? seen.path)?.evidence ?? []).filter(({source}) => source === row.source);
		if (row.state === 'decides') {
			t.true(cited.length > 0 || row.source === 'lease' || row.source === 'endpoints', `${row.source} is among the evidence`);
		}

		for (const verdict of seen.path?.legs.flatMap(({tls, route}) => [tls, route]) ?? []) {
			t.true(verdict.state !== 'unknown' || verdict.need.length > 0 || verdict.why !== undefined, 'an unknown says what would tell');
		}
	});
}

test('every source is observed to decide and to be unavailable', t => {
	const sources: readonly EvidenceSource[] = [
		'socket',
		'construction',
		'flagz',
		'mirror-pod',
		'metrics',
		'step-test',
		'agent-metrics',
		'log-differential',
		'handshake',
		'configz',
		'csr',
		'lease',
		'endpoints',
		'ca-comparison',
		'anonymous-probe',
		'error-text',
		'version',
	];
	for (const source of sources) {
		t.deepEqual([...new Set(rows.filter(row => row.source === source).map(({state}) => state))].sort(), ['closed', 'decides'], source);
	}
});

async function look(cluster: Cluster, {place, asked}: Row, person: string): Promise<Seen> {
	// The gateway impersonates by itself; its people are the lab's.
	const as = place === 'gateway' ? [] : ['--as', person];
	const options = place === 'gateway' ? ({person: 'plain'} as const) : {};
	const [kind, words] = Object.entries(asked)[0]!;
	const dashes = words.indexOf('--');
	const args =
		kind === 'label'
			? [
					...words.slice(0, dashes === -1 ? undefined : dashes),
					'-n',
					'demo',
					'--path=json',
					...as,
					...(dashes === -1 ? [] : words.slice(dashes)),
				]
			: [kind, ...words, '-n', 'demo', '-o', 'json', ...as];
	const {stdout, stderr} = await cluster.spoke(place, args, options);
	const objects = (kind === 'label' ? stderr : stdout)
		.split('\n')
		.filter(text => text.startsWith('{'))
		.map(text => JSON.parse(text) as Path | Audit | (ErrorObject & {kind: 'Error'}));
	const path = objects.findLast(object => object.kind === 'Path');
	const audit = objects.findLast(object => object.kind === 'Audit');
	const second = path?.legs[1];
	return {
		path,
		audit,
		tls: `${second?.tls.state}, ${second?.tls.basis}`,
		route: `${second?.route.state}, ${second?.route.basis}`,
		crossing: `${path?.crossing.state}, ${path?.crossing.basis}`,
		row(id) {
			const {verdict, state, basis} = audit!.rows.find(one => one.id === id)!;
			return `${verdict} ${state} ${basis}`;
		},
		error: objects.find(object => object.kind === 'Error'),
	};
}

tunnelTest('the two roles of docs/permissions.md are enough: all rows but the kubelets’ own configuration are known', async t => {
	const cluster = await useCluster({postures: ['off-grpc']});
	for (const role of [userRole, evidenceReaderRole]) {
		const applied = await cluster.kubectl('off-direct', ['apply', '-f', '-'], {input: manifest(role)});
		t.is(applied.status, 0, applied.stderr);
		await bindRoleTo(cluster, role.name, 'prover');
	}

	await new Promise(resolve => {
		setTimeout(resolve, 2000);
	});
	const {stdout} = await cluster.spoke('off-grpc', ['audit', '-n', 'demo', '--probe', 'active', '-o', 'json', '--as', 'prover']);
	const audit = JSON.parse(stdout) as Audit;
	t.deepEqual(
		audit.rows.filter(({verdict}) => verdict === 'unknown').map(({id}) => id),
		['C5'],
	);
	// Apiservers of other postures share the lab and are dialed at their own addresses, so the audit covers both.
	t.true(audit.replicas.processes.some(({readOver}) => readOver === 'direct'));
	t.is(audit.rows.find(({id}) => id === 'C10')?.state, audit.replicas.agree === false ? 'mixed' : 'konnectivity');
});
