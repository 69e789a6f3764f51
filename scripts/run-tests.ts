/** Runs the suite and closes with what failed, a line each, and one line that counts: `N passed, N failed, N skipped`. `--cluster` runs the real-cluster suite instead. */
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';

const cluster = process.argv.includes('--cluster');
const chosen = process.argv.slice(2).filter(argument => argument !== '--cluster');
const settings = cluster
	? ['--config', 'test/cluster/ava.config.js', '--serial']
	: ['--no-worker-threads'];

const environment = {...process.env};
// Ink draws nothing until the end when CI is set; the tests look at screens.
delete environment['CI'];
delete environment['CONTINUOUS_INTEGRATION'];
// A lab of the run's own, unless somebody names one that stays.
const lab = cluster && environment['SPOKE_LAB'] === undefined ? mkdtempSync(join(tmpdir(), 'spoke-lab-')) : undefined;
if (lab) {
	environment['SPOKE_LAB'] = lab;
}

const longestSilenceMs = (cluster ? 15 : 5) * 60_000;

type Run = {/** By itself: not for its silence. */ ended: boolean; status: number; passed: number; failed: number; skipped: number; failures: readonly string[]; failedFiles: ReadonlySet<string>};

const first = await run([...settings, ...chosen]);
// On a busy machine a terminal or a tunnel can miss its time. Files with a failure get a second run, alone; both are shown, and what fails twice has failed.
const again = first.failed > 0 && first.failedFiles.size > 0 ? await secondRun(first) : undefined;
// A worker that does not end hides what it would have told: then all is run once more, and that run counts.
const anew = !first.ended && first.failed === 0 ? await run([...settings, ...chosen]) : undefined;
const counts = anew ?? (again ? {passed: first.passed + first.failed - again.failed, failed: again.failed, skipped: first.skipped, failures: again.failures} : first);
const {status} = anew ?? again ?? first;

async function secondRun({failedFiles}: Run): Promise<Run> {
	process.stdout.write(`# a second run of ${[...failedFiles].join(' ')}\n`);
	return run([...settings, ...cluster ? [] : ['--serial'], '--concurrency=1', ...failedFiles]);
}

/** One run of ava: its TAP goes through, counted. */
async function run(options: readonly string[]): Promise<Run> {
	const ava = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.js', '--tap', ...options], {stdio: ['ignore', 'pipe', 'inherit'], env: environment});
	const pass = (signal: NodeJS.Signals) => ava.kill(signal);
	const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
	for (const signal of signals) {
		process.on(signal, pass);
	}

	const ended = once(ava, 'close');
	const counts = {passed: 0, failed: 0, skipped: 0};
	const failures: string[] = [];
	const failedFiles = new Set<string>();
	// A worker that cannot end keeps ava for good, past its own limits.
	let isEnded = true;
	const stood = setTimeout(() => {
		isEnded = false;
		process.stdout.write(`# nothing was heard of ava for ${longestSilenceMs / 60_000} minutes: it is ended\n`);
		ava.kill('SIGKILL');
	}, longestSilenceMs);
	for await (const line of createInterface({input: ava.stdout})) {
		stood.refresh();
		if (/^ok .*# SKIP/.test(line)) {
			counts.skipped++;
		} else if (line.startsWith('ok ')) {
			counts.passed++;
		} else if (line.startsWith('not ok ')) {
			counts.failed++;
			failures.push(line.replace(/^not ok \d+ - /, ''));
			for (const file of fileOf(line)) {
				failedFiles.add(file);
			}
		}

		process.stdout.write(`${line}\n`);
	}

	const [code] = await ended as [number | null];
	clearTimeout(stood);
	for (const signal of signals) {
		process.off(signal, pass);
	}

	return {ended: isEnded, status: code ?? 1, ...counts, failures, failedFiles};
}

/** `not ok 3 - app › session › title` came from test/app/session.test.ts; a crash names its file itself. */
function fileOf(line: string): string[] {
	const named = /- (test\/\S+\.ts) exited/.exec(line)?.[1];
	if (named) {
		return [named];
	}

	const parts = line.replace(/^not ok \d+ - /, '').split(' › ');
	return parts.flatMap((_, index) => {
		const path = `test/${cluster ? 'cluster/' : ''}${parts.slice(0, index + 1).join('/')}`;
		return ['.test.ts', '.test.tsx', '.ts'].map(ending => path + ending).filter(file => existsSync(file)).slice(0, 1);
	}).slice(0, 1);
}

if (lab) {
	spawnSync(process.execPath, ['test/cluster/lab/down.ts', '--state', lab, ...status === 0 ? [] : ['--keep-logs']], {stdio: 'inherit'});
}

// A skipped cluster test would hide that the evidence was never tried.
const skippedInCi = cluster && counts.skipped > 0;
process.stdout.write(counts.failures.map(title => `failed: ${title}\n`).join(''));
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = status !== 0 || counts.failed > 0 || counts.passed === 0 || skippedInCi ? 1 : 0;
