import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {echoes, runPortForward} from '../../support/port-forward-run.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {newHome} from '../../support/new-home.ts';
import {scaleWorkload} from '../../support/scale-workload.ts';
import {unusedPorts} from '../../support/unused-port.ts';

for (const target of ['sts/db', 'svc/db'] as const) {
	test.serial(`--each forwards a port to each pod of ${target}, and follows its name`, async t => {
		const {env, sandbox} = await openSandbox(t);
		await scaleWorkload(sandbox, 'statefulsets/db', 3);
		const first = await unusedPorts(3);
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
		// An echo can arrive before the event about its connection.
		await Promise.all(['f1', 'f2', 'f3'].map(async id => run.until(({event, forward}) => event === 'connection-opened' && forward === id)));
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
	await scaleWorkload(sandbox, 'statefulsets/db', 2);
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

test.serial('a line of a file with --each forwards a port to each pod, beside a line without', async t => {
	const {env, sandbox} = await openSandbox(t);
	await scaleWorkload(sandbox, 'statefulsets/db', 2);
	const file = join(await newHome(t), 'set');
	const first = await unusedPorts(2);
	await writeFile(file, `svc/web :80\nsts/db ${first}:7000 --each\n`);
	const run = await runPortForward(['-f', file], {env});
	t.teardown(() => {
		run.child.kill('SIGKILL');
	});
	await run.until(({event}) => event === 'all-ready');
	const ready = run.events.filter(({event}) => event === 'ready').sort((a, b) => a.forward!.localeCompare(b.forward!));
	t.regex(ready[0]!.target.name, /^web-/);
	t.deepEqual(
		ready.slice(1).map(event => [event.forward, event.target.name, (event['listen'] as Array<{port: number}>)[0]!.port]),
		[
			['f2', 'db-0', first],
			['f3', 'db-1', first + 1],
		],
	);
	run.child.kill('SIGINT');
	t.is(await run.ended, 0);
});

test.serial('--each in a file has the errors of the flag', async t => {
	const {env} = await openSandbox(t);
	const file = join(await newHome(t), 'set');
	for (const [line, message] of [
		['deploy/web :8080 --each', /--each: no StatefulSet owns pod web-\S+ of deploy\/web, so its name does not last/],
		['pod/db-0 :8080 --each', /set:1: --each: pod\/db-0 is a pod/],
		['sts/db :7000 --each --spread', /set:1: --spread cannot be used with --each/],
	] as const) {
		await writeFile(file, `${line}\n`);
		const ended = await runSpoke(['port-forward', '-f', file], {env});
		t.is(ended.status, 2);
		t.regex(ended.stderr, message);
	}
});
