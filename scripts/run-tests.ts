/** Runs the suite and closes with one line that counts: `N passed, N failed, N skipped`. `--cluster` runs the real-cluster suite instead. */
import {spawn, spawnSync} from 'node:child_process';
import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';

const cluster = process.argv.includes('--cluster');
const chosen = process.argv.slice(2).filter(argument => argument !== '--cluster');
const settings = cluster
	? ['--config', 'test/cluster/ava.config.js', '--serial']
	: [];

const environment = {...process.env};
// Ink draws nothing until the end when CI is set; the tests look at screens.
delete environment['CI'];
delete environment['CONTINUOUS_INTEGRATION'];
// A lab of the run's own, unless somebody names one that stays.
const lab = cluster && environment['SPOKE_LAB'] === undefined ? mkdtempSync(join(tmpdir(), 'spoke-lab-')) : undefined;
if (lab) {
	environment['SPOKE_LAB'] = lab;
}

const ava = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.js', '--tap', ...settings, ...chosen], {
	stdio: ['ignore', 'pipe', 'inherit'],
	env: environment,
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
	process.on(signal, () => ava.kill(signal));
}

const counts = {passed: 0, failed: 0, skipped: 0};
for await (const line of createInterface({input: ava.stdout})) {
	if (/^ok .*# SKIP/.test(line)) {
		counts.skipped++;
	} else if (line.startsWith('ok ')) {
		counts.passed++;
	} else if (line.startsWith('not ok ')) {
		counts.failed++;
	}

	process.stdout.write(`${line}\n`);
}

const status = await new Promise<number>(resolve => {
	ava.on('close', code => {
		resolve(code ?? 1);
	});
	if (ava.exitCode !== null) {
		resolve(ava.exitCode);
	}
});
if (lab) {
	spawnSync(process.execPath, ['test/cluster/lab/down.ts', '--state', lab, ...status === 0 ? [] : ['--keep-logs']], {stdio: 'inherit'});
}

// A skipped cluster test would hide that the evidence was never tried.
const skippedInCi = cluster && counts.skipped > 0;
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = status !== 0 || counts.failed > 0 || counts.passed === 0 || skippedInCi ? 1 : 0;
