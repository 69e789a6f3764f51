/** Claims through gateways, authenticating ones and one that has the apiserver's own key: none is proven. */
import test from 'ava';
import type {Path} from '../../source/evidence/evidence.ts';
import {servesFlagz} from './lab/postures.ts';
import {useCluster} from './support/cluster.ts';
import {assertSeldomLate, judge, type Cell} from './support/matrix-cells.ts';
import {allUsers, serverCells} from './support/posture-cells.ts';
import {streamCells} from './support/stream-cells.ts';

const like = 'good-direct';

async function cellsThrough(server: 'gateway' | 'impersonator' | 'twin'): Promise<Cell[]> {
	const cluster = await useCluster({postures: [like], [server]: like});
	const truth: Parameters<typeof streamCells>[0]['truth'] = stream => cluster.truth(like, stream);
	return [
		...(await serverCells(cluster, {server, like, users: allUsers})),
		...(await streamCells({cluster, server, users: allUsers, truth, flagz: servesFlagz(like)})),
	];
}

const isProven = ({legs, exposure}: Path) => [legs[1]!.tls.basis, legs[1]!.route.basis, exposure.basis].includes('proven');

for (const server of ['gateway', 'impersonator'] as const) {
	test.serial(`claims through an authenticating gateway match, and none is proven (${server})`, async t => {
		const cells = await cellsThrough(server);
		for (const {path, user, variant, probe} of cells) {
			t.not(path.legs[0]!.to, 'apiserver', `${user} ${variant} ${probe}`);
			t.false(isProven(path), `${user} ${variant} ${probe}: ${path.line}`);
		}

		judge(t, server, cells);
	});
}

test.serial('an L7 gateway with the apiserver’s key is identified by the lost client certificate', async t => {
	for (const {path, user} of await cellsThrough('twin')) {
		t.is(path.legs[0]!.to, 'gateway', `${user}: ${path.line}`);
		t.false(isProven(path), `${user}: ${path.line}`);
	}
});

test.serial('at most one cell in twenty came late and was read again', t => {
	assertSeldomLate(t);
});
