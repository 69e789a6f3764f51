/**
 * Where the time of a one-shot goes until its first byte: stage by stage, beside kubectl and the least that a Node.js program needs
 * (floor.cjs). Wall and processor time; stages are from runs of their own, because tracing costs time.
 */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {benchEnvironment, firstByteMs, type Figures, type Group, type Program} from './measure.ts';

const oneShots = {
	logs: ['logs', 'finished-writer', '--tail=1'],
	exec: ['exec', 'shell', '--', 'echo', 'here'],
	'port-forward': ['port-forward', '--address', '127.0.0.1', 'pod/tcp-0', ':7000'],
} as const;
const pods = {logs: 'finished-writer', exec: 'shell', 'port-forward': 'tcp-0'} as const;
type OneShot = keyof typeof oneShots;

const preload = fileURLToPath(new URL('../support/trace-start.cjs', import.meta.url));

export const startGroups: readonly Group[] = (Object.keys(oneShots) as OneShot[]).map(name => ({
	name: `start of ${name}`,
	programs: ['spoke', 'kubectl', 'floor'],
	measure: async program => measureStart(program, name),
}));

async function measureStart(program: Program, name: OneShot): Promise<Figures> {
	const [command, ...args] = oneShots[name];
	const commandLine = (showsPath: boolean) =>
		program.name === 'floor'
			? [...program.command, 'demo', pods[name], name, ...(showsPath ? ['path'] : [])]
			: [...program.command, command, ...(showsPath ? ['--path=json'] : []), ...args];
	const figures = new Map<string, number>();
	for (const [suffix, words] of [
		['', commandLine(false)],
		// kubectl shows no path, so its figure is of the same command again.
		[' with path (kubectl: without)', commandLine(program.name !== 'kubectl')],
	] as const) {
		figures.set(`first byte${suffix}: wall, ms`, await firstByteMs(words));
		figures.set(`whole run${suffix}: CPU, ms`, await processorMs(words));
	}

	if (program.name !== 'spoke') {
		return figures;
	}

	for (const {name: stage, ms, cpuMs} of await stagesOf(program, [command, ...args])) {
		figures.set(`${stage}: wall, ms`, ms);
		figures.set(`${stage}: CPU, ms`, cpuMs);
	}

	return figures;
}

/** As bash's `times` has it; Node.js does not tell it of a child. */
async function processorMs(words: readonly string[]): Promise<number> {
	const child = spawn('bash', ['-c', 'trap : INT; "$@" 2>/dev/null; times >&3', 'bash', ...words], {
		stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
		env: benchEnvironment(),
		// A process group of its own, for the signal.
		detached: true,
	});
	const closed = once(child, 'close');
	let text = '';
	child.stdio[3]!.on('data', (chunk: Buffer) => {
		text += chunk.toString();
	});
	await once(child.stdout!.resume(), 'data');
	if (child.exitCode === null) {
		process.kill(-child.pid!, 'SIGINT');
	}

	await closed;
	const [minutes = NaN, seconds = NaN, systemMinutes = NaN, systemSeconds = NaN] = (text.split('\n')[1]!.match(/[\d.]+/g) ?? []).map(
		Number,
	);
	return (minutes + systemMinutes) * 60_000 + (seconds + systemSeconds) * 1000;
}

type Stage = {name: string; ms: number; cpuMs: number};

async function stagesOf({command: [program = '', ...own]}: Program, args: readonly string[]): Promise<readonly Stage[]> {
	const folder = await mkdtemp(join(tmpdir(), 'spoke-start-'));
	try {
		const trace = join(folder, 'trace');
		const child = spawn(program, [...own, ...args], {
			stdio: ['ignore', 'pipe', 'ignore'],
			env: {...benchEnvironment(), NODE_OPTIONS: `--require=${preload}`, SPOKE_TRACE: trace},
		});
		const closed = once(child, 'close');
		await once(child.stdout.resume(), 'data');
		child.kill('SIGINT');
		await closed;
		return (JSON.parse(await readFile(trace, 'utf8')) as {stages: readonly Stage[]}).stages;
	} finally {
		await rm(folder, {recursive: true});
	}
}
