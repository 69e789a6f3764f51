/** spoke's claims about every connection, compared with the apiservers' flags: nothing claimed may be false. */
import test from 'ava';
import {hasKonnectivity} from './lab/programs.ts';
import {type PostureName, servesFlagz} from './lab/postures.ts';
import {useCluster} from './support/cluster.ts';
import {claimsOf, assertSeldomLate, judge} from './support/matrix-cells.ts';
import {allUsers, configurationCells, postureStreams, useOnce} from './support/posture-cells.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;

const grid = ['off-direct', 'good-direct', 'bad-direct', 'off-grpc', 'good-grpc', 'bad-grpc', 'off-http', 'good-http', 'bad-http'] as const;

const rows: ReadonlyArray<[title: string, postures: readonly PostureName[]]> = [
	['nine postures (kubelet CA off, good, bad × direct, grpc, http-connect)', grid],
	['misleading egress files: cluster set to Direct, or only controlplane', ['egress-file-direct', 'egress-file-controlplane']],
	// It serves no structured /flagz, so routes are read from metrics.
	['four postures of 1.34', ['old-off-direct', 'old-good-direct', 'old-bad-direct', 'old-good-grpc']],
];

for (const [title, postures] of rows) {
	tunnelTest(`claims match ${title}`, async t => {
		const cluster = await useCluster({postures});
		await useOnce(cluster, postures);
		judge(t, title, await configurationCells(cluster, postures, allUsers));
	});

	tunnelTest(`labels of open streams match ${title}`, async t => {
		const cluster = await useCluster({postures});
		const cells = await postureStreams(cluster, postures, allUsers);
		judge(t, title, cells);
		const claims = cells.flatMap(cell => claimsOf(cell));
		// Without flags, nothing beyond leg 1 is proven.
		t.true(
			!postures.some(name => servesFlagz(name)) ||
				claims.some(({basis, cell}) => basis === 'proven' && cell.path.about !== 'configuration'),
		);
	});
}

test.serial('at most one cell in twenty came late and was read again', t => {
	assertSeldomLate(t);
});
