/** Each source of evidence where it alone is readable and decides, and where it is closed. A person is made of the rights that open it. */
import test from 'ava';
import type {Basis, Path, RouteState, StreamFeature, TlsState} from '../../source/posture/evidence.ts';
import {manifest, proveRole, useRole} from '../../source/posture/cluster-roles.ts';
import {apply} from './lab/kubectl.ts';
import {konnectivityGiven} from './lab/programs.ts';
import type {PostureName} from './lab/postures.ts';
import {useCluster, type Cluster} from './support/cluster.ts';

const tunnelTest = konnectivityGiven ? test : test.skip;

type Rule = {apiGroups?: string[]; resources?: string[]; nonResourceURLs?: string[]; verbs: string[]};
const url = (path: string): Rule => ({nonResourceURLs: [path], verbs: ['get']});
const resource = (resources: string[], verbs: string[], apiGroups = ['']): Rule => ({apiGroups, resources, verbs});
const target = resource(['pods'], ['get', 'list']);

type Row = {
	source: string;
	/** Rights of the person, cluster-wide, beside reading pods. */
	rules: readonly Rule[];
	posture: PostureName;
	feature: StreamFeature;
	probe: 'passive' | 'active';
	tls?: [TlsState, Basis];
	route?: [RouteState, Basis];
	/** A source that has to be among the evidence. */
	cited?: string;
};

const rows: readonly Row[] = [
	{source: 'nothing but pods', rules: [], posture: 'off-grpc', feature: 'exec', probe: 'passive', tls: ['unknown', 'unknown'], route: ['unknown', 'unknown']},
	{source: '/flagz', rules: [url('/flagz')], posture: 'off-direct', feature: 'exec', probe: 'passive', tls: ['unverified', 'proven'], route: ['direct', 'proven'], cited: 'flagz'},
	{source: '/flagz, and an egress file is set', rules: [url('/flagz')], posture: 'off-grpc', feature: 'exec', probe: 'passive', tls: ['unverified', 'proven'], route: ['egress', 'inferred'], cited: 'flagz'},
	{source: '/metrics, dials counted', rules: [url('/metrics')], posture: 'off-grpc', feature: 'exec', probe: 'passive', tls: ['unknown', 'unknown'], route: ['konnectivity', 'inferred'], cited: 'metrics'},
	{source: '/metrics, no dial counted', rules: [url('/metrics')], posture: 'off-direct', feature: 'exec', probe: 'passive', tls: ['unknown', 'unknown'], route: ['direct', 'proven'], cited: 'metrics'},
	{source: '/metrics and held upgrades', rules: [url('/metrics'), url('/statusz'), resource(['pods/portforward'], ['get', 'create'])], posture: 'off-grpc', feature: 'exec', probe: 'active', route: ['konnectivity', 'proven'], cited: 'step-test'},
	{source: 'held upgrades without /metrics', rules: [resource(['pods/portforward'], ['get', 'create'])], posture: 'off-grpc', feature: 'exec', probe: 'active', tls: ['unknown', 'unknown'], route: ['unknown', 'unknown']},
	{source: 'agents’ metrics', rules: [resource(['pods/portforward'], ['get', 'create']), resource(['pods/proxy'], ['get'])], posture: 'off-grpc', feature: 'exec', probe: 'active', route: ['konnectivity', 'inferred'], cited: 'agent-metrics'},
	{source: 'logs with and without the check', rules: [resource(['pods/log'], ['get'])], posture: 'bad-direct', feature: 'exec', probe: 'active', tls: ['refused', 'proven'], route: ['unknown', 'unknown'], cited: 'log-differential'},
	{source: 'logs with and without the check, where nothing is checked', rules: [resource(['pods/log'], ['get'])], posture: 'off-direct', feature: 'exec', probe: 'active', tls: ['unknown', 'unknown']},
	{source: 'the text of a refused upgrade', rules: [resource(['pods/portforward'], ['get', 'create'])], posture: 'bad-direct', feature: 'exec', probe: 'active', tls: ['refused', 'inferred'], cited: 'error-text'},
	{source: 'construction', rules: [], posture: 'off-direct', feature: 'pod-proxy', probe: 'passive', tls: ['plain', 'proven'], cited: 'construction'},
];

