/** Runs the program that `npm test` has built. */
import {execFile} from 'node:child_process';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {Semaphore} from '../../source/async/semaphore.ts';
import {faultsOfLines} from './schemas.ts';

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
