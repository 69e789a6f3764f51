/** `spoke doctor nodes` as a program. */
import test from 'ava';
import type {NodeCheck, NodeCheckSummary} from '../../../source/evidence/doctor/doctor-object.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {newHome} from '../../support/new-home.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {addScriptedNodes} from '../../support/scripted-nodes.ts';
import {openTerminal} from '../../support/terminal.ts';

test('without a terminal, doctor nodes requires --probe active and names the number of nodes', async t => {
	const {env} = await openSandbox(t);
	const {status, stdout, stderr} = await runSpoke(['doctor', 'nodes'], {env});
	t.deepEqual([status, stdout], [2, '']);
	t.regex(stderr, /one byte of a log on each of 3 nodes, at most 50 at once.*--probe active/);
});

for (const [argv, problem] of [
	[['doctor', 'nodes', '-c', 'web'], /--container does not apply to doctor nodes/],
	[['doctor', 'deploy/web', '--selector', 'zone=a'], /--selector applies only to doctor nodes/],
	[['doctor', 'nodes', '--max-log-requests', '0'], /--max-log-requests=0 must be at least 1/],
] as const) {
	test(`${argv.slice(1).join(' ')} is a usage error`, async t => {
		const {status, stderr} = await runSpoke([...argv], {env: {KUBECONFIG: '/nonexistent'}});
		t.is(status, 2);
		t.regex(stderr, problem);
	});
}

test('-o json prints one object per node and then the summary, all valid by their schemas', async t => {
	const {sandbox, env} = await openSandbox(t);
	await addScriptedNodes(t, sandbox, {shut: {kind: 'closed'}, empty: {kind: 'no-pod'}});
	const {status, stdout, stderr} = await runSpoke(['doctor', 'nodes', '--probe', 'active', '-o', 'json'], {env, timeoutMs: 120_000});
	t.is(stderr, '');
	const objects = stdout
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as NodeCheck | NodeCheckSummary);
	const checks = objects.filter(object => object.kind === 'NodeCheck');
	t.deepEqual(checks.map(({node}) => node).toSorted(), ['cp', 'empty', 'n1', 'n2', 'shut']);
	const summary = objects.at(-1) as NodeCheckSummary;
	t.deepEqual([summary.kind, summary.exitStatus, status], ['NodeCheckSummary', 11, 11]);
	t.deepEqual(summary.nodes, {total: 5, responded: 3, failed: 1, noResponse: 0, notTried: 1, unfinished: 0});
});

test('on a terminal, doctor nodes asks once and reads nothing after no', async t => {
	const {env} = await openSandbox(t);
	const home = await newHome(t, {isNew: true});
	const terminal = await openTerminal(t, ['doctor', 'nodes'], {columns: 120, env, home});
	await terminal.sees(/each of 3 nodes, at most 50 at once\?.*\[y\/N]/s);
	terminal.type('n\r');
	await terminal.sees(/canceled: no node was checked/);
	t.is(await terminal.ended(), 1);
	t.notRegex(terminal.text(), /respond/);
});

test('on a terminal, doctor nodes reads after yes and reports', async t => {
	const {env} = await openSandbox(t);
	const home = await newHome(t, {isNew: true});
	const terminal = await openTerminal(t, ['doctor', 'nodes'], {columns: 120, env, home});
	await terminal.sees(/\[y\/N]/);
	terminal.type('y\r');
	await terminal.sees(/✓ 3 nodes: direct \(inferred\), unverified \(proven\)/);
	t.is(await terminal.ended(), 0);
});

test('Ctrl-C prints what is known so far and ends with status 130', async t => {
	const {sandbox, env} = await openSandbox(t);
	await addScriptedNodes(t, sandbox, {silent: {kind: 'silent'}});
	const home = await newHome(t, {isNew: true});
	const terminal = await openTerminal(t, ['doctor', 'nodes', '--probe', 'active'], {columns: 120, env, home});
	await terminal.sees(/checked 3 of 4 nodes/);
	terminal.type('\u0003');
	await terminal.sees(/✓ 3 nodes: direct.*stopped: SIGINT.*3 kubelets tried, 3 responded.*1 node not checked/s);
	t.is(await terminal.ended(), 130);
});
