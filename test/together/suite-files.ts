/** Which test file belongs to which suite, and which share a process, because starting a process takes longer than most files. */
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The last of the files `test/together/*.test.ts` run the tests that open whole sessions in their process. */
const processCount = {quiet: 3, session: 2};

/** Code that waits, listens, runs programs, changes the process or declares hooks. */
const needsOwnProcess = [
	/\bprocess\.|\bglobalThis\b|\bmock\b|performance\.|setTimeout|setInterval|startSandbox/,
	/node:(?:child_process|dns|https?|net|test|timers|tls|worker_threads)/,
	/support\/(?:api-server|certificates|command-server|log-server|open-session|port-forward-run|recording-servers|remote-command|run-spoke|sandbox|scripted-peer|tcp-cutter|terminal)/,
	/\banyTest\b|\btest\.(?:after|before|only|serial)/,
];

/** Slow by nature, because they wait for real time, carry much data or cross every posture. `npm run test:slow` runs them. */
export const slowFiles: readonly string[] = [
	'test/commands/prove-the-path.test.ts',
	'test/evidence/sandbox-matrix.test.ts',
	'test/package/single-executable.test.ts',
	'test/sandbox/demo.test.ts',
	'test/session/why/route-test.test.ts',
	'test/session/clusters/unreachable.test.ts',
	'test/streams/logs/resume.test.ts',
	'test/streams/remote-command/silence.test.ts',
	'test/streams/remote-command/streams.test.ts',
	'test/wire/destroy-when-drained.test.ts',
	'test/wire/node-internals.test.ts',
];

/** Starts the program, but runs with `npm test`: each main command once. */
const smokeFile = 'test/smoke.test.ts';

/** `npm test`: everything in this process, and the smoke test. */
export function unitFiles(): string[] {
	return testFiles().filter(path => !slowFiles.includes(path) && (path === smokeFile || !startsProgram(path)));
}

/** `npm run test:program`: what starts `build/spoke.js`. */
export function programFiles(): string[] {
	return testFiles().filter(path => !slowFiles.includes(path) && path !== smokeFile && startsProgram(path));
}

export function sharesProcess(path: string): boolean {
	return isQuiet(path) || sharesWithSessions(path);
}

/** Neighbors stay together because they load the same parts of the program. */
export function filesOfProcess(index: number): string[] {
	const shared = unitFiles();
	return index < processCount.quiet
		? part(shared.filter(isQuiet), index, processCount.quiet)
		: part(
				shared.filter(path => !isQuiet(path) && sharesWithSessions(path)),
				index - processCount.quiet,
				processCount.session,
			);
}

function isQuiet(path: string): boolean {
	const text = read(path);
	return needsOwnProcess.every(pattern => !pattern.test(text));
}

/** Most of the processor time of a session in a process is its start: loading the program. */
function sharesWithSessions(path: string): boolean {
	const text = read(path);
	return (
		text.includes('support/open-session') && !/\bprocess\.|\bglobalThis\b|\btest\.(?:after|before|only|serial)|shareContexts/.test(text)
	);
}

function part(files: readonly string[], index: number, count: number): string[] {
	const share = Math.ceil(files.length / count);
	return files.slice(index * share, (index + 1) * share);
}

/** Test files outside this folder and the real cluster, as paths from the root. */
function testFiles(): string[] {
	return readdirSync(join(root, 'test'), {recursive: true, encoding: 'utf8'})
		.map(path => `test/${path.replaceAll('\\', '/')}`)
		.filter(path => /\.test\.tsx?$/.test(path) && !/^test\/(?:real-cluster|together)\//.test(path))
		.sort();
}

const started = new Map<string, boolean>();

/** Whether the file, or a file of `test/support` that it imports, names the built program. */
function startsProgram(path: string): boolean {
	let starts = started.get(path);
	if (starts === undefined) {
		// For a cycle of imports.
		started.set(path, false);
		const text = read(path);
		const imports = [...text.matchAll(/^(?:import|export) [^'"]*'(\.[^']+\.tsx?)'/gm)].map(([, specifier]) =>
			join(dirname(path), specifier!),
		);
		starts = text.includes('build/spoke.js') || imports.some(file => file.startsWith('test/support/') && startsProgram(file));
		started.set(path, starts);
	}

	return starts;
}

function read(path: string): string {
	return readFileSync(join(root, path), 'utf8');
}
