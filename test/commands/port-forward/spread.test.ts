import {once} from 'node:events';
import test from 'ava';
import type {Sandbox} from '../../../source/sandbox/sandbox.ts';
import {dial, runPortForward, type EventLine, type PortForwardRun} from '../../support/port-forward-run.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {ask, podsOf} from '../../support/sandbox-client.ts';

type PodsEvent = EventLine & {pods: Array<{name: string}>};

/** Waits until the last list of pods has these names. */
async function spreadsOver(run: PortForwardRun, holds: (names: string[]) => boolean): Promise<string[]> {
	const latest = () => (run.events.filter(({event}) => event === 'pods') as PodsEvent[]).at(-1)?.pods.map(({name}) => name) ?? [];
	await run.until(() => holds(latest()));
	return latest().sort();
}

/** Requests one after another, each on its own connection. Returns the pods that got them. */
async function podsOfConnections(run: PortForwardRun, count: number): Promise<string[]> {
	const before = run.events.filter(({event}) => event === 'connection-opened').length;
	for (let number = 0; number < count; number++) {
		const socket = await dial(await run.port());
		socket.write('GET / HTTP/1.0\r\n\r\n');
		await once(socket, 'data');
		socket.destroy();
	}

	const opened = () => run.events.filter(({event}) => event === 'connection-opened').slice(before);
	await run.until(() => opened().length === count);
	return opened().map(event => event['pod'] as string);
}

/** A pod gets no connection before its first tunnel. */
async function untilEachServes(run: PortForwardRun, names: readonly string[]): Promise<void> {
	const served = new Set<string>();
	while (!names.every(name => served.has(name))) {
		for (const name of await podsOfConnections(run, 1)) {
			served.add(name);
		}
	}
}

async function scaleWeb(sandbox: Sandbox, replicas: number): Promise<void> {
	await ask(sandbox, '/apis/apps/v1/namespaces/default/deployments/web', {
		method: 'PATCH',
		headers: {'content-type': 'application/merge-patch+json'},
		body: {spec: {replicas}},
	});
}

for (const target of ['svc/web', 'deploy/web'] as const) {
	test.serial(`--spread sends connections to all Ready pods of ${target} in turn, and follows them`, async t => {
		const {env, sandbox} = await openSandbox(t);
		const run = await runPortForward([target, target === 'svc/web' ? ':80' : ':8080', '--spread'], {env});
		t.teardown(() => {
			run.child.kill('SIGKILL');
		});
		const [first = '', second = ''] = await spreadsOver(run, names => names.length === 2);
		await untilEachServes(run, [first, second]);
		const used = await podsOfConnections(run, 6);
		t.deepEqual([used.filter(name => name === first).length, used.filter(name => name === second).length], [3, 3]);

		sandbox.faults.replacePod({name: first});
		const now = await spreadsOver(run, names => names.length === 2 && !names.includes(first));
		const pods = await podsOf(sandbox, 'web');
		t.true(now.every(name => pods.includes(name)));
		await untilEachServes(run, now);
		t.deepEqual([...new Set(await podsOfConnections(run, 4))].sort(), now);
		run.child.kill('SIGINT');
		t.is(await run.ended, 0);
		t.deepEqual(run.faults(), []);
	});
}

test.serial('a connection of a spread forward waits until a pod is Ready', async t => {
	const {env, sandbox} = await openSandbox(t);
	const run = await runPortForward(['deploy/web', ':8080', '--spread'], {env});
	t.teardown(() => {
		run.child.kill('SIGKILL');
	});
	await spreadsOver(run, names => names.length === 2);
	await scaleWeb(sandbox, 0);
	await run.until(event => event.event === 'pods' && (event as PodsEvent).pods.length === 0);
	const served = podsOfConnections(run, 1);
	await scaleWeb(sandbox, 1);
	const [name = ''] = await served;
	t.true((await podsOf(sandbox, 'web')).includes(name));
});

test.serial('a spread forward reconnects after an apiserver restart', async t => {
	const {env, sandbox} = await openSandbox(t);
	const run = await runPortForward(['deploy/web', ':8080', '--spread'], {env});
	t.teardown(() => {
		run.child.kill('SIGKILL');
	});
	const names = await spreadsOver(run, found => found.length === 2);
	const interrupted = () => {
		const errors = run.events.filter(({event}) => event === 'interrupted').map(({error}) => error as unknown as {message: string});
		return [...new Set(errors.map(({message}) => /^pod (web-\S+): /.exec(message)?.[1] ?? message))].sort();
	};

	await sandbox.faults.restartApiserver({until: run.until(() => interrupted().length === 2)});
	t.deepEqual(interrupted(), names);
	await run.until(() => run.events.filter(({event}) => event === 'restored').length >= 2);
	t.deepEqual([...new Set(await podsOfConnections(run, 4))].sort(), names);
});

test.serial('--spread is refused for a pod and where pods are not followed', async t => {
	const {env} = await openSandbox(t);
	for (const [args, message] of [
		[['pod/db-0', ':7000'], /--spread: pod\/db-0 is a pod/],
		[['deploy/web', ':8080', '--each'], /--spread cannot be used with --each/],
		[['deploy/web', ':8080', '--on-pod-loss=exit'], /--spread cannot be used with --on-pod-loss=exit/],
	] as const) {
		const ended = await runSpoke(['port-forward', ...args, '--spread'], {env});
		t.is(ended.status, 2);
		t.regex(ended.stderr, message);
	}
});
