/** spoke's claims about every connection, compared with the apiservers' flags: nothing proven may be false. */
import test, {type ExecutionContext} from 'ava';
import type {Path} from '../../source/evidence/evidence.ts';
import type {UserName} from './lab/kubeconfig.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {postureOf, servesFlagz, type PostureName} from './lab/postures.ts';
import type {StreamFacts} from './lab/truth.ts';
import {useCluster, type Cluster} from './support/cluster.ts';
import {cellsOf, claimsOf, count, summary, told, type Cell, type Claim} from './support/matrix-cells.ts';
import {streamCells} from './support/stream-cells.ts';

const tunnelTest = hasKonnectivity ? test : test.skip;
const users: readonly UserName[] = ['admin', 'monitor', 'plain'];
const gridPostures: readonly PostureName[] = [
	'off-direct',
	'good-direct',
	'bad-direct',
	'off-grpc',
	'good-grpc',
	'bad-grpc',
	'off-http',
	'good-http',
	'bad-http',
];

/**
At the same time for postures with different egress. Those with the same egress share its agents, and the active probes read the agents'
counts.
*/
async function claimsOfEach(names: readonly PostureName[], read: (posture: PostureName) => Promise<Claim[]>): Promise<Claim[]> {
	const byEgress = Map.groupBy(names, name => postureOf(name).egress);
	const claims = await Promise.all(
		[...byEgress.values()].map(async sameEgress => {
			const own: Claim[] = [];
			for (const posture of sameEgress) {
				own.push(...(await read(posture)));
			}

			return own;
		}),
	);
	return claims.flat();
}

async function claimsAt(cluster: Cluster, posture: PostureName): Promise<Claim[]> {
	const claims: Claim[] = [];
	for (const user of users) {
		const cells = await cellsOf({
			server: posture,
			user,
			kubeconfig: cluster.kubeconfig(posture, user),
			truth: variant => cluster.truth(posture, variant.stream),
			flagz: servesFlagz(posture),
		});
		claims.push(...cells.flatMap(cell => claimsOf(cell)));
	}

	return claims;
}

async function streamClaimsAt(cluster: Cluster, posture: PostureName): Promise<Claim[]> {
	const truth = (stream: StreamFacts) => cluster.truth(posture, stream);
	const cells = await Promise.all(
		users.map(async user => streamCells({cluster, server: posture, user, truth, flagz: servesFlagz(posture)})),
	);
	return cells.flat().flatMap(cell => claimsOf(cell));
}

/** All cells through a server in front of `good-direct`. */
async function cellsThrough(cluster: Cluster, server: 'gateway' | 'impersonator' | 'twin'): Promise<Cell[]> {
	const cells: Cell[] = [];
	const truth = (stream: StreamFacts) => cluster.truth('good-direct', stream);
	for (const user of users) {
		const kubeconfig = cluster.kubeconfig(server, user);
		cells.push(...(await cellsOf({server, user, kubeconfig, truth: variant => truth(variant.stream)})));
	}

	const streams = await Promise.all(
		users.map(async user => streamCells({cluster, server, user, truth, flagz: servesFlagz('good-direct')})),
	);
	return [...cells, ...streams.flat()];
}

function judge(t: ExecutionContext, title: string, claims: readonly Claim[]): void {
	const counts = count(claims);
	t.log(summary(title, counts));
	for (const claim of counts.missed.slice(0, 20)) {
		t.log(told(claim));
	}

	t.deepEqual(
		counts.provenFalse.map(claim => told(claim)),
		[],
		'proven and false',
	);
	t.deepEqual(
		counts.inferredFalse.map(claim => told(claim)),
		[],
		'inferred and false',
	);
	t.true(counts.exact >= 0.99 * (counts.claims - counts.closed), summary(title, counts));
}

