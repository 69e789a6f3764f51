/** Each source of evidence, where it alone decides and where it is unavailable. lab/postures.ts describes the servers. */
import test from 'ava';
import {Semaphore} from '../../source/async/semaphore.ts';
import type {ErrorObject} from '../../source/errors/spoke-error.ts';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import {manifest, evidenceReaderRole, userRole} from '../../source/evidence/extra-requests.ts';
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

/**
`decides` or `unavailable`, which the output names with its reason or need; permissions in all namespaces, in addition to reading the pods
of `demo`; `spoke path`, `spoke audit`, or a stream whose printed path is examined; and what the output must be, or throws.
*/
type Row = readonly [
	source: EvidenceSource,
	state: 'decides' | 'unavailable',
	title: string,
	server: LabServer,
	rules: readonly Rule[],
	command: string,
	isShown: (output: Output) => boolean,
];

/** Leg 2 of a path, or the rows of an audit. */
type Output = {
	path: Path | undefined;
	tls: string;
	route: string;
	exposure: string;
	audit: Audit | undefined;
	row(id: string): string;
	error: ErrorObject | undefined;
};

const exec = 'pod/shell --feature exec';
const active = `${exec} --probe active`;
const onExpired = 'pod/outdated --feature exec';
const needs = (verdict: Verdict<string>, permission: string) => verdict.need.some(need => need.permission === permission);

