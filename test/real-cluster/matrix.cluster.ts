/** spoke's claims about every connection, compared with the apiservers' flags: nothing proven may be false. */
import test, {type ExecutionContext} from 'ava';
import type {Person} from './lab/kubeconfig.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {servesFlagz, type PostureName} from './lab/postures.ts';
import {useCluster, type Cluster} from './support/cluster.ts';
import {cellsOf, claimsOf, count, summary, told, type Claim} from './support/matrix-cells.ts';
import {streamCells} from './support/stream-cells.ts';

const tunnelTest = hasKonnectivity ? test : test.skip;
const people: readonly Person[] = ['admin', 'monitor', 'plain'];
const corners: readonly PostureName[] = [
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

async function claimsAt(cluster: Cluster, posture: PostureName): Promise<Claim[]> {
	const claims: Claim[] = [];
	for (const person of people) {
		const cells = await cellsOf({
			place: posture,
			person,
			kubeconfig: cluster.kubeconfig(posture, person),
			truth: variant => cluster.truth(posture, variant.stream),
			flagz: servesFlagz(posture),
		});
		claims.push(...cells.flatMap(cell => claimsOf(cell)));
	}

	return claims;
}

function judge(t: ExecutionContext, title: string, claims: readonly Claim[]): void {
	const counts = count(claims);
	t.log(summary(title, counts));
	for (const claim of [...counts.inferredFalse, ...counts.missed.slice(0, 20)]) {
		t.log(told(claim));
	}

	t.deepEqual(
		counts.provenFalse.map(claim => told(claim)),
		[],
		'proven and false',
	);
	t.true(counts.inferredFalse.length <= 0.01 * counts.claims, `${counts.inferredFalse.length} inferred and false`);
	t.true(counts.exact >= 0.9 * (counts.claims - counts.closed), summary(title, counts));
}

tunnelTest('kubelet CA off, good, bad × direct, grpc, http-connect × ten variants × three people', async t => {
	const cluster = await useCluster({postures: corners});
	// Use each apiserver once; another test covers unused ones.
	await Promise.all(corners.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims: Claim[] = [];
	for (const posture of corners) {
		const own = await claimsAt(cluster, posture);
		t.log(summary(posture, count(own)));
		claims.push(...own);
	}

	judge(t, 'nine postures', claims);
});

tunnelTest('labels of streams that were opened: nine postures and two traps × seven streams × three people', async t => {
	const postures: readonly PostureName[] = [...corners, 'egress-file-direct', 'egress-file-controlplane'];
	const cluster = await useCluster({postures});
	const claims: Claim[] = [];
	for (const posture of postures) {
		for (const person of people) {
			claims.push(
				...(
					await streamCells({cluster, place: posture, person, truth: stream => cluster.truth(posture, stream), flagz: servesFlagz(posture)})
				).flatMap(cell => claimsOf(cell)),
			);
		}
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

tunnelTest('traps: an egress file whose cluster is Direct, and one with only controlplane', async t => {
	const traps: readonly PostureName[] = ['egress-file-direct', 'egress-file-controlplane'];
	const cluster = await useCluster({postures: traps});
	await Promise.all(traps.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims: Claim[] = [];
	for (const trap of traps) {
		claims.push(...(await claimsAt(cluster, trap)));
	}

	judge(t, 'egress files that send nothing to nodes', claims);
});

tunnelTest(
	'trap: two replicas with different flags behind a balancer: an open stream says what its own process does, and nothing is said of one that is not open',
	async t => {
		const cluster = await useCluster({postures: ['replica-a', 'replica-b'], balancer: true});
		const replicas = ['replica-a', 'replica-b'] as const;
		await Promise.all(replicas.map(async replica => cluster.kubectl(replica, ['logs', 'finished-writer', '--tail=1'])));
		const processes = new Map<string, PostureName>();
		for (const replica of replicas) {
			for (const person of people) {
				const [cell] = await cellsOf({
					place: replica,
					person,
					kubeconfig: cluster.kubeconfig(replica, person),
					truth: variant => cluster.truth(replica, variant.stream),
					flagz: servesFlagz(replica),
				});
				if (cell!.path.process.id !== null) {
					processes.set(`${person} ${cell!.path.process.id}`, replica);
				}
			}
		}

		const claims: Claim[] = [];
		const met = new Set<PostureName>();
		for (const person of people) {
			const cells = await cellsOf({
				place: 'balancer',
				person,
				kubeconfig: cluster.kubeconfig('balancer', person),
				truth: variant => cluster.truth('replica-a', variant.stream),
			});
			for (const {path, variant, probe} of cells) {
				t.not(path.legs[1]!.route.basis, 'proven', `${person} ${variant} ${probe}: ${path.line}`);
				t.true(
					path.legs[1]!.to !== 'kubelet' || path.legs[1]!.tls.state === 'unknown' || person === 'plain',
					`${person} ${variant} ${probe}: ${path.line}`,
				);
				t.true(path.legs[1]!.to !== 'kubelet' || path.legs[1]!.tls.basis !== 'proven');
			}

			for (let turn = 0; turn < 4; turn++) {
				for (const cell of await streamCells({
					cluster,
					place: 'balancer',
					person,
					truth: (stream, path) => cluster.truth(processes.get(`${person} ${path.process.id}`) ?? 'replica-a', stream),
					flagz: servesFlagz('replica-a'),
				})) {
					const process = processes.get(`${person} ${cell.path.process.id}`);
					if (process) {
						met.add(process);
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
		}

		judge(t, 'streams behind a balancer', claims);
		t.is(met.size, servesFlagz('replica-a') ? 2 : 0);
		const {stdout} = await cluster.spoke('balancer', ['audit', '-o', 'json']);
		const audit = JSON.parse(stdout) as {replicas: {agree: boolean; read: number}; rows: Array<{id: string; verdict: string}>};
		if (servesFlagz('replica-a')) {
			t.is(audit.replicas.agree, false);
			t.is(audit.rows.find(({id}) => id === 'C4')?.verdict, 'fail');
		}
	},
);

test('trap: no verdict behind an L7 gateway is better than inferred', async t => {
	const cluster = await useCluster({postures: ['good-direct'], gateway: 'good-direct'});
	for (const person of people) {
		const cells = await cellsOf({
			place: 'gateway',
			person,
			kubeconfig: cluster.kubeconfig('gateway', person),
			truth: variant => cluster.truth('good-direct', variant.stream),
		});
		for (const {path, variant, probe} of cells) {
			t.is(path.legs[0]!.to, 'gateway', `${person} ${variant} ${probe}`);
			for (const basis of [path.legs[1]!.tls.basis, path.legs[1]!.route.basis, path.crossing.basis]) {
				t.not(basis, 'proven', `${person} ${variant} ${probe}: ${path.line}`);
			}
		}
	}
});

test('trap: an L7 gateway with the apiserver’s key is identified by the missing certificate', async t => {
	const cluster = await useCluster({postures: ['good-direct'], twin: 'good-direct'});
	for (const person of people) {
		const cells = await cellsOf({
			place: 'twin',
			person,
			kubeconfig: cluster.kubeconfig('twin', person),
			truth: variant => cluster.truth('good-direct', variant.stream),
		});
		const streams = await streamCells({
			cluster,
			place: 'twin',
			person,
			truth: stream => cluster.truth('good-direct', stream),
			flagz: servesFlagz('good-direct'),
		});
		for (const {path} of [...cells, ...streams]) {
			t.is(path.legs[0]!.to, 'gateway', `${person}: ${path.line}`);
			t.false([path.legs[1]!.tls.basis, path.legs[1]!.route.basis, path.crossing.basis].includes('proven'), `${person}: ${path.line}`);
		}
	}
});

tunnelTest('apiservers of 1.34, which serve no structured /flagz: the route is read from their metrics', async t => {
	const old: readonly PostureName[] = ['old-off-direct', 'old-good-grpc'];
	const cluster = await useCluster({postures: old});
	await Promise.all(old.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims: Claim[] = [];
	for (const posture of old) {
		claims.push(...(await claimsAt(cluster, posture)));
		for (const person of people) {
			claims.push(
				...(await streamCells({cluster, place: posture, person, truth: stream => cluster.truth(posture, stream), flagz: false})).flatMap(
					cell => claimsOf(cell),
				),
			);
		}
	}

	judge(t, 'apiservers of 1.34', claims);
	const routes = claims.filter(({what, cell}) => what === 'route' && cell.person !== 'plain');
	t.deepEqual(
		routes.filter(({isTrue}) => !isTrue).map(claim => told(claim)),
		[],
	);
});
