/** Runs the program that `npm test` has built. */
import {type ChildProcessByStdio, execFile, spawn, type StdioOptions} from 'node:child_process';
import {once} from 'node:events';
import process from 'node:process';
import type {Readable, Writable} from 'node:stream';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import {Semaphore} from '../../source/base/async/queues.ts';
import {faultsOfLines} from './schemas.ts';
import {until} from './until.ts';

export const builtProgram = fileURLToPath(new URL('../../build/spoke.js', import.meta.url));

const programs = new Semaphore(4);

export type Ended = {status: number; stdout: string; stderr: string};

/** Rejects for an object that violates its schema. The environment has no kubeconfig and no home of the tester. */
export async function runSpoke(
	argv: readonly string[],
	options: {env?: NodeJS.ProcessEnv; input?: string; node?: readonly string[]; program?: string; timeoutMs?: number} = {},
): Promise<Ended> {
	return programs.run(
		async () =>
			new Promise<Ended>((resolve, reject) => {
				const child = execFile(
					process.execPath,
					[...(options.node ?? []), options.program ?? builtProgram, ...argv],
					{
						env: {PATH: process.env['PATH'], HOME: '/nonexistent', ...options.env},
						timeout: options.timeoutMs ?? 90_000,
						maxBuffer: 256 * 1024 * 1024,
					},
					(error, stdout, stderr) => {
						const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 128;
						const faults = [stdout, stderr].flatMap(text => faultsOfLines(text));
						if (faults.length > 0) {
							reject(new Error(`spoke ${argv.join(' ')} prints what its schema does not allow: ${faults.slice(0, 3).join('; ')}`));
							return;
						}

						resolve({status, stdout, stderr});
					},
				);
				// The status decides about a program that ends without reading its input.
				child.stdin?.on('error', () => {}).end(options.input ?? '');
			}),
	);
}

/** What a row expects of a program that ends: texts as a whole, patterns by a match. What is missing is 0, or nothing printed. */
export type Printed = {status?: number; stdout?: string | RegExp; stderr?: string | RegExp};

export function assertPrinted(
	t: Pick<ExecutionContext, 'is' | 'regex'>,
	ended: Ended,
	{status = 0, stdout = '', stderr = ''}: Printed,
	about = '',
): void {
	const shown = `${about} ${JSON.stringify(ended).slice(0, 2000)}`;
	t.is(ended.status, status, shown);
	for (const [text, expected] of [
		[ended.stdout, stdout],
		[ended.stderr, stderr],
	] as const) {
		if (typeof expected === 'string') {
			t.is(text, expected, shown);
		} else {
			t.regex(text, expected, shown);
		}
	}
}

/** Runs the program and compares what it printed. */
export async function spokePrints(
	t: Pick<ExecutionContext, 'is' | 'regex'>,
	argv: readonly string[],
	expected: Printed,
	options: Parameters<typeof runSpoke>[1] = {},
): Promise<Ended> {
	const ended = await runSpoke(argv, options);
	assertPrinted(t, ended, expected, argv.join(' '));
	return ended;
}

/** What `stdio` does not pipe is not there. */
export type RunningSpoke = {
	child: ChildProcessByStdio<Writable, Readable, Readable>;
	/** So far. */
	output: {stdout: string; stderr: string};
	/** `null` after a signal that the program does not handle. */
	ended: Promise<{status: number | null; stdout: string; stderr: string}>;
	sees(pattern: RegExp, name?: 'stdout' | 'stderr'): Promise<unknown>;
	/** Sends a signal, and resolves to the status. */
	end(signal: NodeJS.Signals): Promise<number | null>;
};

/** Without `reads`, the test reads the outputs. `program`: what `argv` is for, if not spoke. */
export type StartOptions = {
	env?: NodeJS.ProcessEnv | undefined;
	stdio?: StdioOptions;
	reads?: boolean;
	program?: readonly [string, ...string[]];
	cwd?: string;
};

/** Starts the program in a session of its own, so that no terminal sends it signals. What is left of it ends with its test. */
export function startSpoke(
	t: Pick<ExecutionContext, 'teardown'>,
	argv: readonly string[],
	{env, stdio = ['ignore', 'pipe', 'pipe'], reads = true, program = [process.execPath, builtProgram], cwd}: StartOptions = {},
): RunningSpoke {
	const [file, ...before] = program;
	const child = spawn(file, [...before, ...argv], {
		...(cwd !== undefined && {cwd}),
		env: {PATH: process.env['PATH'], HOME: '/nonexistent', ...env},
		detached: true,
		stdio,
	}) as RunningSpoke['child'];
	const output = {stdout: '', stderr: ''};
	for (const name of reads ? (['stdout', 'stderr'] as const) : []) {
		(child[name] as Readable | null)?.on('data', (chunk: Buffer) => {
			output[name] += chunk.toString();
		});
	}

	t.teardown(() => {
		try {
			process.kill(-child.pid!, 'SIGKILL');
		} catch {}
	});
	const ended = once(child, 'close').then(([status]) => ({status: status as number | null, ...output}));
	return {
		child,
		output,
		ended,
		sees: async (pattern, name = 'stdout') => until(() => pattern.test(output[name]), output),
		async end(signal) {
			child.kill(signal);
			return (await ended).status;
		},
	};
}