for (const [index, row] of rows.entries()) {
	tunnelTest(`${row.source}, ${row.posture}: TLS ${row.tls?.join(', ') ?? 'whatever'}; route ${row.route?.join(', ') ?? 'whatever'}`, async t => {
		const cluster = await useCluster({postures: ['off-direct', 'off-grpc', 'bad-direct']});
		for (const posture of ['off-direct', 'off-grpc'] as const) {
			await cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1']);
		}

		const path = await pathAs(cluster, `source-${index}`, row);
		const [first, second] = path.legs;
		t.is(first?.tls.state, 'verified');
		if (row.tls) {
			t.deepEqual([second?.tls.state, second?.tls.basis], row.tls, path.line);
		}

		if (row.route) {
			t.deepEqual([second?.route.state, second?.route.basis], row.route, path.line);
		}

		for (const verdict of [second!.tls, second!.route]) {
			t.true(verdict.state !== 'unknown' || verdict.need.length > 0 || verdict.why !== undefined, 'an unknown says what would tell');
		}

		t.true(row.cited === undefined || path.evidence.some(({source}) => source === row.cited), JSON.stringify(path.evidence.map(({source}) => source)));
	});
}

tunnelTest('mirror pods tell the flags of the only apiserver that is known', async t => {
	const cluster = await useCluster({postures: ['static-pod']});
	const path = await pathAs(cluster, 'source-mirror', {source: '', rules: [resource(['leases'], ['list'], ['coordination.k8s.io'])], posture: 'static-pod', feature: 'exec', probe: 'passive'});
	t.is(path.crossing.state, 'protected');
	t.true(path.evidence.some(({source}) => source === 'mirror-pod'));
});

tunnelTest('the two roles of docs/rights.md are enough: all rows but the kubelets’ own configuration are known', async t => {
	const cluster = await useCluster({postures: ['off-grpc']});
	for (const role of [useRole, proveRole]) {
		const applied = await cluster.kubectl('off-direct', ['apply', '-f', '-'], {input: manifest(role)});
		t.is(applied.status, 0, applied.stderr);
		await apply(cluster.kubeconfig('off-direct'), [{apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: {name: role.name}, roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role.name}, subjects: [{apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'prover'}]}]);
	}

	await new Promise(resolve => {
		setTimeout(resolve, 2000);
	});
	const {stdout} = await cluster.spoke('off-grpc', ['audit', '-n', 'demo', '--probe', 'active', '-o', 'json', '--as', 'prover']);
	const audit = JSON.parse(stdout) as {replicas: {known: number; read: number}; rows: Array<{id: string; verdict: string; state: string; basis: string; message: string}>};
	t.deepEqual(audit.rows.filter(({verdict}) => verdict === 'unknown').map(({id}) => id), ['C5']);
	const tunnel = audit.rows.find(({id}) => id === 'C10');
	t.is(tunnel?.state, 'konnectivity');
	// Other tests' apiservers share the lab: what one of several showed is not proven of all.
	t.is(tunnel?.basis, audit.replicas.read === audit.replicas.known ? 'proven' : 'inferred');
});

/** Impersonates a person who has these rights and no others. */
async function pathAs(cluster: Cluster, name: string, {rules, posture, feature, probe}: Row): Promise<Path> {
	await apply(cluster.kubeconfig('off-direct'), [
		{apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: {name}, rules: [target, ...rules]},
		{apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: {name}, roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name}, subjects: [{apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name}]},
	]);
	for (const end = Date.now() + 20_000; ;) {
		const {stdout, stderr} = await cluster.spoke(posture, ['path', 'pod/shell', '-n', 'demo', '--feature', feature, '--probe', probe, '-o', 'json', '--as', name]);
		const object = JSON.parse(stdout || '{}') as Path;
		// Rights that were just given reach an apiserver by its own watch.
		if (object.kind === 'Path') {
			return object;
		}

		if (Date.now() > end) {
			throw new Error(stderr);
		}
	}
}
