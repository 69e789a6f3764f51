/** What a label costs the person who waits: the same one-shots with and without it, in turn. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {benchEnvironment, type Figures, type Group, type Program} from './measure.ts';

const oneShots: ReadonlyArray<[name: string, args: readonly string[], behind: readonly string[]]> = [
	['logs, first line', ['logs', 'finished-writer', '--tail=1'], []],
	['exec, first byte', ['exec', 'shell'], ['--', 'echo', 'here']],
	['port-forward, announced', ['port-forward', '--address', '127.0.0.1', 'pod/tcp-0', ':7000'], []],
];

let turn = 0;

export const labelGroups: readonly Group[] = [{name: 'labels of one-shots', programs: ['spoke'], measure: everyOneShot}];

async function everyOneShot(program: Program): Promise<Figures> {
	const figures = new Map<string, number>();
	const modes = ['never', 'json'] as const;
	for (const [name, args, behind] of oneShots) {
		// Who goes first changes, since the machine warms up.
		for (const mode of turn++ % 2 === 0 ? modes : modes.toReversed()) {
			figures.set(`${name}, ${mode === 'never' ? 'no label' : 'with its label'}, ms`, await readyMs(program, [...args, `--path=${mode}`, ...behind]));
		}
	}

	return figures;
}

/** From the start of the process until its first byte on stdout. */
async function readyMs({command}: Program, args: readonly string[]): Promise<number> {
	const began = performance.now();
	const child = spawn(command[0]!, [...command.slice(1), ...args], {stdio: ['ignore', 'pipe', 'ignore'], env: benchEnvironment()});
	await once(child.stdout, 'data');
	const ms = performance.now() - began;
	child.kill('SIGINT');
	await once(child, 'exit');
	return ms;
}
