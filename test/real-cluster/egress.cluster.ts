/** Claims about egress over TCP, a proxy whose certificate is refused, and a supervisor that carries the egress of its apiserver. */
import test from 'ava';
import type {Path} from '../../source/evidence/evidence.ts';
import type {PostureName} from './lab/postures.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {useCluster} from './support/cluster.ts';
import {claimsOf, assertSeldomLate, judge, type Cell} from './support/matrix-cells.ts';
import {configurationCells, postureStreams, useOnce} from './support/posture-cells.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;

/** The other users' rights are tried in the matrix. */
async function cellsOf(postures: readonly PostureName[]): Promise<Cell[]> {
	const cluster = await useCluster({postures});
	await useOnce(cluster, postures);
	return [...(await configurationCells(cluster, postures, ['admin'])), ...(await postureStreams(cluster, postures, ['admin']))];
}

tunnelTest('claims match three postures with HTTP CONNECT over TCP and certificates of its own CA', async t => {
	judge(t, 'HTTP CONNECT over TCP', await cellsOf(['off-tcp', 'good-tcp', 'bad-tcp']));
});

tunnelTest('claims match two postures whose apiserver refuses the certificate of its egress proxy', async t => {
	const postures = ['off-refused-proxy', 'good-refused-proxy'] as const;
	judge(t, 'a refused egress proxy', await cellsOf(postures));
	const cluster = await useCluster({postures});
	for (const posture of postures) {
		const {stdout} = await cluster.spoke(posture, 'path pod/shell --feature=logs --probe=active -o json');
		const {findings} = JSON.parse(stdout) as Path;
		t.true(
			findings.some(({code}) => code === 'EGRESS_PROXY_REFUSED'),
			stdout,
		);
	}
});

test.serial('claims match an apiserver on loopback behind a supervisor that carries its egress', async t => {
	const cells = await cellsOf(['good-supervisor']);
	judge(t, 'supervisor', cells);
	const claims = cells.flatMap(cell => claimsOf(cell));
	t.true(claims.some(({what, basis, cell}) => what === 'tls' && basis === 'proven' && cell.path.legs[1]!.to === 'kubelet'));
});

test.serial('at most one cell in twenty came late and was read again', t => {
	assertSeldomLate(t);
});
