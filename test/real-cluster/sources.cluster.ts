/** Each source of evidence, where it alone decides and where it is unavailable. lab/postures.ts describes the servers. */
import test from 'ava';
import type {ErrorObject} from '../../source/errors/spoke-error.ts';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import {manifest, evidenceReaderRole, userRole} from '../../source/evidence/cluster-roles.ts';
import type {EvidenceSource, Path, Verdict} from '../../source/evidence/evidence.ts';
import {applyUsers, bindRoleTo, resource, url, type Rule} from './lab/impersonated.ts';
import {hasKonnectivity} from './lab/programs.ts';
import type {PostureName} from './lab/postures.ts';
import {waitingPod} from './lab/workloads.ts';
import {objectsIn, useCluster, type Cluster, type LabServer} from './support/cluster.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;

const forward = resource(['pods/portforward'], ['get', 'create']);
const logs = resource(['pods/log'], ['get']);
const agents = [resource(['pods'], ['list']), resource(['pods/proxy'], ['get'])];
const identityLeases = resource(['leases'], ['list'], ['coordination.k8s.io']);
const nodes = resource(['nodes'], ['get', 'list']);
/** Permission to read kube-root-ca.crt. Without it, a gateway cannot be ruled out, so nothing about the apiserver is proven. */
const readRootCa = resource(['configmaps'], ['get']);

type Row = {
	source: EvidenceSource;
	/** `unavailable`: the output names the reason or the need. */
	state: 'decides' | 'unavailable';
	title: string;
	/** Permissions in all namespaces, in addition to reading the pods of `demo`. */
	rules?: readonly Rule[];
	server: LabServer;
	/** Arguments of `spoke path` or `spoke audit`, or of a stream whose printed path is examined. */
	command: {path: readonly string[]} | {audit: readonly string[]} | {stream: readonly string[]};
	/** Throws or returns false if the output differs. */
	isShown(output: Output): boolean;
};

