/** Followed logs, of one pod and of eight that share connections, lose and repeat no line. */
import process from 'node:process';
import test from 'ava';
import {dial, echoes, runPortForward} from '../support/port-forward-run.ts';
import {startTcpCutter} from '../support/tcp-cutter.ts';
import {until} from '../support/until.ts';
import {restartApiserver} from './lab/faults.ts';
import {linesPod} from './lab/workloads.ts';
import {apiserverOf, slack, useCluster} from './support/cluster.ts';
import {pathsIn} from './support/stream-cells.ts';
import {assertComplete, follow, grows, judge, startEightPods} from './support/written-lines.ts';

// Those that wait run at the same time.
const direct = 'off-direct';
const cluster = await useCluster({postures: ['off-direct', 'restarted'], nodes: ['n2']});
const app = 'logs-faults';
await cluster.apply(linesPod('written', '-rate=200 -burst=8', {app}));
const eight = await startEightPods(cluster, `${app}-shared`);
const cutter = async () => startTcpCutter(await apiserverOf(cluster, direct));
const isResumed = (text: string) => text.includes('resumed at the last line, no gap');

test.serial('no line is lost or repeated over connection resets', async t => {
	const cut = await cutter();
	const through = ['--server', `https://${cut.address}`];
	const [running, control, shared] = await Promise.all([
		follow(cluster, direct, ['written', ...through]),
		follow(cluster, direct, ['written', '--resume=false', ...through]),
		eight.follow(direct, through),
	]);
	for (let reset = 0; reset < 5; reset++) {
		cut.reset();
		const before = running.stdout().length;
		await until(() => running.stdout().length > before + 5000, running.stderr, slack(2500));
		await eight.eachGrows(shared);
	}

	await assertComplete(t, running);
	await eight.assertComplete(t, shared);
	const found = judge(running.stdout());
	t.is(found.first, 1);
	t.regex(running.stderr(), /resumed at the last line, no gap/);
	// The control is disconnected once and loses the rest.
	t.is(await control.ended, 13);
	t.true(judge(control.stdout()).last < found.last - 1000);
	await cut.stop();
});

test('a network blackout is reported within 30 s, and no line is lost', async t => {
	const cut = await cutter();
	const through = ['--server', `https://${cut.address}`];
	const [running, shared] = await Promise.all([
		follow(cluster, direct, ['written', '--tail=1', ...through]),
		eight.follow(direct, through),
	]);
	cut.swallow(true);
	await Promise.all([running, shared].map(async ({stderr}) => until(() => stderr().includes('stalled'), stderr, slack(30_000))));
	cut.swallow(false);
	await until(() => running.stderr().includes('reconnected after'), running.stderr);
	await Promise.all([grows(running), eight.eachGrows(shared)]);
	await assertComplete(t, running);
	await eight.assertComplete(t, shared);
	await cut.stop();
});

test('over an apiserver restart no line is lost, ports stay bound, connections resume in 3 s', async t => {
	const [running, shared, forward] = await Promise.all([
		follow(cluster, 'restarted', 'written --tail=1'),
		eight.follow('restarted'),
		runPortForward(['svc/tcp', ':echo'], {env: {PATH: process.env['PATH'], KUBECONFIG: cluster.kubeconfig('restarted')}}),
	]);
	const port = await forward.port();
	t.is(await echoes(port), 'hello');
	await restartApiserver(cluster.lab, 'restarted');
	const began = Date.now();
	t.is(await echoes(port, 'again'), 'again');
	t.true(Date.now() - began < slack(3000), `${Date.now() - began} ms`);
	await Promise.all([running, shared].map(async ({stderr}) => until(() => isResumed(stderr()), stderr, 60_000)));
	await Promise.all([grows(running), eight.eachGrows(shared)]);
	await assertComplete(t, running);
	await eight.assertComplete(t, shared);
	forward.child.kill('SIGINT');
	t.is(await forward.ended, 0);
	t.deepEqual(forward.faults(), []);
	await t.throwsAsync(dial(port), {code: 'ECONNREFUSED'});
});

test('after each restart, the first line of the new instance follows the last of the old', async t => {
	await cluster.apply(linesPod('restarts', '-rate=100 -burst=2 -exit-after=150 -state=/data/number', {app}));
	const running = await follow(cluster, direct, 'restarts');
	await until(() => [...running.stderr().matchAll(/and (?:was )?restarted/g)].length >= 2, running.stderr, 120_000);
	await until(() => judge(running.stdout()).lines >= 400, running.stderr);
	await assertComplete(t, running);
});

test('rotation with disconnects skips no available line and reports possible gaps', async t => {
	const cut = await cutter();
	const [running, undisturbed] = await Promise.all([
		follow(cluster, direct, ['rotating', '--tail=1', '--server', `https://${cut.address}`]),
		follow(cluster, direct, 'rotating --tail=1'),
	]);
	// A log of 512 KiB rotates within 10 s.
	for (let index = 0; index < 10; index++) {
		const before = undisturbed.stdout().length;
		await until(() => undisturbed.stdout().length > before + 128 * 1024, undisturbed.stderr);
		cut.reset();
	}

	await grows(running);
	await Promise.all([running.stop(), undisturbed.stop()]);
	const [found, beside] = [judge(running.stdout()), judge(undisturbed.stdout())];
	const gaps = [...running.stderr().matchAll(/may be missing/g)].length;
	// If the kubelet skips lines at a rotation, the uninterrupted follow misses them, too.
	t.true(found.wrong.length <= gaps + beside.wrong.length, JSON.stringify({found, beside, said: running.stderr()}));
	for (const text of found.wrong) {
		const [, before, after] = /^(\d+) is followed by (\d+)$/.exec(text) ?? [];
		t.true(Number(after) > Number(before), `nothing is repeated or changed: ${text}`);
	}

	await cut.stop();
});

test.serial('logs that share a connection have the label of a log that has its own', async t => {
	// TLS state, basis, route and address of each leg of the settled path of each pod.
	const labels = async (args: readonly string[], count: number) => {
		const running = await follow(cluster, direct, [...args, '--tail=1', '--path=json']);
		const settled = () =>
			new Map(
				pathsIn(running.stderr())
					.filter(({phase}) => phase === 'settled')
					.map(({target, legs}) => [
						target.name,
						JSON.stringify(legs.map(({tls, route, address}) => [tls.state, tls.basis, route.state, address])),
					]),
			);
		await until(() => settled().size >= count, running.stderr);
		await running.stop();
		return settled();
	};
	const [own, shared] = await Promise.all([labels([eight.names[0]!], 1), labels(['-l', `app=${app}-shared`], 8)]);
	t.is(shared.size, 8);
	t.deepEqual(new Set(shared.values()), new Set(own.values()));
});

test.after.always('deletes the pods of this file', async () => {
	await cluster.kubectl(direct, ['delete', 'pod', '-l', `app in (${app}, ${app}-shared)`, '--wait=false']);
});
