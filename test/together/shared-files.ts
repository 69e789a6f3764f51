/** Which test files share a process. A process of its own costs most files more than their tests do. */
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The first to the last of `test/together/*.test.ts`. */
export const processes = 3;

/** What a file names that waits, listens, runs programs or belongs to a whole process: its hooks included. */
const needsOwnProcess = [
	/\bprocess\.|\bglobalThis\b|\bmock\b|performance\.|setTimeout|setInterval|startSandbox/,
	/node:(?:child_process|dns|https?|net|test|timers|tls|worker_threads)/,
	/support\/(?:api-server|byte-server|certificates|command-server|log-server|port-forward-run|recording-servers|run-command|run-spoke|sandbox|scripted-peer|tcp-cutter|terminal)/,
	/\banyTest\b|\btest\.(?:after|before|only|serial)/,
];

/** Every test file of the unit suite but those of this folder, as a path from the root. */
export function testFiles(): string[] {
	return readdirSync(join(root, 'test'), {recursive: true, encoding: 'utf8'})
		.map(path => `test/${path.replaceAll('\\', '/')}`)
		.filter(path => /\.test\.tsx?$/.test(path) && !/^test\/(?:cluster|together)\//.test(path))
		.sort();
}

export function sharesProcess(path: string): boolean {
	const text = readFileSync(join(root, path), 'utf8');
	return needsOwnProcess.every(pattern => !pattern.test(text));
}

/** Neighbors stay together: they load the same parts of the program. */
export function filesOfProcess(index: number): string[] {
	const shared = testFiles().filter(path => sharesProcess(path));
	const share = Math.ceil(shared.length / processes);
	return shared.slice(index * share, (index + 1) * share);
}
