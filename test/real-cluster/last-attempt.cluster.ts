/** Paths after a failed attempt, until a stream succeeds. */
import test from 'ava';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {openTerminal} from '../support/terminal.ts';
import {removeAgents, restoreAgents} from './lab/faults.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {useCluster} from './support/cluster.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.skip;

const brokenPath = /konnectivity [━╍] unverified ✗ kubelet n1\s*\n +failed \d+s ago +No agent available/;

for (const [columns, rows] of [
	[80, 24],
	[200, 50],
] as const) {
	tunnelTest(`a failed log read marks the path and its audit rows until one succeeds (${columns} columns)`, async t => {
		const cluster = await useCluster({postures: ['off-grpc']});
		const home = await temporaryDirectory(t);
		const terminal = await openTerminal(t, ['-n', 'demo', '--kubeconfig', cluster.kubeconfig('off-grpc')], {home, columns, rows});
		await terminal.sees(/writer +1\/1 +Running/, 60_000);
		terminal.type('/tcp-0\r');
		await terminal.sees(/▸ tcp-0/);
		await terminal.sees(/unverified/);
		t.notRegex(terminal.text(), /✗/);
		await removeAgents(cluster.lab, 'grpc');
		t.teardown(async () => restoreAgents(cluster.lab, 'grpc'));
		terminal.press('logs');
		await terminal.sees(/No agent available|no\s+agent is connected/, 60_000);
		terminal.press('view.back');
		await terminal.sees(brokenPath);
		terminal.press('view.audit');
		await terminal.sees(/unverified ✗ kubelets/, 60_000);
		await terminal.sees(/Konnectivity +✗ konnectivity.* C10/);
		terminal.press('view.pods');
		await restoreAgents(cluster.lab, 'grpc');
		await terminal.sees(/▸ tcp-0/);
		terminal.press('logs');
		await terminal.sees(/Tail pod\/tcp-0/);
		await terminal.sees(/[━╍]► n1|[━╍]► kubelet n1/, 60_000);
		terminal.press('view.back');
		await terminal.loses(/failed \d+s ago/);
	});
}

test('the path to a pod that no node can run is broken', async t => {
	const cluster = await useCluster();
	const pod = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: 'nowhere', namespace: 'demo'},
		spec: {nodeSelector: {no: 'such'}, containers: [{name: 'app', image: 'none'}]},
	};
	await cluster.kubectl('off-direct', ['apply', '-f', '-'], {input: JSON.stringify(pod)});
	t.teardown(async () => cluster.kubectl('off-direct', ['delete', 'pod', '-n', 'demo', 'nowhere', '--now']));
	const {stdout} = await cluster.spoke('off-direct', ['path', 'nowhere', '-n', 'demo', '--feature', 'exec', '-o', 'json']);
	const path = JSON.parse(stdout) as {line: string; broken: {reason: string}; findings: ReadonlyArray<{code: string}>};
	t.regex(path.line, /-x no node yet$/);
	t.is(path.broken.reason, 'no-node');
	t.is(path.findings[0]?.code, 'POD_ON_NO_NODE');
});

test('an active probe whose kubelet certificate is refused breaks its path', async t => {
	const cluster = await useCluster({postures: ['bad-direct']});
	const {stdout} = await cluster.spoke('bad-direct', [
		'path',
		'tcp-0',
		'-n',
		'demo',
		'--feature',
		'logs',
		'--probe',
		'active',
		'-o',
		'json',
	]);
	const path = JSON.parse(stdout) as {line: string; broken: {reason: string; error: {code: string}}};
	t.regex(path.line, /-direct,refused-x kubelet n1$/);
	t.like(path.broken, {reason: 'last-attempt-failed', error: {code: 'ERR_SECOND_LEG'}});
});
