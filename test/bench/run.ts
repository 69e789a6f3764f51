/**
`npm run bench [row…]`: spoke beside kubectl on the cluster of KUBECONFIG (the lab of test/cluster, profile `fast`), alternating in one run.
`SPOKE_BENCH_KUBECTL` names the kubectl, `SPOKE_BENCH_ROUNDS` the rounds (5).
*/
import {existsSync} from 'node:fs';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {alternate, tableOf, type Program} from './measure.ts';

type Suite = {
	/** Groups of figures, each measured by one call. */
	groups: ReadonlyMap<string, (program: Program) => Promise<ReadonlyMap<string, number>>>;
	moreIsBetter: (row: string) => boolean;
};

const chosen = process.argv.slice(2);
const rounds = Number(process.env['SPOKE_BENCH_ROUNDS'] ?? 5);
const programs: readonly Program[] = [
	{name: 'spoke', command: [process.execPath, fileURLToPath(new URL('../../build/spoke.js', import.meta.url))]},
	{name: 'kubectl', command: [process.env['SPOKE_BENCH_KUBECTL'] ?? 'kubectl']},
];

for (const file of ['port-forward.ts', 'logs.ts']) {
	const place = new URL(file, import.meta.url);
	if (!existsSync(place)) {
		continue;
	}

	const {suite} = await import(place.href) as {suite: Suite};
	for (const [name, once] of suite.groups) {
		if (!(chosen.length === 0 || chosen.some(part => name.includes(part)))) {
			continue;
		}

		process.stdout.write(`\n${name}, ${rounds} rounds\n`);
		process.stdout.write(`${tableOf(await alternate(programs, rounds, once), suite.moreIsBetter)}\n`);
	}
}
