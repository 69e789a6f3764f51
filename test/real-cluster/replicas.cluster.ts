/** Two replicas with different flags behind one address: only what is known of the process of an open stream may be claimed. */
import test from 'ava';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import {servesFlagz, type PostureName} from './lab/postures.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {useCluster} from './support/cluster.ts';
import {assertSeldomLate, judge, type Cell} from './support/matrix-cells.ts';
import {allUsers, serverCells, useOnce} from './support/posture-cells.ts';
import {streamCells} from './support/stream-cells.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;
const replicas = ['replica-a', 'replica-b'] as const;

tunnelTest('two different replicas behind a load balancer: only open streams are claimed', async t => {
	const cluster = await useCluster({postures: replicas, balancer: true});
	await useOnce(cluster, replicas);
	const processes = new Map<string, PostureName>();
	for (const server of replicas) {
		for (const {path, user} of await serverCells(cluster, {server, like: server, users: allUsers})) {
			if (path.process.id !== null) {
				processes.set(`${user} ${path.process.id}`, server);
			}
		}
	}

	for (const {path, user, variant, probe} of await serverCells(cluster, {server: 'balancer', like: 'replica-a', users: allUsers})) {
		const {to, tls, route} = path.legs[1]!;
		const told = `${user} ${variant} ${probe}: ${path.line}`;
		t.not(route.basis, 'proven', told);
		t.true(to !== 'kubelet' || tls.state === 'unknown', told);
	}

	const cells: Cell[] = [];
	for (const turn of [0, 1, 2]) {
		cells.push(
			...(await streamCells({
				cluster,
				server: 'balancer',
				users: allUsers,
				turn,
				truth: (stream, path, user) => cluster.truth(processes.get(`${user} ${path.process.id}`) ?? 'replica-a', stream),
				flagz: servesFlagz('replica-a'),
			})),
		);
	}

	const isKnown = (cell: Cell) => processes.has(`${cell.user} ${cell.path.process.id}`);
	judge(t, 'streams behind a balancer', cells.filter(isKnown));
	t.is(new Set(cells.filter(isKnown).map(({path, user}) => processes.get(`${user} ${path.process.id}`))).size, 2);
	for (const {path} of cells.filter(cell => !isKnown(cell))) {
		const {to, tls} = path.legs[1]!;
		t.true(to !== 'kubelet' || tls.state === 'unknown' || path.process.id === null, path.line);
	}

	const {stdout} = await cluster.spoke('balancer', 'audit -o json');
	const audit = JSON.parse(stdout) as Audit;
	t.is(audit.replicas.agree, false);
	t.is(audit.rows.find(({id}) => id === 'C4')?.verdict, 'fail');
});

test.serial('at most one cell in twenty came late and was read again', t => {
	assertSeldomLate(t);
});
