/** Runs the fixture's own kubectl. */
import {spawn} from 'node:child_process';
import process from 'node:process';
import {kubernetesPath} from './programs.ts';

export type Finished = {status: number | null; stdout: string; stderr: string};

/** A text is split at its spaces. */
export type Arguments = string | readonly string[];

export const wordsOf = (args: Arguments): readonly string[] => (typeof args === 'string' ? args.split(' ') : args);

/** Resolves whatever the exit status. */
export async function kubectl(kubeconfig: string, args: Arguments, {input = '', limitMs = 60_000} = {}): Promise<Finished> {
	const child = spawn(kubernetesPath('kubectl'), wordsOf(args), {
		env: {PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: kubeconfig},
		timeout: limitMs,
	});
	const chunks = {stdout: [] as Buffer[], stderr: [] as Buffer[]};
	child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
	child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
	child.stdin.on('error', () => undefined);
	child.stdin.end(input);
	const status = await new Promise<number | null>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', resolve);
	});
	return {status, stdout: Buffer.concat(chunks.stdout).toString(), stderr: Buffer.concat(chunks.stderr).toString()};
}

/** Throws kubectl's text for a status other than 0. */
export async function mustKubectl(kubeconfig: string, args: Arguments, options: {input?: string; limitMs?: number} = {}): Promise<string> {
	const {status, stdout, stderr} = await kubectl(kubeconfig, args, options);
	if (status !== 0) {
		throw new Error(`kubectl ${wordsOf(args).join(' ')}: ${stderr.trim() || `status ${status}`}`);
	}

	return stdout;
}

export async function apply(kubeconfig: string, objects: readonly object[]): Promise<void> {
	await mustKubectl(kubeconfig, ['apply', '--server-side', '--force-conflicts', '-f', '-'], {
		input: JSON.stringify({apiVersion: 'v1', kind: 'List', items: objects}),
	});
}
