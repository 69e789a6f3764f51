/** Streams of every kind, open at once, when Konnectivity's agents die and when they are taken away. */
import process from 'node:process';
import test from 'ava';
import type {Path} from '../../source/evidence/evidence.ts';
import {echoes, runPortForward} from '../support/port-forward-run.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {openTerminal, type TestTerminal} from '../support/terminal.ts';
import {until} from '../support/until.ts';
import {killAgents, removeAgents, restoreAgents} from './lab/faults.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {linesPod} from './lab/workloads.ts';
import {slack, useCluster, type Cluster} from './support/cluster.ts';
import {assertExplained, provokedInTunnels} from './support/explained.ts';
import {assertComplete, follow, grows, startEightPods} from './support/written-lines.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;
const app = 'without-agents';

async function start(): Promise<Cluster> {
	const cluster = await useCluster({postures: ['off-direct', 'off-grpc', 'off-http']});
	await cluster.apply(linesPod(app, '-rate=200'));
	return cluster;
}

test.after.always('deletes the pods of this file', async () => {
	const cluster = await useCluster();
	await cluster.kubectl('off-direct', ['delete', 'pod', '-l', `app in (${app}, ${app}-shared)`, '--wait=false']);
});

tunnelTest('when an agent dies, an exec exits 125 and names leg 2, logs go on without a gap, and a forward works again', async t => {
	const cluster = await start();
	const eight = await startEightPods(cluster, `${app}-shared`);
	const exec = cluster.startSpoke('off-grpc', ['exec', 'shell', '--', 'sh', '-c', 'echo begun; sleep 60'], 'plain');
	const [running, shared, forward] = await Promise.all([
		follow(cluster, 'off-grpc', `${app} --tail=1`),
		eight.follow('off-grpc'),
		runPortForward(['tcp-0', ':7000'], {env: {PATH: process.env['PATH'], KUBECONFIG: cluster.kubeconfig('off-grpc', 'plain')}}),
		until(() => exec.stdout() !== '', exec.stderr),
	]);
	const port = await forward.port();
	t.is(await echoes(port), 'hello');

	const killed = Date.now();
	await killAgents(cluster.lab, 'grpc');
	t.is(await exec.ended, 125, exec.stderr());
	t.true(Date.now() - killed < slack(5000));
	t.regex(exec.stderr(), /leg 2.*\[ERR_STREAM_LOST\]/);
	// The kubelet restarts a killed agent after its back-off.
	await Promise.all([
		grows(running, slack(30_000)),
		eight.eachGrows(shared, slack(30_000)),
		until(async () => (await echoes(port, 'again').catch(() => '')) === 'again', forward.stderr, slack(30_000)),
	]);
	await assertComplete(t, running);
	await eight.assertComplete(t, shared);
	await until(() => shared.stderr().includes('resumed at the last line, no gap'), shared.stderr, slack(30_000));
	forward.child.kill('SIGINT');
	t.is(await forward.ended, 0, forward.stderr());
	t.deepEqual(forward.faults(), []);
});

tunnelTest('without agents, all that is open or asked names the tunnel, and works when they are back', async t => {
	const cluster = await start();
	const [running, narrow, wide] = await Promise.all([
		follow(cluster, 'off-grpc', `${app} --tail=1`),
		openSession(t, cluster, {columns: 80, rows: 24}),
		openSession(t, cluster, {columns: 200, rows: 50}),
	]);
	wide.press('forward');
	await wide.sees(/Forward from pod\/tcp-0/);
	wide.press('move.down', 'clear', 'accept');
	await wide.sees(/● forward +:\d+ → pod\/tcp-0/);

	const modes = ['grpc', 'http-connect'] as const;
	t.teardown(async () => Promise.all(modes.map(async mode => restoreAgents(cluster.lab, mode))));
	await Promise.all(modes.map(async mode => removeAgents(cluster.lab, mode)));
	const [grpc, http] = provokedInTunnels['without-agents'];
	await Promise.all([
		until(() => running.stderr().includes('No agent available'), running.stderr, slack(30_000)),
		assertBrokenPath(narrow, /Konnectivity +✗ [━╍] konnectivity/),
		assertLostForward(wide).then(async () => assertBrokenPath(wide, /unverified ✗ kubelets[^]*Konnectivity +✗ [━╍] konnectivity/)),
		assertDoctorStops(t, cluster, 'admin'),
		assertDoctorStops(t, cluster, 'plain'),
		cluster.spoke('off-grpc', 'audit -o json --probe active').then(({stdout}) => {
			const {rows} = JSON.parse(stdout) as {rows: Array<{id: string; verdict: string}>};
			t.is(rows.find(({id}) => id === 'C10')?.verdict, 'fail');
		}),
		cluster.spoke('off-grpc', 'logs shell --tail=1').then(({stderr}) => {
			assertExplained(t, {id: grpc, output: stderr, serverText: /No agent available/});
		}),
		cluster.spoke('off-http', 'logs shell --tail=1').then(({stderr}) => {
			assertExplained(t, {id: http, output: stderr, serverText: /code 500/});
		}),
	]);

	await Promise.all(modes.map(async mode => restoreAgents(cluster.lab, mode)));
	await Promise.all([
		until(() => running.stderr().includes('resumed at the last line, no gap'), running.stderr, slack(30_000)),
		wide.sees(/● forward +:\d+ → pod\/tcp-0/, slack(30_000)).then(async () => assertMendedPath(wide)),
		assertMendedPath(narrow),
	]);
	await assertComplete(t, running);
});

