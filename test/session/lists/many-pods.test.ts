/** A cluster of 150,000 pods. */
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import test from 'ava';
import {manyPods} from '../../support/many-pods.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {openTerminal} from '../../support/terminal.ts';

test('150,000 pods of all namespaces are read, scrolled and filtered in bounded memory', async t => {
	const home = await temporaryDirectory(t);
	const cluster = await manyPods(t);
	const began = performance.now();
	const terminal = await openTerminal(t, ['-A', '--kubeconfig', cluster.kubeconfigFile], {home, columns: 120, rows: 40});
	await terminal.sees(/workload-000000/);
	const first = performance.now() - began;
	await terminal.sees(/1 Pods 150,000├/, 60_000);
	const all = performance.now() - began;
	terminal.press('move.end');
	await terminal.sees(/150,000\/150,000/);
	terminal.press('move.start');
	cluster.change('MODIFIED', 'ns-0', 'workload-000000-x2xkq', 'CrashLoopBackOff');
	await terminal.sees(/workload-\S*00-x2xkq .*CrashLoopBackOff +0 /);
	terminal.press('list/filter');
	terminal.type('003333');
	await terminal.sees(/20 of 150,000/);
	const memory =
		process.platform === 'linux' ? Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${terminal.pid}/status`, 'utf8'))?.[1]) / 1024 : 0;
	t.log(`first rows ${Math.round(first)} ms, all ${Math.round(all)} ms, at most ${Math.round(memory)} MiB`);
	t.true(memory < 280, `${memory} MiB`);
});
