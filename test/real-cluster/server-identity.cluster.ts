/** What can be proven if a gateway or another apiserver may be at the address. */
import test from 'ava';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import type {Path} from '../../source/evidence/evidence.ts';
import {servesFlagz, type PostureName} from './lab/postures.ts';
import {objectsIn, useCluster, type LabServer} from './support/cluster.ts';
import {allUsers, serverCells} from './support/posture-cells.ts';
import {labelledStderr, pathsIn, streamCells} from './support/stream-cells.ts';

const splits: ReadonlyArray<{identity: PostureName; streams: PostureName}> = [
	{identity: 'good-direct', streams: 'off-direct'},
	{identity: 'off-direct', streams: 'good-direct'},
];

const basesOf = ({legs, exposure}: Path) => [legs[1]!.tls.basis, legs[1]!.route.basis, exposure.basis];

for (const {identity, streams} of splits) {
	for (const credential of ['token', 'certificate'] as const) {
		test.serial(`a gateway with the apiserver’s key is not proven (${credential}, ${identity}, ${streams})`, async t => {
			const cluster = await useCluster({postures: ['off-direct', 'good-direct'], splitters: splits});
			const server: LabServer = `split-${credential}-${identity}-${streams}`;
			const cells = [
				...(await serverCells(cluster, {server, like: streams, users: allUsers})),
				...(await streamCells({
					cluster,
					server,
					users: allUsers,
					truth: stream => cluster.truth(streams, stream),
					flagz: servesFlagz(identity),
				})),
			];
			await Promise.all(
				allUsers.map(async user => {
					const stderr = await labelledStderr(cluster, server, 'attach writer --path=json', {user, limitMs: 9000});
					const attached = pathsIn(stderr).at(-1);
					t.truthy(attached, stderr);
					t.false(basesOf(attached!).includes('proven'), `${user} attach: ${attached!.line}`);
				}),
			);
			for (const {path, user, variant, probe} of cells) {
				t.false(basesOf(path).includes('proven'), `${user} ${variant} ${probe}: ${path.line}`);
				t.is(path.process.boundBy, 'none', `${user} ${variant} ${probe}`);
				t.not(path.legs[0]!.to, 'apiserver', `${user} ${variant} ${probe}`);
			}
		});
	}
}

test.serial('two apiservers with one lease are never proven when one of them does not verify', async t => {
	const cluster = await useCluster({oneLease: true});
	for (let turn = 0; turn < 8; turn++) {
		const {stdout, status} = await cluster.spoke('one-lease', 'audit --require verified -o json');
		const [audit] = objectsIn<Audit>(stdout) as [Audit];
		t.not(status, 0, stdout);
		t.not(audit.replicas.agree, true);
	}

	for (let turn = 0; turn < 2; turn++) {
		const {stdout} = await cluster.spoke('one-lease', 'path node/none --probe active -o json');
		for (const path of objectsIn<Path>(stdout)) {
			t.false(path.kind === 'Path' && basesOf(path).includes('proven') && path.legs[1]!.to === 'kubelet', path.line);
		}
	}
});