/** Leg 2 of a path, or the rows of an audit. */
type Output = {
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
		title: 'leg 1 for a user without other permissions',
		server: 'good-direct',
		command: {path: exec},
		isShown: ({path}) => path!.legs[0]!.tls.state === 'verified' && path!.legs[0]!.tls.basis === 'proven',
	},
	{
		source: 'socket',
		state: 'unavailable',
		title: 'no connection, and so no path',
		server: 'off-direct',
		command: {path: [...exec, '--server', 'https://127.0.0.1:9']},
		isShown: ({error, path}) => error?.code === 'ERR_APISERVER_UNREACHABLE' && error.leg === 1 && path === undefined,
	},
	{
		source: 'construction',
		state: 'decides',
		title: 'a plain HTTP request through the pod proxy',
		rules: [readRootCa],
		server: 'off-direct',
		command: {path: ['pod/shell', '--feature', 'pod-proxy']},
		// Without a user certificate or the apiserver's address, a gateway is not excluded.
		isShown: ({tls}) => tls === 'plain, inferred',
	},
	{
		source: 'construction',
		state: 'unavailable',
		title: 'an exec, whose request decides nothing',
		server: 'off-direct',
		command: {path: exec},
		isShown: ({tls, route}) => tls === 'unknown, unknown' && route === 'unknown, unknown',
	},
	{
		source: 'flagz',
		state: 'decides',
		title: 'read before an exec on the same connection',
		rules: [readRootCa, url('/flagz'), resource(['pods/exec'], ['get', 'create'])],
		server: 'restarted',
		command: {stream: ['exec', 'shell', '--', 'true']},
		isShown: ({tls, route}) => tls === 'unverified, proven' && route === 'direct, proven',
	},
	{
		source: 'flagz',
		state: 'decides',
		title: 'read on another connection, with an unknown number of apiservers',
		rules: [url('/flagz')],
		server: 'restarted',
		command: {path: exec},
		isShown: ({tls, route}) => tls === 'unverified, inferred' && route === 'direct, inferred',
	},
	{
		source: 'flagz',
		state: 'decides',
		title: 'an egress file is set, so the route is unknown',
		rules: [url('/flagz')],
		server: 'off-grpc',
		command: {path: exec},
		isShown: ({tls, route}) => tls === 'unverified, inferred' && route === 'unknown, unknown',
	},
	{
		source: 'flagz',
		state: 'unavailable',
		title: 'forbidden',
		server: 'restarted',
		command: {path: exec},
		isShown: ({tls, path}) => tls === 'unknown, unknown' && needs(path!.legs[1]!.tls, 'get nonResourceURL /flagz'),
	},
	{
		source: 'mirror-pod',
		state: 'decides',
		title: 'flags of a static pod',
		rules: [resource(['pods'], ['list'])],
		server: 'static-pod',
		command: {path: exec},
		isShown: ({crossing}) => crossing === 'protected, inferred',
	},
	{
		source: 'mirror-pod',
		state: 'unavailable',
		title: 'no permission to list pods in kube-system',
		server: 'static-pod',
		command: {path: exec},
		isShown: ({crossing, path}) => crossing === 'unknown, unknown' && needs(path!.crossing, 'list pods in kube-system'),
	},
	{
		source: 'metrics',
		state: 'decides',
		title: 'dials counted',
		rules: [url('/metrics')],
		server: 'off-grpc',
		command: {path: exec},
		isShown: ({tls, route}) => tls === 'unknown, unknown' && route === 'konnectivity, inferred',
	},
	{
		source: 'metrics',
		state: 'decides',
		title: 'no dial counted',
		rules: [url('/metrics')],
		server: 'restarted',
		command: {path: exec},
		isShown: ({route}) => route === 'direct, inferred',
	},
	{
		source: 'metrics',
		state: 'unavailable',
		title: 'forbidden',
		server: 'off-grpc',
		command: {path: exec},
		isShown: ({route, path}) => route === 'unknown, unknown' && needs(path!.legs[1]!.route, 'get nonResourceURL /metrics'),
	},
	{
		source: 'step-test',
		state: 'decides',
		title: 'counters follow idle port-forwards',
		rules: [url('/metrics'), forward],
		server: 'off-grpc',
		command: {path: active},
		isShown: ({route, path}) => route === 'konnectivity, inferred' && path!.evidence.some(({rule}) => rule === 'step-test'),
	},
	{
		source: 'step-test',
		state: 'unavailable',
		title: 'without --probe active',
		rules: [forward],
		server: 'off-grpc',
		command: {path: exec},
		isShown: ({route, path}) =>
			route === 'unknown, unknown' && path!.legs[1]!.route.need.some(need => need.or?.startsWith('--probe active') === true),
	},
	{
		source: 'agent-metrics',
		state: 'decides',
		title: 'agents carry idle port-forwards',
		rules: [forward, ...agents],
		server: 'off-grpc',
		command: {path: active},
		isShown: ({route}) => route === 'konnectivity, inferred',
	},
	{
		source: 'agent-metrics',
		state: 'unavailable',
		title: 'no permission for pods/proxy',
		rules: [forward, resource(['pods'], ['list'])],
		server: 'off-grpc',
		command: {path: active},
		isShown: ({route}) => route === 'unknown, unknown',
	},
	{
		source: 'log-differential',
		state: 'decides',
		title: 'a log that is refused, and read when verification is skipped',
		rules: [logs],
		server: 'bad-direct',
		command: {path: active},
		isShown: ({tls}) => tls === 'refused, inferred',
	},
	{
		source: 'log-differential',
		state: 'unavailable',
		title: 'no permission for pods/log',
		server: 'bad-direct',
		command: {path: active},
		isShown: ({tls}) => tls === 'unknown, unknown',
	},
	{
		source: 'handshake',
		state: 'decides',
		title: 'a log is read although the kubelet’s certificate is out of date',
		rules: [logs],
		server: 'off-direct',
		command: {path: onExpired},
		isShown: ({tls}) => tls === 'unverified, inferred',
	},
	{
		source: 'handshake',
		state: 'unavailable',
		title: 'without --probe active, spoke does not connect to the node',
		rules: [logs],
		server: 'off-direct',
		command: {path: onExpired.slice(0, 3)},
		isShown: ({tls}) => tls === 'unknown, unknown',
	},
	{
		source: 'configz',
		state: 'decides',
		title: 'a user with nodes/proxy',
		rules: [nodes, resource(['nodes/proxy'], ['get'])],
		server: 'good-direct',
		command: {audit: []},
		isShown: ({row}) => row('C5').startsWith('pass'),
	},
	{
		source: 'configz',
		state: 'unavailable',
		title: 'a user without nodes/proxy, which is not named as a need',
		rules: [nodes],
		server: 'good-direct',
		command: {audit: []},
		isShown: ({row}) => row('C5').startsWith('unknown'),
	},
	{
		source: 'csr',
		state: 'decides',
		title: 'a pending certificate signing request',
		rules: [readRootCa, resource(['certificatesigningrequests'], ['list'], ['certificates.k8s.io'])],
		server: 'good-direct',
		command: {audit: []},
		isShown: ({row}) => row('N2') === 'warn pending inferred',
	},
	{
		source: 'csr',
		state: 'unavailable',
		title: 'forbidden',
		server: 'good-direct',
		command: {audit: []},
		isShown: ({row, audit}) => row('N2').startsWith('unknown') && audit!.rows.find(({id}) => id === 'N2')!.need.length > 0,
	},
	{
		source: 'lease',
		state: 'decides',
		title: 'renewed kubelet leases, and the number of apiservers',
		rules: [identityLeases],
		server: 'good-direct',
		command: {audit: []},
		isShown: ({row, audit}) => row('N1').startsWith('pass') && audit!.replicas.knownFrom === 'lease',
	},
	{
		source: 'lease',
		state: 'unavailable',
		title: 'forbidden',
		server: 'good-direct',
		command: {audit: []},
		isShown: ({row, audit}) => row('N1').startsWith('unknown') && audit!.replicas.knownFrom === 'unknown',
	},
	{
		source: 'endpoints',
		state: 'decides',
		title: 'the number of apiservers that register themselves',
		rules: [resource(['endpointslices'], ['list'], ['discovery.k8s.io'])],
		server: 'good-direct',
		command: {audit: []},
		isShown: ({audit}) => audit!.replicas.knownFrom === 'endpointslice' && audit!.replicas.known === 1,
	},
	{
		source: 'endpoints',
		state: 'unavailable',
		title: 'forbidden',
		server: 'good-direct',
		command: {audit: []},
		isShown: ({audit}) => audit!.replicas.known === null,
	},
	{
		source: 'ca-comparison',
		state: 'decides',
		title: 'the CA that pods get signed the serving certificate',
		rules: [readRootCa],
		server: 'good-direct',
		command: {audit: []},
		isShown: ({row}) => row('N3') === 'pass ca-equal inferred',
	},
	{
		source: 'ca-comparison',
		state: 'unavailable',
		title: 'forbidden',
		server: 'good-direct',
		command: {audit: []},
		isShown: ({row}) => row('N3').startsWith('unknown'),
	},
	{
		source: 'ca-comparison',
		state: 'unavailable',
		title: 'forbidden, so the flags of a possible gateway prove nothing',
		rules: [url('/flagz'), resource(['pods/exec'], ['get', 'create'])],
		server: 'restarted',
		command: {stream: ['exec', 'shell', '--', 'true']},
		isShown: ({tls, path}) => tls === 'unverified, inferred' && needs(path!.legs[1]!.tls, 'get configmap kube-root-ca.crt'),
	},
	{
		source: 'anonymous-probe',
		state: 'decides',
		title: 'no permission needed',
		rules: [readRootCa],
		server: 'good-direct',
		command: {audit: []},
		isShown: ({audit}) =>
			audit!.evidence.some(({source, observed}) => source === 'anonymous-probe' && observed === '/version 200, /healthz 200, /api 403'),
	},
	{
		source: 'anonymous-probe',
		state: 'unavailable',
		title: 'not requested from a gateway',
		server: 'gateway',
		command: {audit: []},
		isShown: ({audit}) => audit!.evidence.every(({source}) => source !== 'anonymous-probe'),
	},
	{
		source: 'error-text',
		state: 'decides',
		title: 'message of a refused port-forward',
		rules: [forward],
		server: 'bad-direct',
		command: {path: active},
		isShown: ({tls}) => tls === 'refused, inferred',
	},
	{
		source: 'error-text',
		state: 'decides',
		title: 'message of the refused exec itself',
		rules: [resource(['pods/exec'], ['get', 'create'])],
		server: 'bad-direct',
		command: {stream: ['exec', 'shell', '--', 'true']},
		isShown: ({tls}) => tls === 'refused, inferred',
	},
	{
		source: 'error-text',
		state: 'unavailable',
		title: 'no failure',
		rules: [forward],
		server: 'restarted',
		command: {path: active},
		isShown: ({tls}) => tls === 'unknown, unknown',
	},
	{
		source: 'version',
		state: 'decides',
		title: 'no SSH tunnels since 1.22',
		rules: [readRootCa],
		server: 'good-direct',
		command: {audit: []},
		isShown: ({row}) => row('C9') === 'pass impossible inferred',
	},
	{
		source: 'version',
		state: 'unavailable',
		title: 'hidden by a gateway',
		server: 'gateway',
		command: {audit: []},
		isShown: ({row}) => row('C9').startsWith('unknown'),
	},
];