const rows: readonly Row[] = [
	[
		'socket',
		'decides',
		'leg 1 for a user without other permissions',
		'good-direct',
		[],
		`path ${exec}`,
		({path}) => path!.legs[0]!.tls.state === 'verified' && path!.legs[0]!.tls.basis === 'proven',
	],
	[
		'socket',
		'unavailable',
		'no connection, and so no path',
		'off-direct',
		[],
		`path ${exec} --server https://127.0.0.1:9`,
		({error, path}) => error?.code === 'ERR_APISERVER_UNREACHABLE' && error.leg === 1 && path === undefined,
	],
	// Without a user certificate or the apiserver's address, a gateway is not excluded.
	[
		'construction',
		'decides',
		'a plain HTTP request through the pod proxy',
		'off-direct',
		[readRootCa],
		'path pod/shell --feature pod-proxy',
		({tls}) => tls === 'plain, inferred',
	],
	[
		'construction',
		'unavailable',
		'an exec, whose request decides nothing',
		'off-direct',
		[],
		`path ${exec}`,
		({tls, route}) => tls === 'unknown, unknown' && route === 'unknown, unknown',
	],
	[
		'flagz',
		'decides',
		'read before an exec on the same connection',
		'restarted',
		[readRootCa, url('/flagz'), identityLeases, resource(['pods/exec'], ['get', 'create'])],
		'exec shell -- true',
		({tls, route}) => tls === 'unverified, proven' && route === 'direct, proven',
	],
	[
		'flagz',
		'decides',
		'read on another connection, with an unknown number of apiservers',
		'restarted',
		[url('/flagz')],
		`path ${exec}`,
		({tls, route}) => tls === 'unverified, inferred' && route === 'direct, inferred',
	],
	[
		'flagz',
		'decides',
		'an egress file is set, so the route is unknown',
		'off-grpc',
		[url('/flagz')],
		`path ${exec}`,
		({tls, route}) => tls === 'unverified, inferred' && route === 'unknown, unknown',
	],
	[
		'flagz',
		'unavailable',
		'forbidden',
		'restarted',
		[],
		`path ${exec}`,
		({tls, path}) => tls === 'unknown, unknown' && needs(path!.legs[1]!.tls, 'get nonResourceURL /flagz'),
	],
	[
		'mirror-pod',
		'decides',
		'flags of a static pod, which make no leg better',
		'static-pod',
		[resource(['pods'], ['list'])],
		`path ${exec}`,
		({tls, path}) => tls === 'unknown, unknown' && path!.legs[1]!.tls.why!.startsWith('only an object says that verification is on'),
	],
	[
		'mirror-pod',
		'unavailable',
		'no permission to list pods in kube-system',
		'static-pod',
		[],
		`path ${exec}`,
		({exposure, path}) => exposure === 'unknown, unknown' && needs(path!.exposure, 'list pods in kube-system'),
	],
	[
		'metrics',
		'decides',
		'dials counted',
		'off-grpc',
		[url('/metrics')],
		`path ${exec}`,
		({tls, route}) => tls === 'unknown, unknown' && route === 'konnectivity, inferred',
	],
	['metrics', 'decides', 'no dial counted', 'restarted', [url('/metrics')], `path ${exec}`, ({route}) => route === 'direct, inferred'],
	[
		'metrics',
		'unavailable',
		'forbidden',
		'off-grpc',
		[],
		`path ${exec}`,
		({route, path}) => route === 'unknown, unknown' && needs(path!.legs[1]!.route, 'get nonResourceURL /metrics'),
	],
	[
		'step-test',
		'decides',
		'counters follow idle port-forwards',
		'off-grpc',
		[url('/metrics'), forward],
		`path ${active}`,
		({route, path}) => route === 'konnectivity, inferred' && path!.evidence.some(({rule}) => rule === 'step-test'),
	],
	[
		'step-test',
		'unavailable',
		'without the counters that it follows',
		'off-grpc',
		[forward],
		`path ${active}`,
		({route, path}) => route === 'unknown, unknown' && needs(path!.legs[1]!.route, 'get nonResourceURL /metrics'),
	],
	[
		'agent-metrics',
		'decides',
		'agents carry idle port-forwards through an HTTP CONNECT proxy',
		'off-http',
		[url('/metrics'), forward, ...agents],
		`path ${active}`,
		({route}) => route === 'konnectivity, inferred',
	],
	[
		'agent-metrics',
		'unavailable',
		'no permission for pods/proxy',
		'off-grpc',
		[forward, resource(['pods'], ['list'])],
		`path ${active}`,
		({route}) => route === 'unknown, unknown',
	],
	[
		'log-differential',
		'decides',
		'a log that is refused, and read when verification is skipped',
		'bad-direct',
		[logs],
		`path ${active}`,
		({tls}) => tls === 'refused, inferred',
	],
	[
		'log-differential',
		'unavailable',
		'no permission for pods/log',
		'bad-direct',
		[],
		`path ${active}`,
		({tls}) => tls === 'unknown, unknown',
	],
	[
		'handshake',
		'decides',
		'a log is read although the kubelet’s certificate is out of date',
		'off-direct',
		[logs],
		`path ${onExpired} --probe active`,
		({tls}) => tls === 'unverified, inferred',
	],
	[
		'handshake',
		'unavailable',
		'without --probe active, spoke does not connect to the node',
		'off-direct',
		[logs],
		`path ${onExpired}`,
		({tls}) => tls === 'unknown, unknown',
	],
	[
		'configz',
		'decides',
		'a user with nodes/proxy',
		'good-direct',
		[nodes, resource(['nodes/proxy'], ['get'])],
		'audit',
		({row}) => row('C5').startsWith('pass'),
	],
	[
		'configz',
		'unavailable',
		'a user without nodes/proxy, which is not named as a need',
		'good-direct',
		[nodes],
		'audit',
		({row}) => row('C5').startsWith('unknown'),
	],
	[
		'csr',
		'decides',
		'a pending certificate signing request',
		'good-direct',
		[readRootCa, resource(['certificatesigningrequests'], ['list'], ['certificates.k8s.io'])],
		'audit',
		({row}) => row('N2') === 'warn pending inferred',
	],
	[
		'csr',
		'unavailable',
		'forbidden',
		'good-direct',
		[],
		'audit',
		({row, audit}) => row('N2').startsWith('unknown') && audit!.rows.find(({id}) => id === 'N2')!.need.length > 0,
	],
	[
		'lease',
		'decides',
		'renewed kubelet leases, and the number of apiservers',
		'good-direct',
		[identityLeases],
		'audit',
		({row, audit}) => row('N1').startsWith('pass') && audit!.replicas.knownFrom === 'lease',
	],
	[
		'lease',
		'unavailable',
		'forbidden',
		'good-direct',
		[],
		'audit',
		({row, audit}) => row('N1').startsWith('unknown') && audit!.replicas.knownFrom === 'unknown',
	],
	[
		'endpoints',
		'decides',
		'the number of apiservers that register themselves',
		'good-direct',
		[resource(['endpointslices'], ['list'], ['discovery.k8s.io'])],
		'audit',
		({audit}) => audit!.replicas.knownFrom === 'endpointslice' && audit!.replicas.known === 1,
	],
	['endpoints', 'unavailable', 'forbidden', 'good-direct', [], 'audit', ({audit}) => audit!.replicas.known === null],
	[
		'ca-comparison',
		'decides',
		'the CA that pods get signed the serving certificate',
		'good-direct',
		[readRootCa],
		'audit',
		({row}) => row('N3') === 'pass ca-equal inferred',
	],
	['ca-comparison', 'unavailable', 'forbidden', 'good-direct', [], 'audit', ({row}) => row('N3').startsWith('unknown')],
	[
		'ca-comparison',
		'unavailable',
		'forbidden, so the flags of a possible gateway prove nothing',
		'restarted',
		[url('/flagz'), resource(['pods/exec'], ['get', 'create'])],
		'exec shell -- true',
		({tls, path}) => tls === 'unverified, inferred' && needs(path!.legs[1]!.tls, 'get configmap kube-root-ca.crt'),
	],
	[
		'anonymous-probe',
		'decides',
		'no permission needed',
		'good-direct',
		[readRootCa],
		'audit',
		({audit}) =>
			audit!.evidence.some(({source, observed}) => source === 'anonymous-probe' && observed === '/version 200, /healthz 200, /api 403'),
	],
	[
		'anonymous-probe',
		'unavailable',
		'not requested from a gateway',
		'gateway',
		[],
		'audit',
		({audit}) => audit!.evidence.every(({source}) => source !== 'anonymous-probe'),
	],
	[
		'error-text',
		'decides',
		'message of a refused port-forward',
		'bad-direct',
		[forward],
		`path ${active}`,
		({tls}) => tls === 'refused, inferred',
	],
	[
		'error-text',
		'decides',
		'message of the refused exec itself',
		'bad-direct',
		[resource(['pods/exec'], ['get', 'create'])],
		'exec shell -- true',
		({tls}) => tls === 'refused, inferred',
	],
	['error-text', 'unavailable', 'no failure', 'restarted', [forward], `path ${active}`, ({tls}) => tls === 'unknown, unknown'],
	[
		'version',
		'decides',
		'no SSH tunnels since 1.22',
		'good-direct',
		[readRootCa],
		'audit',
		({row}) => row('C9') === 'pass impossible inferred',
	],
	['version', 'unavailable', 'hidden by a gateway', 'gateway', [], 'audit', ({row}) => row('C9').startsWith('unknown')],
];

