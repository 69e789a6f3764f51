/** spoke and kubectl, run the same way. */
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import process from 'node:process';
import {kubernetesPath} from '../../real-cluster/lab/programs.ts';
import {builtProgram} from '../../support/run-spoke.ts';

export type ProgramName = 'spoke' | 'kubectl';

export type RunOptions = {kubeconfig: string; env?: NodeJS.ProcessEnv; input?: Buffer | string; limitMs?: number};

/** `status` is `null` if the run was ended at its time limit. */
export type Ran = {status: number | null; stdout: Buffer; stderr: string; seconds: number; mostResidentMiB: number};

export class Program {
	readonly name: ProgramName;
	readonly #command: readonly string[];

	constructor(name: ProgramName) {
		this.name = name;
		this.#command = name === 'spoke' ? [process.execPath, builtProgram] : [kubernetesPath('kubectl')];
	}

	/** The program and arguments, for a caller that starts it itself. */
	words(args: readonly string[]): [string, string[]] {
		return [this.#command[0]!, [...this.#command.slice(1), ...args]];
	}

	start(args: readonly string[], {kubeconfig, env = {}}: RunOptions): ChildProcess {
		const [file, words] = this.words(args);
		return spawn(file, words, {env: {PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: kubeconfig, ...env}, stdio: 'pipe'});
	}

	async run(args: readonly string[], options: RunOptions): Promise<Ran> {
		const child = this.start(args, options);
		const startedAt = performance.now();
		const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
		child.stdout!.on('data', (piece: Buffer) => stdout.push(piece));
		child.stderr!.on('data', (piece: Buffer) => stderr.push(piece));
		child.stdin!.on('error', () => undefined).end(options.input ?? '');
		let mostResidentMiB = 0;
		const watch = setInterval(() => {
			mostResidentMiB = Math.max(mostResidentMiB, residentMiB(child.pid!));
		}, 50);
		const limit = setTimeout(() => child.kill('SIGKILL'), options.limitMs ?? 60_000);
		const [status] = (await once(child, 'close')) as [number | null];
		clearTimeout(limit);
		clearInterval(watch);
		return {
			status,
			stdout: Buffer.concat(stdout),
			stderr: Buffer.concat(stderr).toString(),
			seconds: (performance.now() - startedAt) / 1000,
			mostResidentMiB,
		};
	}

	/** Starts `port-forward` and returns its local ports in the order of the arguments. */
	async forward(
		args: readonly string[],
		options: RunOptions & {ports: number},
	): Promise<{child: ChildProcess; ports: number[]; ended: Promise<number | null>; stderr: () => string}> {
		const child = this.start(['port-forward', ...args], options);
		child.stdin!.end();
		let stderr = '';
		child.stderr!.on('data', (piece: Buffer) => {
			stderr += piece.toString();
		});
		const ended = once(child, 'close').then(([status]) => status as number | null);
		const ports: number[] = [];
		const {promise: ready, resolve, reject} = Promise.withResolvers<void>();
		createInterface({input: child.stdout!}).on('line', line => {
			const port = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
			if (port) {
				ports.push(Number(port));
			}

			if (ports.length === options.ports) {
				resolve();
			}
		});
		void ended.then(() => {
			reject(new Error(`${this.name} ended before it forwarded: ${stderr}`));
		});
		await ready;
		return {child, ports, ended, stderr: () => stderr};
	}
}

/** A status as the table shows it. */
export function statusOf({status}: Pick<Ran, 'status'>): string {
	return status === null ? 'no end' : `status ${status}`;
}

function residentMiB(pid: number): number {
	try {
		return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
	} catch {
		return 0;
	}
}