const userOf = (index: number) => `source-${index}`;

const postures: readonly PostureName[] = ['off-direct', 'good-direct', 'bad-direct', 'off-grpc', 'restarted', 'static-pod'];
let cluster: Cluster;

test.before(async () => {
	cluster = await useCluster({postures, nodes: ['n3', 'n6'], gateway: 'good-direct'});
	await cluster.apply(waitingPod('outdated', 'n6'));
	await applyUsers(
		cluster,
		postures,
		rows.map(({rules = []}, index) => ({name: userOf(index), rules})),
	);
	// An unused apiserver has counted nothing.
	await Promise.all(postures.map(async posture => cluster.kubectl(posture, 'logs finished-writer --tail=1')));
});

for (const [index, row] of rows.entries()) {
	const isTunnelled = row.server === 'off-grpc' || row.server === 'static-pod';
	(isTunnelled || !hasKonnectivity ? tunnelTest : test.serial)(`${row.source} ${row.state}: ${row.title}`, async t => {
		const output = await readOutput(row, userOf(index));
		t.true(
			row.isShown(output),
			JSON.stringify(
				output.audit?.rows.map(({id, verdict, state, basis}) => `${id} ${verdict} ${state} ${basis}`) ?? output.path ?? output.error,
			),
		);
		const cited = ((output.audit ?? output.path)?.evidence ?? []).filter(({source}) => source === row.source);
		if (row.state === 'decides') {
			t.true(cited.length > 0 || row.source === 'lease' || row.source === 'endpoints', `${row.source} is among the evidence`);
		}

		for (const verdict of output.path?.legs.flatMap(({tls, route}) => [tls, route]) ?? []) {
			t.true(
				verdict.state !== 'unknown' || verdict.need.length > 0 || verdict.why !== undefined,
				'an unknown state has a need or a reason',
			);
		}
	});
}

