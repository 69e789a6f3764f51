/** `spoke logs -f` of so many pods that they share HTTP/2 connections. */
import test, {type ExecutionContext} from 'ava';
import {startTcpCutter} from '../support/tcp-cutter.ts';
import {until} from '../support/until.ts';
import {killAgents, restartApiserver} from './lab/faults.ts';
import {apply} from './lab/kubectl.ts';
import {apiserverOf, useCluster, type LabServer} from './support/cluster.ts';
import {pathsIn} from './support/stream-cells.ts';
import {follow, judge, linesPod, type Follow} from './support/written-lines.ts';

const direct = 'off-direct';
const app = 'logs-shared';
const names = Array.from({length: 8}, (_, index) => `${app}-${index}`);
const cluster = await useCluster({postures: ['off-direct', 'off-grpc', 'bad-direct', 'restarted'], nodes: ['n2']});

test.before('eight pods write lines', async () => {
	await apply(
		cluster.kubeconfig(direct),
		names.map(name => linesPod(name, ['-rate=50'], {app})),
	);
	await until(async () =>
		(await Promise.all(names.map(async name => cluster.kubectl(direct, ['logs', name, '--tail=1'])))).every(({stdout}) => stdout !== ''),
	);
});

test.after.always('deletes the pods of this file', async () => {
	await cluster.kubectl(direct, ['delete', 'pod', '-l', `app=${app}`, '--wait=false']);
});

test('eight logs lose and repeat no line after connection resets and a network blackout', async t => {
	t.timeout(240_000);
	const cutter = await startTcpCutter(await apiserverOf(cluster, direct));
	const running = followAll(direct, ['--server', `https://${cutter.address}`]);
	await until(() => eachPrints(running), running.stderr);
	for (let reset = 0; reset < 3; reset++) {
		cutter.reset();
		await eachGrows(running);
	}

	cutter.swallow(true);
	// The limit of 30 s, times three for a slow machine.
	await until(() => running.stderr().includes('stalled'), running.stderr, 90_000);
	cutter.swallow(false);
	await eachGrows(running);
	await running.stop();
	await cutter.stop();
	assertComplete(t, running);
});

test('an apiserver restart loses no line of eight logs', async t => {
	await assertSurvives(t, 'restarted', async () => restartApiserver(cluster.lab, 'restarted'));
});

test('eight logs lose and repeat no line when an agent dies', async t => {
	await assertSurvives(t, 'off-grpc', async () => killAgents(cluster.lab, 'grpc'));
});

test('logs that share a connection have the label of a log that has its own', async t => {
	const own = await labels(direct, [names[0]!]);
	const shared = await labels(direct, ['-l', `app=${app}`], names.length);
	t.is(shared.size, names.length);
	t.deepEqual(new Set(shared.values()), new Set(own.values()));
});

test('exits 11 when the apiserver rejects the certificate of the kubelet', async t => {
	const {status, stdout, stderr} = await cluster.spoke('bad-direct', ['logs', '-f', '-l', `app=${app}`, '--tail=1']);
	t.is(status, 11, stderr);
	t.is(stdout, '');
});

async function assertSurvives(t: ExecutionContext, place: LabServer, fault: () => Promise<unknown>): Promise<void> {
	t.timeout(180_000);
	const running = followAll(place);
	await until(() => eachPrints(running), running.stderr);
	await fault();
	await eachGrows(running);
	t.regex(running.stderr(), /resumed at the last line, no gap/);
	await running.stop();
	assertComplete(t, running);
}

function followAll(place: LabServer, args: readonly string[] = []): Follow {
	return follow(cluster, place, ['-l', `app=${app}`, '--prefix', '--tail=1', ...args]);
}

function linesByPod({stdout}: Follow): Map<string, string> {
	const lines = new Map<string, string>();
	for (const [, name, line] of stdout().matchAll(/^\[pod\/([^/]+)\/lines\] (.*\n)/gm)) {
		lines.set(name!, (lines.get(name!) ?? '') + line!);
	}

	return lines;
}

function eachPrints(running: Follow): boolean {
	return linesByPod(running).size === names.length;
}

/** By more than what was on its way. */
async function eachGrows(running: Follow): Promise<void> {
	const before = linesByPod(running);
	const hasGrown = () => [...linesByPod(running)].every(([name, {length}]) => length > before.get(name)!.length + 20_000);
	await until(hasGrown, running.stderr, 60_000);
}

function assertComplete(t: ExecutionContext, running: Follow): void {
	t.notRegex(running.stderr(), /may be missing|ended with/);
	for (const [name, text] of linesByPod(running)) {
		t.deepEqual(judge(text).wrong, [], name);
	}
}

/** TLS state, basis, route and address of each leg of the settled path of each pod. */
async function labels(place: LabServer, target: readonly string[], count = 1): Promise<Map<string, string>> {
	const running = follow(cluster, place, [...target, '--tail=1', '--path=json']);
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
}
