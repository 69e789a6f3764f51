/**
`npm run bench [row…]`: spoke beside kubectl, and stern and k9s where they do the same, on the cluster of KUBECONFIG (the lab of
test/real-cluster), alternating in one run.
Words choose the groups whose names hold one of them. `--write` also writes docs/benchmarks.md, or the sections of the chosen groups.
`SPOKE_BENCH_ROUNDS` is the rounds (5). `SPOKE_BENCH_KUBECTL`, `…_STERN` and `…_K9S` name the programs; stern and k9s are left out where
there are none.
*/
import {spawnSync} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {loadavg} from 'node:os';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {certificateOption, heapOptions} from '../../scripts/node-options.ts';
import {crowdGroups} from './crowd.ts';
import {benchmarkDocument, type MeasuredGroup, withNewSections} from './document.ts';
import {labelGroups} from './labels.ts';
import {logGroups} from './logs.ts';
import {alternate, benchEnvironment, median, tableOf, type Group, type Program, type ProgramName} from './measure.ts';
import {portForwardGroups} from './port-forward.ts';
import {sessionFloodGroups} from './session-flood.ts';
import {sessionKeyGroups} from './session-keys.ts';
import {sessionLoadGroups} from './session-load.ts';
import {sessionGroups} from './session.ts';
import {startGroups} from './start.ts';

const words = process.argv.slice(2);
const writesDocument = words.includes('--write');
const chosen = words.filter(word => word !== '--write');
const rounds = Number(process.env['SPOKE_BENCH_ROUNDS'] ?? 5);
const programs = [
	{name: 'spoke', command: [fileURLToPath(new URL('../../build/spoke.js', import.meta.url))]},
	{name: 'kubectl', command: [process.env['SPOKE_BENCH_KUBECTL'] ?? 'kubectl']},
	...(['stern', 'k9s'] as const).map(name => ({name, command: [process.env[`SPOKE_BENCH_${name.toUpperCase()}`] ?? name]})),
	{name: 'floor', command: [process.execPath, certificateOption, ...heapOptions, fileURLToPath(new URL('floor.cjs', import.meta.url))]},
] satisfies readonly Program[];
const present = new Set<ProgramName>(
	programs
		.filter(
			({name, command}) =>
				name === 'spoke' ||
				name === 'floor' ||
				spawnSync(command[0]!, ['version', '--client'], {stdio: 'ignore', env: benchEnvironment()}).error === undefined,
		)
		.map(({name}) => name),
);
const groups: readonly Group[] = [
	...startGroups,
	...portForwardGroups,
	...logGroups,
	...crowdGroups,
	...labelGroups,
	...sessionGroups,
	...sessionKeyGroups,
	...sessionLoadGroups,
	...sessionFloodGroups,
];
const asked = groups.filter(({name}) => chosen.length === 0 || chosen.some(part => name.includes(part)));
if (asked.length === 0) {
	process.stderr.write(`no group is named so; there are: ${groups.map(({name}) => name).join(', ')}\n`);
	process.exitCode = 2;
}

if (asked.length > 0) {
	process.stdout.write(`Node ${process.version}, an empty program: ${emptyProgramMs().toFixed(0)} ms\n`);
}

const measured: MeasuredGroup[] = [];
for (const group of asked) {
	const taking = programs.filter(program => group.programs.includes(program.name) && present.has(program.name));
	const before = loadavg()[0]!;
	const groupRounds = group.isSlow ? Math.max(3, Math.round(rounds / 5)) : rounds;
	// One group that breaks, be it by the peer, costs its own table only.
	try {
		await group.setUp?.();
		const rows = await alternate(taking, groupRounds, group.measure);
		const load = [before, loadavg()[0]!] as const;
		measured.push({name: group.name, rounds: groupRounds, load, rows});
		process.stdout.write(
			`\n${group.name}: ${groupRounds} rounds, load ${load.map(at => at.toFixed(1)).join(' → ')}\n\n${tableOf(
				rows,
				taking.map(program => program.name),
			)}\n`,
		);
	} catch (error) {
		process.stdout.write(`\n${group.name}: broken off: ${(error as Error).message}\n`);
		process.exitCode = 1;
	} finally {
		await group.tearDown?.();
	}
}

if (writesDocument) {
	const path = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
	await writeFile(
		path,
		chosen.length === 0
			? await benchmarkDocument(path, {groups: measured, programs: programs.filter(({name}) => present.has(name))})
			: await withNewSections(
					path,
					measured,
					groups.map(({name}) => name),
				),
	);
	process.stdout.write(`\nwrote ${path}\n`);
}

/** No start of a Node program can be quicker. */
function emptyProgramMs(): number {
	return median(
		Array.from({length: 9}, () => {
			const began = performance.now();
			spawnSync(process.execPath, ['-e', '0'], {env: benchEnvironment()});
			return performance.now() - began;
		}),
	);
}
