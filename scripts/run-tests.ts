/**
Runs a suite and prints the slowest files, the failures and a last line `N passed, N failed, N skipped`. Without an argument it runs the
type check, the tests that start no program and the smoke test; `--program`, `--slow`, `--cluster` and `--release` run the other suites; a
named file runs alone.
*/
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {groups, pathOf, slices, type Slice} from '../test/real-cluster/groups.ts';

const suites = {
	unit: ['--config', 'test/together/ava.config.js'],
	program: ['--config', 'test/together/program.config.js'],
	slow: ['--config', 'test/together/slow.config.js'],
	cluster: ['--config', 'test/real-cluster/ava.config.js'],
	release: ['--config', 'test/release/ava.config.js', '--serial'],
	alone: ['--no-worker-threads'],
} as const;
const asked = (['cluster', 'program', 'release', 'slow'] as const).find(name => process.argv.includes(`--${name}`));
const cluster = asked === 'cluster';
const chosen = process.argv.slice(2).filter(argument => argument !== `--${asked}`);
const suite = asked ?? (chosen.length > 0 ? 'alone' : 'unit');
const settings = suites[suite];
const scratch = mkdtempSync(join(tmpdir(), 'spoke-tests-'));
const records = join(scratch, 'processes');

const environment: NodeJS.ProcessEnv = {...process.env, SPOKE_TEST_RECORDS: records};
// With CI set, Ink draws nothing until the end; the tests look at screens.
delete environment['CI'];
delete environment['CONTINUOUS_INTEGRATION'];
// Removed after the run, unless SPOKE_LAB names one that stays.
const lab = cluster && environment['SPOKE_LAB'] === undefined ? mkdtempSync(join(tmpdir(), 'spoke-lab-')) : undefined;
if (lab) {
	environment['SPOKE_LAB'] = lab;
}

const longestSilenceMs = (cluster ? 4 : asked === 'release' ? 15 : 5) * 60_000;
const counts = {passed: 0, failed: 0, skipped: 0};
const failures: string[] = [];
// Node strips types without checking them, so neither waits for the other.
const [status] = await Promise.all([cluster ? runCluster() : run([...settings, ...chosen]), suite === 'unit' ? checkTypes() : undefined]);

if (lab) {
	spawnSync(process.execPath, ['test/real-cluster/lab/down.ts', '--state', lab, ...(status === 0 ? [] : ['--keep-logs'])], {
		stdio: 'inherit',
	});
}

process.stdout.write(
	slowest(20)
		.map(line => `# ${line}\n`)
		.join(''),
);
rmSync(scratch, {recursive: true, force: true});
// A skipped cluster test would hide that the evidence was never tried.
const skippedInCi = cluster && counts.skipped > 0;
process.stdout.write(failures.map(title => `failed: ${title}\n`).join(''));
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = status !== 0 || counts.failed > 0 || counts.passed === 0 || skippedInCi ? 1 : 0;

/** The core, `--slice NAME`, or named files. Resolves to the exit status. */
async function runCluster(): Promise<number> {
	const [flag, name = ''] = chosen;
	if (flag === undefined) {
		return runGroups();
	}

	const slice = flag === '--slice' ? (slices as Record<string, Slice>)[name] : {files: [], environment: {}};
	if (!slice) {
		throw new Error(`no slice ${name}; there are ${Object.keys(slices).join(', ')}`);
	}

	Object.assign(environment, slice.environment);
	return run([...settings, ...(flag === '--slice' ? slice.files.map(file => pathOf(file)) : chosen)]);
}