/** With the selection on tcp-0, whose path is unverified and not broken. */
async function openSession(
	t: Parameters<typeof openTerminal>[0] & Parameters<typeof temporaryDirectory>[0],
	cluster: Cluster,
	size: {columns: number; rows: number},
): Promise<TestTerminal> {
	const home = await temporaryDirectory(t);
	const terminal = await openTerminal(t, ['-n', 'demo', '--kubeconfig', cluster.kubeconfig('off-grpc')], {home, ...size});
	await terminal.sees(/writer +1\/1 +Running/, 60_000);
	terminal.type('/tcp-0\r');
	await terminal.sees(/▸ tcp-0/);
	await terminal.sees(/unverified/);
	await terminal.loses(/✗/);
	return terminal;
}

async function assertLostForward(terminal: TestTerminal): Promise<void> {
	await terminal.sees(/◐ forward +:\d+ → pod\/tcp-0.*(?:Konnectivity, and no age|No agent available)/, 60_000);
	terminal.press('doctor');
	await terminal.sees(/stopped at leg 2/, 60_000);
	await terminal.sees(/No agent available/);
	terminal.press('view.back');
	await terminal.loses(/stopped at leg 2/);
}

/** A failed log read marks the path and its audit rows. */
async function assertBrokenPath(terminal: TestTerminal, audit: RegExp): Promise<void> {
	await terminal.sees(/▸ tcp-0/);
	terminal.press('logs');
	await terminal.sees(/Tail pod\/tcp-0/);
	await terminal.sees(/No agent available|no\s+agent is connected/, 60_000);
	terminal.press('view.back');
	await terminal.loses(/Tail pod\/tcp-0/);
	await terminal.sees(/konnectivity [━╍] unverified ✗ kubelet n1\s*\n +failed \d+s ago +No agent available/);
	terminal.press('view.audit');
	await terminal.sees(audit, 60_000);
	terminal.press('view.pods');
	await terminal.sees(/▸ tcp-0/);
}

/** Until one succeeds. */
async function assertMendedPath(terminal: TestTerminal): Promise<void> {
	terminal.press('logs');
	await terminal.sees(/Tail pod\/tcp-0/);
	await terminal.sees(/[━╍]► n1|[━╍]► kubelet n1/, 60_000);
	terminal.press('view.back');
	await terminal.loses(/Tail pod\/tcp-0/);
	await terminal.loses(/failed \d+s ago/);
}

async function assertDoctorStops(t: Parameters<typeof assertComplete>[0], cluster: Cluster, user: 'admin' | 'plain'): Promise<void> {
	const {stdout, status} = await cluster.spoke('off-grpc', 'doctor pod/shell -o json', {user});
	const doctor = JSON.parse(stdout) as {stoppedAt: string; steps: Array<{name: string; text: string; speaker: string}>; path: Path};
	const step = doctor.steps.find(({name}) => name === 'leg-2')!;
	// Without metrics, only the text names the tunnel, which the far end can write.
	const route = user === 'admin' ? 'konnectivity' : 'unknown';
	t.deepEqual([status, doctor.stoppedAt, step.speaker, doctor.path.legs[1]?.route.state], [11, 'leg-2', 'tunnel', route]);
	t.regex(step.text, /No agent available/);
}
