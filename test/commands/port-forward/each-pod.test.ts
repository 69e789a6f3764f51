import process from 'node:process';
import test from 'ava';
import {freePort} from '../../../source/session/forwards/free-port.ts';
import type {Sandbox} from '../../../source/sandbox/sandbox.ts';
import {echoes, runPortForward} from '../../support/port-forward-run.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {ask, askJson} from '../../support/sandbox-client.ts';
import {until} from '../../support/until.ts';

async function scaleDatabase(sandbox: Sandbox, replicas: number): Promise<void> {
	const path = '/apis/apps/v1/namespaces/default/statefulsets/db';
	await ask(sandbox, path, {method: 'PATCH', headers: {'content-type': 'application/merge-patch+json'}, body: {spec: {replicas}}});
	await until(async () => {
		const {status} = await askJson<{status: {readyReplicas: number}}>(sandbox, path);
		return status.readyReplicas === replicas;
	});
}

/** The first of several free ports in a row. */
async function freePorts(count: number, wanted: number): Promise<number> {
	for (let first = await freePort(wanted), next = 1; ; next++) {
		if (next === count) {
			return first;
		}

		const found = await freePort(first + next);
		if (found !== first + next) {
			[first, next] = [found, 0];
		}
	}
}

for (const target of ['sts/db', 'svc/db'] as const) {
	test.serial(`--each forwards a port to each pod of ${target}, and follows its name`, async t => {
		const {env, sandbox} = await openSandbox(t);
		await scaleDatabase(sandbox, 3);
		const first = await freePorts(3, 18_000 + (process.pid % 1000) * 10);
		const run = await runPortForward([target, `${first}:7000`, '--each'], {env});
		t.teardown(() => {
			run.child.kill('SIGKILL');
		});
		const all = await run.until(({event}) => event === 'all-ready');
		t.is(all['forwards'], 3);
		const ready = run.events.filter(({event}) => event === 'ready').sort((a, b) => a.forward!.localeCompare(b.forward!));
		t.deepEqual(
			ready.map(event => [event.forward, event.target.name, (event['listen'] as Array<{port: number}>)[0]!.port]),
			[
				['f1', 'db-0', first],
				['f2', 'db-1', first + 1],
				['f3', 'db-2', first + 2],
			],
		);
		sandbox.faults.replacePod({name: 'db-1'});
		const moved = await run.until(({event}) => event === 'moved');
		t.deepEqual([moved.forward, moved.to.name, moved.from.uid === moved.to.uid], ['f2', 'db-1', false]);
		t.deepEqual(await Promise.all([0, 1, 2].map(async index => echoes(first + index))), ['hello', 'hello', 'hello']);
		t.deepEqual(
			run.events
				.filter(({event}) => event === 'connection-opened')
				.map(event => [event.forward, event['pod']])
				.sort(),
			[
				['f1', 'db-0'],
				['f2', 'db-1'],
				['f3', 'db-2'],
			],
		);
		run.child.kill('SIGINT');
		t.is(await run.ended, 0);
		t.deepEqual(run.faults(), []);
	});
}

test.serial('the pod of each port is printed, and a command has the port of each', async t => {
	const {env, sandbox} = await openSandbox(t);
	await scaleDatabase(sandbox, 2);
	const ended = await runSpoke(
		[
			'port-forward',
			'sts/db',
			':7000',
			'--each',
			'-v',
			'1',
			'--',
			'sh',
			'-c',
			'test $SPOKE_PORT_7000_0 = $SPOKE_PORT && echo $SPOKE_PORT_7000_1',
		],
		{env},
	);
	t.is(ended.status, 0, ended.stderr);
	const port = ended.stdout.trim();
	t.regex(ended.stderr, new RegExp(`^Forwarding from 127\\.0\\.0\\.1:${port} -> 7000, on db-1$`, 'm'));
	t.regex(ended.stderr, /^Forwarding from 127\.0\.0\.1:\d+ -> 7000, on db-0$/m);
});

test.serial('--each is refused where names of pods do not last', async t => {
	const {env} = await openSandbox(t);
	for (const [target, message] of [
		['deploy/web', /no StatefulSet owns pod web-\S+ of deploy\/web, so its name does not last/],
		['svc/web', /no StatefulSet owns pod web-\S+ of svc\/web/],
		['pod/db-0', /--each: pod\/db-0 is a pod/],
	] as const) {
		const ended = await runSpoke(['port-forward', target, ':8080', '--each'], {env});
		t.is(ended.status, 2);
		t.regex(ended.stderr, message);
	}
});