test.serial('each source has a row that decides and one that is unavailable', t => {
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
		t.deepEqual([...new Set(rows.filter(row => row.source === source).map(({state}) => state))].sort(), ['decides', 'unavailable'], source);
	}
});

async function readOutput({server, command}: Row, user: string): Promise<Output> {
	// The gateway impersonates the lab's users itself.
	const as = server === 'gateway' ? [] : ['--as', user];
	const [kind, args] = Object.entries(command)[0]!;
	const dashes = args.includes('--') ? args.indexOf('--') : args.length;
	const commandLine =
		kind === 'stream' ? [...args.slice(0, dashes), '--path=json', ...as, ...args.slice(dashes)] : [kind, ...args, '-o', 'json', ...as];
	const {stdout, stderr} = await cluster.spoke(server, commandLine, server === 'gateway' ? {user: 'plain'} : {});
	const objects = objectsIn<Path | Audit | (ErrorObject & {kind: 'Error'})>(kind === 'stream' ? stderr : stdout);
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

tunnelTest('the two roles of docs/permissions.md decide all audit rows but the kubelet configuration', async t => {
	for (const role of [userRole, evidenceReaderRole]) {
		const applied = await cluster.kubectl('off-direct', 'apply -f -', {input: manifest(role)});
		t.is(applied.status, 0, applied.stderr);
		await bindRoleTo(cluster, ['off-grpc'], {role: role.name, user: 'prover', rule: role.rules.at(-1)!});
	}

	const {stdout} = await cluster.spoke('off-grpc', 'audit -n demo --probe active -o json --as prover');
	const audit = JSON.parse(stdout) as Audit;
	t.deepEqual(
		audit.rows.filter(({verdict}) => verdict === 'unknown').map(({id}) => id),
		['C5'],
	);
	// Other postures share the lab, and the audit reads their apiservers at their own addresses, so these are among its processes.
	t.true(audit.replicas.processes.some(({readOver}) => readOver === 'direct'));
	t.is(audit.rows.find(({id}) => id === 'C10')?.state, audit.replicas.agree === false ? 'mixed' : 'konnectivity');
});
