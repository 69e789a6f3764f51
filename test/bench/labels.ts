/**
 * The time that printing the path adds to one-shots: run alternately with and without it, near the apiserver and 40 ms away.
 */
import {spawnSync} from 'node:child_process';
import process from 'node:process';
import {startFarRelay} from './far-relay.ts';
import {benchEnvironment, firstByteMs, type Figures, type Group, type Program} from './measure.ts';

const oneShots: ReadonlyArray<{name: string; args: readonly string[]; remoteCommand: readonly string[]; floor: readonly string[]}> = [
	{name: 'logs, first line', args: ['logs', 'finished-writer', '--tail=1'], remoteCommand: [], floor: ['finished-writer', 'logs']},
	{name: 'exec, first byte', args: ['exec', 'shell'], remoteCommand: ['--', 'echo', 'here'], floor: ['shell', 'exec']},
	{
		name: 'port-forward, announced',
		args: ['port-forward', '--address', '127.0.0.1', 'pod/tcp-0', ':7000'],
		remoteCommand: [],
		floor: ['tcp-0', 'port-forward'],
	},
];

const oneWayMs = 20;

let turn = 0;

export const labelGroups: readonly Group[] = [
	{name: 'one-shot commands with and without path', programs: ['spoke'], measure: async program => everyOneShot(program, [])},
	{
		name: `one-shot commands with and without path, ${2 * oneWayMs} ms round-trip time`,
		programs: ['spoke', 'kubectl', 'floor'],
		measure: fromAfar,
	},
];

async function fromAfar(program: Program): Promise<Figures> {
	const {hostname, port} = serverOf(program);
	const relay = await startFarRelay(hostname, Number(port), oneWayMs);
	try {
		const serverArgs =
			program.name === 'floor' ? [`relay=${relay.port}`] : ['--server', `https://127.0.0.1:${relay.port}`, '--tls-server-name', hostname];
		return await everyOneShot(program, serverArgs);
	} finally {
		relay.close();
	}
}

/** Of the kubeconfig, as kubectl reads it. */
function serverOf(program: Program): URL {
	const kubectl = program.name === 'kubectl' ? program.command[0]! : (process.env['SPOKE_BENCH_KUBECTL'] ?? 'kubectl');
	const {stdout} = spawnSync(kubectl, ['config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}'], {
		encoding: 'utf8',
		env: benchEnvironment(),
	});
	return new URL(stdout);
}

/** kubectl prints no path line: its figures are in both rows. */
async function everyOneShot(program: Program, serverArgs: readonly string[]): Promise<Figures> {
	const figures = new Map<string, number>();
	const modes = ['never', 'json'] as const;
	for (const {name, args, remoteCommand, floor} of oneShots) {
		// Who goes first changes, since the machine warms up.
		for (const mode of turn++ % 2 === 0 ? modes : modes.toReversed()) {
			const pathArgs = program.name === 'spoke' ? [`--path=${mode}`] : [];
			const programArgs =
				program.name === 'floor'
					? ['demo', ...floor, ...(mode === 'json' ? ['path'] : []), ...serverArgs]
					: [...args, ...serverArgs, ...pathArgs, ...remoteCommand];
			figures.set(
				`${name}, ${mode === 'never' ? 'without path line' : 'with path line'}, ms`,
				await firstByteMs([...program.command, ...programArgs]),
			);
		}
	}

	return figures;
}
