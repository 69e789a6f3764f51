/** What spoke says of every connection is judged against what the apiservers' flags make true: nothing proven may be false. */
import test, {type ExecutionContext} from 'ava';
import type {Person} from './lab/kubeconfig.ts';
import {konnectivityGiven} from './lab/programs.ts';
import type {PostureName} from './lab/postures.ts';
import {useCluster, type Cluster} from './support/cluster.ts';
import {cellsOf, claimsOf, count, summary, told, type Claim} from './support/matrix-cells.ts';

const tunnelTest = konnectivityGiven ? test : test.skip;
const people: readonly Person[] = ['admin', 'monitor', 'plain'];
const corners: readonly PostureName[] = ['off-direct', 'good-direct', 'bad-direct', 'off-grpc', 'good-grpc', 'bad-grpc', 'off-http', 'good-http', 'bad-http'];

async function claimsAt(cluster: Cluster, posture: PostureName): Promise<Claim[]> {
	const claims: Claim[] = [];
	for (const person of people) {
		const cells = await cellsOf({place: posture, person, kubeconfig: cluster.kubeconfig(posture, person), truth: variant => cluster.truth(posture, variant.stream)});
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

	t.deepEqual(counts.provenFalse.map(claim => told(claim)), [], 'proven and false');
	t.true(counts.inferredFalse.length <= 0.01 * counts.claims, `${counts.inferredFalse.length} inferred and false`);
	t.true(counts.exact >= 0.9 * (counts.claims - counts.closed), summary(title, counts));
}

tunnelTest('kubelet CA off, good, bad × direct, grpc, http-connect × ten variants × three people', async t => {
	const cluster = await useCluster({postures: corners});
	// Each apiserver has been used at least once, as any that a person meets; what nobody has tried is another test's.
	await Promise.all(corners.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims: Claim[] = [];
	for (const posture of corners) {
		const own = await claimsAt(cluster, posture);
		t.log(summary(posture, count(own)));
		claims.push(...own);
	}

	judge(t, 'nine postures', claims);
});

tunnelTest('traps: an egress file whose cluster is Direct, and one with only controlplane', async t => {
	const traps: readonly PostureName[] = ['egress-file-direct', 'egress-file-controlplane'];
	const cluster = await useCluster({postures: traps});
	await Promise.all(traps.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	const claims: Claim[] = [];
	for (const trap of traps) {
		claims.push(...await claimsAt(cluster, trap));
	}

	judge(t, 'egress files that send nothing to nodes', claims);
});

tunnelTest('trap: two replicas with different flags behind a balancer: proven is of the process that is named, and the audit says that they differ', async t => {
	const cluster = await useCluster({postures: ['replica-a', 'replica-b'], balancer: true});
	await Promise.all((['replica-a', 'replica-b'] as const).map(async replica => cluster.kubectl(replica, ['logs', 'finished-writer', '--tail=1'])));
	const processes = new Map<string, PostureName>();
	for (const replica of ['replica-a', 'replica-b'] as const) {
		for (const person of people) {
			const [cell] = await cellsOf({place: replica, person, kubeconfig: cluster.kubeconfig(replica, person), truth: variant => cluster.truth(replica, variant.stream)});
			processes.set(`${person} ${cell!.path.process.id}`, replica);
		}
	}

	const claims: Claim[] = [];
	for (let turn = 0; turn < 4; turn++) {
		for (const person of people) {
			const cells = await cellsOf({
				place: 'balancer',
				person,
				kubeconfig: cluster.kubeconfig('balancer', person),
				truth: (variant, path) => cluster.truth(processes.get(`${person} ${path.process.id}`) ?? 'replica-a', variant.stream),
			});
			// Who cannot tell the replicas apart may claim nothing of a flag.
			const known = cells.filter(({path}) => path.process.id !== null || path.legs[1]!.tls.evidence.length === 0);
			claims.push(...known.flatMap(cell => claimsOf(cell)).filter(({cell}) => cell.path.process.id !== null));
			for (const {path} of cells.filter(({path}) => path.process.id === null && path.legs[1]!.to === 'kubelet')) {
				t.not(path.legs[1]!.tls.basis, 'proven', path.line);
			}
		}
	}

	judge(t, 'behind a balancer', claims);
	const {stdout} = await cluster.spoke('balancer', ['audit', '-o', 'json']);
	const audit = JSON.parse(stdout) as {replicas: {agree: boolean; read: number}; rows: Array<{id: string; verdict: string}>};
	t.is(audit.replicas.agree, false);
	t.is(audit.rows.find(({id}) => id === 'C4')?.verdict, 'fail');
});

test('trap: behind an L7 gateway nothing is better than inferred', async t => {
	const cluster = await useCluster({postures: ['good-direct'], gateway: 'good-direct'});
	for (const person of people) {
		const cells = await cellsOf({place: 'gateway', person, kubeconfig: cluster.kubeconfig('gateway', person), truth: variant => cluster.truth('good-direct', variant.stream)});
		for (const {path, variant, probe} of cells) {
			t.is(path.legs[0]!.to, 'gateway', `${person} ${variant} ${probe}`);
			for (const basis of [path.legs[1]!.tls.basis, path.legs[1]!.route.basis, path.crossing.basis]) {
				t.not(basis, 'proven', `${person} ${variant} ${probe}: ${path.line}`);
			}
		}
	}
});

tunnelTest('apiservers of 1.34, which serve no structured /flagz: what is said is true, and the route is read from their metrics', async t => {
	const old: readonly PostureName[] = ['old-off-direct', 'old-good-grpc'];
	const cluster = await useCluster({postures: old});
	await Promise.all(old.map(async posture => cluster.kubectl(posture, ['logs', 'finished-writer', '--tail=1'])));
	for (const posture of old) {
		const claims = await claimsAt(cluster, posture);
		const counts = count(claims);
		t.log(summary(posture, counts));
		t.deepEqual(counts.provenFalse.map(claim => told(claim)), []);
		t.deepEqual(counts.inferredFalse.map(claim => told(claim)), []);
		const routes = claims.filter(({what, cell}) => what === 'route' && cell.person !== 'plain');
		t.true(routes.every(({isTrue}) => isTrue), routes.filter(({isTrue}) => !isTrue).map(claim => told(claim)).join('\n'));
	}
});