const userOf = (index: number) => `source-${index}`;

const postures: readonly PostureName[] = ['off-direct', 'good-direct', 'bad-direct', 'off-grpc', 'off-http', 'restarted', 'static-pod'];
let cluster: Cluster;

test.before(async () => {
	cluster = await useCluster({postures, nodes: ['n3', 'n6'], gateway: 'good-direct'});
	await cluster.apply(waitingPod('outdated', 'n6'));
	await applyUsers(
		cluster,
		postures,
		rows.map(([, , , , rules], index) => ({name: userOf(index), rules})),
	);
	// An unused apiserver has counted nothing.
	await Promise.all(postures.map(async posture => cluster.kubectl(posture, 'logs finished-writer --tail=1')));
});

for (const [index, [source, state, title, server, , command, isShown]] of rows.entries()) {
	const isTunnelled = ['off-grpc', 'off-http', 'static-pod'].includes(server);
	// Passive reads disturb no counts, so they run at the same time, after the active ones.
	const ownTest = command.endsWith('--probe active') ? test.serial : test;
	(isTunnelled && !hasKonnectivity ? test.skip : ownTest)(`${source} ${state}: ${title}`, async t => {
		const output = await readOutput(server, command, userOf(index));
		t.true(
			isShown(output),
			JSON.stringify(
				output.audit?.rows.map(({id, verdict, state, basis}) => `${id} ${verdict} ${state} ${basis}`) ?? output.path ?? output.error,
			),
		);
		if (state === 'decides' && source !== 'lease' && source !== 'endpoints') {
			const evidence = (output.audit ?? output.path)?.evidence ?? [];
			t.true(
				evidence.some(one => one.source === source),
				`${source} is among the evidence`,
			);
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
	const sources = new Set(rows.map(([source]) => source));
	t.is(sources.size, 17);
	for (const source of sources) {
		t.is(new Set(rows.filter(([name]) => name === source).map(([, state]) => state)).size, 2, source);
	}
});

/** As many as there are processors, so that none waits for the others' time limits. */
const reads = new Semaphore(2);

async function readOutput(server: LabServer, command: string, user: string): Promise<Output> {
	const isStream = command.startsWith('exec ');
	// The gateway impersonates the lab's users itself.
	const as = server === 'gateway' ? '' : ` --as ${user}`;
	const [words = '', remote = ''] = command.split(/(?= -- )/);
	const args = `${words}${isStream ? ' --path=json' : ' -o json'}${as}${remote}`;
	const {stdout, stderr} = await reads.run(async () => cluster.spoke(server, args, server === 'gateway' ? {user: 'plain'} : {}));
	const objects = objectsIn<Path | Audit | (ErrorObject & {kind: 'Error'})>(isStream ? stderr : stdout);
	const path = objects.findLast(object => object.kind === 'Path');
	const audit = objects.findLast(object => object.kind === 'Audit');
	const second = path?.legs[1];
	return {
		path,
		audit,
		tls: `${second?.tls.state}, ${second?.tls.basis}`,
		route: `${second?.route.state}, ${second?.route.basis}`,
		exposure: `${path?.exposure.state}, ${path?.exposure.basis}`,
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