tunnelTest('claims match nine postures (kubelet CA off, good, bad × direct, grpc, http-connect)', async t => {
	const cluster = await useCluster({postures: gridPostures});
	// Use each apiserver once; another test covers unused ones.
	await Promise.all(gridPostures.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims = await claimsOfEach(gridPostures, async posture => {
		const own = await claimsAt(cluster, posture);
		t.log(summary(posture, count(own)));
		return own;
	});
	judge(t, 'nine postures', claims);
});

tunnelTest('labels of open streams match nine postures and two misleading egress files', async t => {
	const postures: readonly PostureName[] = [...gridPostures, 'egress-file-direct', 'egress-file-controlplane'];
	const cluster = await useCluster({postures});
	const claims: Claim[] = [];
	for (const posture of postures) {
		claims.push(...(await streamClaimsAt(cluster, posture)));
	}

	judge(t, 'streams', claims);
	t.deepEqual(
		count(claims)
			.missed.filter(({what}) => what === 'route')
			.map(claim => told(claim)),
		[],
		'a route that was readable beside its stream',
	);
	t.true(claims.some(({basis, cell}) => basis === 'proven' && cell.path.about !== 'configuration'));
});

tunnelTest('claims match misleading egress files: cluster set to Direct, or only controlplane', async t => {
	const misleading: readonly PostureName[] = ['egress-file-direct', 'egress-file-controlplane'];
	const cluster = await useCluster({postures: misleading});
	await Promise.all(misleading.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims = await claimsOfEach(misleading, async posture => claimsAt(cluster, posture));
	judge(t, 'egress files that send nothing to nodes', claims);
});

tunnelTest('two different replicas behind a load balancer: only open streams are claimed', async t => {
	const cluster = await useCluster({postures: ['replica-a', 'replica-b'], balancer: true});
	const replicas = ['replica-a', 'replica-b'] as const;
	await Promise.all(replicas.map(async replica => cluster.kubectl(replica, ['logs', 'finished-writer', '--tail=1'])));
	const processes = new Map<string, PostureName>();
	for (const replica of replicas) {
		for (const user of users) {
			const cells = await cellsOf({
				server: replica,
				user,
				kubeconfig: cluster.kubeconfig(replica, user),
				truth: variant => cluster.truth(replica, variant.stream),
				flagz: servesFlagz(replica),
			});
			for (const {path} of cells.filter(({path}) => path.process.id !== null)) {
				processes.set(`${user} ${path.process.id}`, replica);
			}
		}
	}

	const claims: Claim[] = [];
	const reachedReplicas = new Set<PostureName>();
	for (const user of users) {
		const cells = await cellsOf({
			server: 'balancer',
			user,
			kubeconfig: cluster.kubeconfig('balancer', user),
			truth: variant => cluster.truth('replica-a', variant.stream),
		});
		for (const {path, variant, probe} of cells) {
			t.not(path.legs[1]!.route.basis, 'proven', `${user} ${variant} ${probe}: ${path.line}`);
			t.true(
				path.legs[1]!.to !== 'kubelet' || path.legs[1]!.tls.state === 'unknown' || user === 'plain',
				`${user} ${variant} ${probe}: ${path.line}`,
			);
			t.true(path.legs[1]!.to !== 'kubelet' || path.legs[1]!.tls.basis !== 'proven');
		}
	}

	await Promise.all(
		users.map(async user => {
			for (let turn = 0; turn < 4; turn++) {
				for (const cell of await streamCells({
					cluster,
					server: 'balancer',
					user,
					truth: (stream, path) => cluster.truth(processes.get(`${user} ${path.process.id}`) ?? 'replica-a', stream),
					flagz: servesFlagz('replica-a'),
				})) {
					const process = processes.get(`${user} ${cell.path.process.id}`);
					if (process) {
						reachedReplicas.add(process);
						claims.push(...claimsOf(cell));
					} else {
						// Without distinguishing the replicas, spoke may claim nothing about a flag.
						t.true(
							cell.path.legs[1]!.to !== 'kubelet' || cell.path.legs[1]!.tls.state === 'unknown' || cell.path.process.id === null,
							cell.path.line,
						);
					}
				}
			}
		}),
	);
	judge(t, 'streams behind a balancer', claims);
	t.is(reachedReplicas.size, servesFlagz('replica-a') ? 2 : 0);
	const {stdout} = await cluster.spoke('balancer', ['audit', '-o', 'json']);
	const audit = JSON.parse(stdout) as {replicas: {agree: boolean; read: number}; rows: Array<{id: string; verdict: string}>};
	if (servesFlagz('replica-a')) {
		t.is(audit.replicas.agree, false);
		t.is(audit.rows.find(({id}) => id === 'C4')?.verdict, 'fail');
	}
});

tunnelTest('claims match three postures with HTTP CONNECT over TCP and certificates of its own CA', async t => {
	const postures: readonly PostureName[] = ['off-tcp', 'good-tcp', 'bad-tcp'];
	const cluster = await useCluster({postures});
	await Promise.all(postures.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims: Claim[] = [];
	for (const posture of postures) {
		claims.push(...(await claimsAt(cluster, posture)), ...(await streamClaimsAt(cluster, posture)));
	}

	judge(t, 'HTTP CONNECT over TCP', claims);
});

tunnelTest('claims match two postures whose apiserver refuses the certificate of its egress proxy', async t => {
	const postures: readonly PostureName[] = ['off-refused-proxy', 'good-refused-proxy'];
	const cluster = await useCluster({postures});
	await Promise.all(postures.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims: Claim[] = [];
	for (const posture of postures) {
		claims.push(...(await claimsAt(cluster, posture)), ...(await streamClaimsAt(cluster, posture)));
		const {stdout} = await cluster.spoke(posture, ['path', 'pod/shell', '--feature=logs', '--probe=active', '-o', 'json']);
		const {findings} = JSON.parse(stdout) as Path;
		t.true(
			findings.some(({code}) => code === 'EGRESS_PROXY_REFUSED'),
			stdout,
		);
	}

	judge(t, 'a refused egress proxy', claims);
});

test('claims match an apiserver on loopback behind a supervisor that carries its egress', async t => {
	const cluster = await useCluster({postures: ['good-supervisor']});
	await cluster.kubectl('good-supervisor', ['logs', 'finished-writer', '--tail=1']);
	const claims = [...(await claimsAt(cluster, 'good-supervisor')), ...(await streamClaimsAt(cluster, 'good-supervisor'))];
	judge(t, 'supervisor', claims);
	t.true(claims.some(({what, basis, cell}) => what === 'tls' && basis === 'proven' && cell.path.legs[1]!.to === 'kubelet'));
});

for (const server of ['gateway', 'impersonator'] as const) {
	test(`claims through an authenticating gateway match, and none is proven (${server})`, async t => {
		const cluster = await useCluster({postures: ['good-direct'], [server]: 'good-direct'});
		const cells = await cellsThrough(cluster, server);

		for (const {path, user, variant, probe} of cells) {
			t.not(path.legs[0]!.to, 'apiserver', `${user} ${variant} ${probe}`);
			for (const basis of [path.legs[1]!.tls.basis, path.legs[1]!.route.basis, path.crossing.basis]) {
				t.not(basis, 'proven', `${user} ${variant} ${probe}: ${path.line}`);
			}
		}

		judge(
			t,
			server,
			cells.flatMap(cell => claimsOf(cell)),
		);
	});
}

test('an L7 gateway with the apiserver’s key is identified by the lost client certificate', async t => {
	const cluster = await useCluster({postures: ['good-direct'], twin: 'good-direct'});
	for (const {path, user} of await cellsThrough(cluster, 'twin')) {
		t.is(path.legs[0]!.to, 'gateway', `${user}: ${path.line}`);
		t.false([path.legs[1]!.tls.basis, path.legs[1]!.route.basis, path.crossing.basis].includes('proven'), `${user}: ${path.line}`);
	}
});

tunnelTest('the route of a 1.34 apiserver, which serves no structured /flagz, is read from metrics', async t => {
	const old: readonly PostureName[] = ['old-off-direct', 'old-good-grpc'];
	const cluster = await useCluster({postures: old});
	await Promise.all(old.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims: Claim[] = [];
	for (const posture of old) {
		claims.push(...(await claimsAt(cluster, posture)), ...(await streamClaimsAt(cluster, posture)));
	}

	judge(t, 'apiservers of 1.34', claims);
	const routes = claims.filter(({what, cell}) => what === 'route' && cell.user !== 'plain');
	t.deepEqual(
		routes.filter(({isTrue}) => !isTrue).map(claim => told(claim)),
		[],
	);
});