/** The core of the cluster suite; what no later group needs is stopped between them. Resolves to the first exit status other than 0. */
async function runGroups(): Promise<number> {
	let failed = 0;
	for (const {name, files, keeps} of groups) {
		const began = performance.now();
		const status = await run([...settings, ...files.map(file => pathOf(file))]);
		failed ||= status;
		process.stdout.write(`# group ${name}: ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
		// Reads SPOKE_LAB.
		spawnSync(process.execPath, ['test/real-cluster/lab/control.ts', 'stop-all-but', ...keeps], {stdio: 'inherit', env: environment});
	}

	return failed;
}

/** Without retries. Relays and counts ava's TAP; resolves to the exit status. */
async function run(options: readonly string[]): Promise<number> {
	const ava = spawn(process.execPath, ['scripts/run-ava.ts', '--tap', ...options], {
		stdio: ['ignore', 'pipe', 'inherit'],
		env: environment,
	});
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => {
			ava.kill(signal);
		});
	}

	const ended = once(ava, 'close');
	// A worker that cannot end keeps ava running forever, past its own limits.
	const stood = setTimeout(() => {
		failures.push(`ava printed nothing for ${longestSilenceMs / 60_000} minutes; running then: ${runningFiles()}`);
		counts.failed++;
		ava.kill('SIGKILL');
	}, longestSilenceMs);
	// Alive after their exit handlers, at the last look.
	let lingering: readonly string[] = [];
	const watch = setInterval(() => {
		lingering = exitingFiles();
	}, 20_000);
	let hasPlan = false;
	for await (const line of createInterface({input: ava.stdout})) {
		stood.refresh();
		hasPlan ||= /^1\.\.\d+$/.test(line);
		count(line);
		process.stdout.write(`${line}\n`);
	}

	clearTimeout(stood);
	clearInterval(watch);
	const [code] = (await ended) as [number | null];
	// Ava's reporter fails when no test has ended within ava's timeout, and names none of the running tests.
	if (!hasPlan) {
		failures.push(`ava exited before its last test; running then: ${runningFiles()}`);
		counts.failed++;
	} else if (code !== 0 && failures.length === 0) {
		// Ava's TAP does not name a process that exits by itself, or not at all.
		failures.push(`ava exited with status ${code}, no test failed; alive after their tests: ${lingering.join(', ') || 'none'}`);
		counts.failed++;
	}

	return code ?? 1;
}

/** Counts as one test. */
async function checkTypes(): Promise<void> {
	const compiler = spawn('npm', ['run', '--silent', 'check'], {stdio: ['ignore', 'pipe', 'inherit']});
	const printed: Buffer[] = [];
	compiler.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
	const [code] = (await once(compiler, 'close')) as [number | null];
	process.stdout.write(Buffer.concat(printed));
	if (code === 0) {
		counts.passed++;
	} else {
		counts.failed++;
		failures.push('the type check');
	}
}

function count(line: string): void {
	if (/^ok .*# SKIP/.test(line)) {
		counts.skipped++;
	} else if (line.startsWith('ok ')) {
		counts.passed++;
	} else if (line.startsWith('not ok ')) {
		counts.failed++;
		failures.push(line.replace(/^not ok \d+ - /, ''));
	}
}

type ProcessRecord = {pid: number; file?: string; seconds?: number; cpuSeconds?: number};

/** Written by every test process: one record when it loads its test file, one with its cost when it exits. */
function processRecords(): ProcessRecord[] {
	return existsSync(records)
		? readFileSync(records, 'utf8')
				.trim()
				.split('\n')
				.map(line => JSON.parse(line) as ProcessRecord)
		: [];
}

/** Test files whose process has not exited. */
function runningFiles(): string {
	const all = processRecords();
	const exited = new Set(all.filter(({seconds}) => seconds !== undefined).map(({pid}) => pid));
	return (
		all
			.filter(({pid}) => !exited.has(pid))
			.map(({file}) => file)
			.join(', ') || 'no test file'
	);
}

/** Test files whose process ran its exit handlers, but is alive. */
function exitingFiles(): string[] {
	return processRecords().flatMap(({pid, file, seconds}) => (seconds !== undefined && isAlive(pid) ? [file ?? `process ${pid}`] : []));
}

function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}

/** The slowest processes, with the processor time of them and their children. */
function slowest(most: number): string[] {
	const rows = processRecords().flatMap(({file, seconds, cpuSeconds}) =>
		seconds === undefined || cpuSeconds === undefined ? [] : [{file, seconds, cpuSeconds}],
	);
	if (rows.length === 0) {
		return [];
	}

	const total = rows.reduce((sum, {cpuSeconds}) => sum + cpuSeconds, 0);
	return [
		`${rows.length} processes used ${total.toFixed(0)} s of processor time; the slowest:`,
		...rows
			.sort((a, b) => b.seconds - a.seconds)
			.slice(0, most)
			.map(
				({file, seconds, cpuSeconds}) =>
					`${seconds.toFixed(1).padStart(6)} s, ${cpuSeconds.toFixed(1).padStart(5)} s of processor time: ${file}`,
			),
	];
}
