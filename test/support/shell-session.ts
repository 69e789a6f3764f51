/** A shell that leads a session of its own, as that of a terminal, and runs the built program. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import {forwardsDirectory, readProcess} from '../../source/commands/forwards/detached-forward-state.ts';
import {quoteForShell} from '../../source/base/text/escaping.ts';
import {builtProgram, type Ended} from './run-spoke.ts';
import {faultsOfLines} from './schemas.ts';
import {until} from './until.ts';

export type ShellSession = {
	/** Of the forwards of this session alone. */
	stateHome: string;
	directory: string;
	env: NodeJS.ProcessEnv;
	pid: number;
	/** Runs the program as a child of the shell. */
	spoke(args: readonly string[]): Promise<Ended>;
	/** Starts the program, whose process id it resolves to, and does not wait for it. */
	start(args: readonly string[]): Promise<{pid: number; ended: Promise<Ended>}>;
	/** Ends the shell as when its terminal closes. */
	close(): Promise<void>;
};

/** Each command starts two programs, one of which waits for the other. */
const limitMs = 90_000;

/** Nothing that it started outlives the test: forwards end when their state is gone, and the test waits for that. */
export async function openShellSession(t: Pick<ExecutionContext, 'teardown'>, own: NodeJS.ProcessEnv): Promise<ShellSession> {
	const home = await mkdtemp(join(tmpdir(), 'spoke-shell-'));
	const stateHome = join(home, 'state');
	const directory = join(stateHome, 'spoke', forwardsDirectory.name);
	// A forward that ends after its home was removed would otherwise write its compiled code there.
	const env = {...own, HOME: home, XDG_STATE_HOME: stateHome, NODE_DISABLE_COMPILE_CACHE: '1'};
	const shell = spawn('sh', [], {env, cwd: home, detached: true, stdio: ['pipe', 'ignore', 'ignore']});
	const closed = once(shell, 'close');
	const started = new Set<number>();
	const noteForwards = async () => {
		for (const {pid} of await forwardProcesses(directory)) {
			started.add(pid);
		}
	};

	t.teardown(async () => {
		await noteForwards();
		shell.kill('SIGKILL');
		await closed;
		// A forward can write its state meanwhile.
		await rm(home, {recursive: true, force: true, maxRetries: 5});
		await until(async () => (await Promise.all([...started].map(async pid => isRunning(pid)))).every(runs => !runs), started, limitMs);
	});
	let count = 0;
	const start = async (args: readonly string[]) => {
		const name = join(home, `run-${++count}`);
		const command = [process.execPath, builtProgram, ...args].map(word => quoteForShell(word)).join(' ');
		const withPid = `sh -c 'echo $$ >${name}.pid; exec "$@"' sh ${command}`;
		shell.stdin.write(`{ ${withPid} >${name}.out 2>${name}.err; echo $? >${name}.tmp; mv ${name}.tmp ${name}.status; } &\n`);
		const read = async (extension: string) => readFile(`${name}.${extension}`, 'utf8');
		const ended = until(
			async () => read('status').catch(() => null),
			async () => read('err').catch(() => ''),
			limitMs,
		).then(async status => {
			await noteForwards();
			const result = {status: Number(status), stdout: await read('out'), stderr: await read('err')};
			const faults = [result.stdout, result.stderr].flatMap(text => faultsOfLines(text));
			if (faults.length > 0) {
				throw new Error(`spoke ${args.join(' ')} prints what its schema does not allow: ${faults.slice(0, 3).join('; ')}`);
			}

			return result;
		});
		return {pid: Number(await until(async () => read('pid').catch(() => null))), ended};
	};

	return {
		stateHome,
		directory,
		env,
		pid: shell.pid!,
		start,
		spoke: async args => (await start(args)).ended,
		async close() {
			await noteForwards();
			shell.kill('SIGHUP');
			await closed;
		},
	};
}

/** Of the state files. */
export async function forwardProcesses(directory: string): Promise<ReadonlyArray<{name: string; pid: number}>> {
	const files = (await readdir(directory).catch(() => [])).filter(file => /^\w+\.json$/.test(file));
	const texts = await Promise.all(files.map(async file => readFile(join(directory, file), 'utf8').catch(() => null)));
	return texts.flatMap(text => {
		const record = text === null ? null : (JSON.parse(text) as {name: string; process: {pid: number}});
		return record === null ? [] : [{name: record.name, pid: record.process.pid}];
	});
}

export async function isRunning(pid: number): Promise<boolean> {
	return (await readProcess(pid)) !== null;
}
