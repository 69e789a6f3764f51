import {spawn as spawnProcess} from 'node:child_process';
import {once} from 'node:events';
import process from 'node:process';
import test from 'ava';
import type {Path} from '../../../source/evidence/evidence.ts';
import {LogServer} from '../../support/log-server.ts';
import {logsOnTerminal} from '../../support/logs-on-terminal.ts';
import {builtProgram, runSpoke} from '../../support/run-spoke.ts';
import {until} from '../../support/until.ts';

const time = (second: number) => `2026-11-24T14:00:${String(second).padStart(2, '0')}.000000001Z`;

async function withPods<Result>(
	run: (server: LogServer, spoke: (...argv: string[]) => ReturnType<typeof runSpoke>) => Promise<Result>,
): Promise<Result> {
	const server = await LogServer.start();
	server.restartPolicy = 'Never';
	for (const name of ['a', 'b']) {
		const logs = server.addPod(name, {containers: ['app', 'side']});
		for (const [container, log] of logs) {
			log.append({time: time(1), text: `${name} ${container} 1`}, {time: time(2), text: `${name} ${container} 2`});
			log.end();
		}
	}

	try {
		return await run(server, async (...argv) =>
			runSpoke(['logs', ...argv, '--server', server.url, '--namespace', 'demo'], {env: {KUBECONFIG: '/dev/null'}}),
		);
	} finally {
		await server.stop();
	}
}

test('logs without -f prints the log’s bytes on stdout and only the choices on stderr', async t => {
	await withPods(async (_, spoke) => {
		t.deepEqual(await spoke('a'), {status: 0, stdout: 'a app 1\na app 2\n', stderr: 'Defaulted container "app" out of: app, side\n'});
		t.deepEqual(await spoke('a', 'side', '--prefix', '--timestamps', '--tail=1'), {
			status: 0,
			stdout: `[pod/a/side] ${time(2)} a side 2\n`,
			stderr: '',
		});
		t.deepEqual(await spoke('-l', 'app=web', '--all-containers', '--tail=1'), {
			status: 0,
			stdout: 'a app 2\na side 2\nb app 2\nb side 2\n',
			stderr: '',
		});
		t.deepEqual(await spoke('pod/a', 'pod/b', '-c', 'app', '--tail=1'), {status: 0, stdout: 'a app 2\nb app 2\n', stderr: ''});
	});
});

test('logs -f exits 0 when the pods are done, and reports it with -v', async t => {
	await withPods(async (_, spoke) => {
		const {status, stdout, stderr} = await spoke('-f', 'a', '-c', 'app');
		t.deepEqual([status, stdout, stderr], [0, 'a app 1\na app 2\n', '']);
		t.regex((await spoke('-f', 'a', '-c', 'app', '-v=1')).stderr, /^spoke: a\/app: terminated(?: at [\d:]{8})? with exit code 0\n$/);
		const all = await spoke('-f', '-l', 'app=web', '--all-containers', '--prefix');
		t.is(all.status, 0, all.stderr);
		const logs = [
			['a', 'app'],
			['a', 'side'],
			['b', 'app'],
			['b', 'side'],
		];
		t.deepEqual(
			all.stdout.trim().split('\n').sort(),
			logs.flatMap(([pod, container]) => ['1', '2'].map(number => `[pod/${pod}/${container}] ${pod} ${container} ${number}`)),
		);
	});
});

test('logs -f -l prints the default container once, and that it stops', async t => {
	await withPods(async (_, spoke) => {
		const {status, stderr} = await spoke('-f', '-l', 'app=web', '--tail=0');
		t.deepEqual(
			[status, stderr],
			[
				0,
				'Defaulted container "app" out of: app, side\nspoke: no log is left to follow, and no more pods are expected; stopped following\n',
			],
		);
		t.is((await spoke('-f', '-l', 'app=web', '--tail=0', '-q')).stderr, '');
	});
});

test('logs -f waits for a workload’s first pod only as long as --pod-running-timeout says', async t => {
	const server = await LogServer.start();
	t.teardown(async () => server.stop());
	const argv = ['logs', '-f', 'deploy/web', '--server', server.url, '--namespace', 'demo'];
	const {status, stderr} = await runSpoke([...argv, '--pod-running-timeout=500ms'], {env: {KUBECONFIG: '/dev/null'}});
	t.is(status, 8);
	t.regex(stderr, /^error: no pods found for deploy\/web after 0.5 s .*\[ERR_NOT_FOUND\]\n$/);

	server.restartPolicy = 'Never';
	const waiting = runSpoke([...argv, '--pod-running-timeout=1m', '--limit-bytes=6'], {env: {KUBECONFIG: '/dev/null'}});
	await until(() => server.openWatches > 0);
	server
		.addPod('late')
		.get('app')!
		.append({time: time(1), text: 'first'});
	t.like(await waiting, {status: 0, stdout: 'first\n'});
});

test('logs -q prints only errors and possible gaps on stderr', async t => {
	await withPods(async (server, spoke) => {
		t.is((await spoke('-q', 'a')).stderr, '', 'not even which container was chosen');
		t.regex((await spoke('-q', 'nope')).stderr, /ERR_NOT_FOUND/);
		const log = server.addPod('r').get('app')!;
		log.append({time: time(1), text: 'first'});
		const child = spawnProcess(process.execPath, [builtProgram, 'logs', '-qf', 'r', '--server', server.url, '--namespace', 'demo'], {
			env: {HOME: '/nonexistent', KUBECONFIG: '/dev/null'},
		});
		let stderr = '';
		const gap = new Promise<void>(resolve => {
			child.stderr.on('data', chunk => {
				stderr += String(chunk);
				if (stderr.includes('may be missing')) {
					resolve();
				}
			});
		});
		await once(child.stdout, 'data');
		log.rotate();
		log.append({time: time(9), text: 'behind the gap'});
		server.cutEverything();
		await gap;
		child.kill('SIGTERM');
		await once(child, 'close');
		t.is(stderr.trim().split('\n').length, 1, stderr);
	});
});

test('--limit-bytes with -f counts printed bytes across a reconnect', async t => {
	await withPods(async (server, spoke) => {
		server.faults.push({kind: 'cut', afterBytes: 45});
		t.is((await spoke('-f', 'a', '-c', 'app', '--limit-bytes=11')).stdout, 'a app 1\na a');
	});
});

test('--limit-bytes with -f limits each log, including one that starts later', async t => {
	const refusal = {
		kind: 'refuse',
		status: 429,
		body: '{"kind":"Status","reason":"TooManyRequests"}',
		headers: {'Retry-After': '1'},
	} as const;
	for (const targets of [
		['pod/a', 'pod/b'],
		['-l', 'app=web'],
	]) {
		await withPods(async (server, spoke) => {
			server.faults.push(refusal);
			const {status, stdout} = await spoke('-f', ...targets, '-c', 'app', '--limit-bytes=6');
			t.is(status, 0);
			t.deepEqual([stdout.slice(0, 6), stdout.slice(6)].toSorted(), ['a app ', 'b app ']);
		});
	}
});

test('failures print one line and exit with their status', async t => {
	await withPods(async (server, spoke) => {
		t.like(await spoke('nope'), {
			status: 8,
			stderr:
				'error: error from server (NotFound): pods "nope" not found in namespace "demo" (list them with `kubectl get pods -n demo`) [ERR_NOT_FOUND]\n',
		});
		t.like(await spoke('a', '-c', 'nope'), {
			status: 8,
			stderr: 'error: container nope is not valid for pod a out of: app, side [ERR_NOT_FOUND]\n',
		});
		t.like(await spoke('-p', 'a', '-c', 'app'), {
			status: 8,
			stderr: 'Error from server (BadRequest): previous terminated container "app" in pod "a" not found [ERR_NOT_FOUND]\n',
		});
		server.faults.push({kind: 'close', afterBytes: 9});
		const cut = await spoke('a', '-c', 'app');
		t.is(cut.status, 13);
		t.regex(
			cut.stderr,
			/^error: the log of a was interrupted: [^\n]+: the apiserver responds to new connections; it is unknown whether its connection to the kubelet \(leg 2\) or your connection to the apiserver \(leg 1\) was lost .*\[ERR_STREAM_LOST\]\n$/,
		);
	});
});

test('logs retries after the Retry-After time, as kubectl does', async t => {
	await withPods(async (server, spoke) => {
		server.faults.push(
			{kind: 'refuse', status: 429, body: '{"kind":"Status","reason":"TooManyRequests"}', headers: {'Retry-After': '1'}},
			null,
		);
		t.deepEqual(await spoke('a', '-c', 'app'), {status: 0, stdout: 'a app 1\na app 2\n', stderr: ''});
		t.is(server.seen.length, 2);
		t.true(server.seen[1]!.at - server.seen[0]!.at >= 950);
		server.faults.push({kind: 'refuse', status: 429, body: '{"kind":"Status","message":"later"}', headers: {'Retry-After': '3600'}});
		const {status, stderr} = await spoke('a', '-c', 'app');
		t.not(status, 0);
		t.regex(stderr, /later/);
	});
});

test('--ignore-errors reports a failed log and continues', async t => {
	await withPods(async (server, spoke) => {
		server.faults.push({kind: 'refuse', status: 500, body: '{"kind":"Status","message":"broken"}'});
		const {status, stdout, stderr} = await spoke('pod/a', 'pod/b', '-c', 'app', '--ignore-errors');
		t.deepEqual([status, stdout], [0, 'b app 1\nb app 2\n']);
		t.regex(stderr, /broken/);
	});
});

for (const follow of [[], ['-f']]) {
	test(`logs ${follow.join('')} --ignore-errors reports a missing target and continues`, async t => {
		await withPods(async (_, spoke) => {
			const ignoring = async (...targets: string[]) => spoke(...targets, ...follow, '-c', 'app', '--ignore-errors');
			t.deepEqual(await ignoring('pod/nosuch', 'pod/b'), {
				status: 0,
				stdout: 'b app 1\nb app 2\n',
				stderr: 'error: pods "nosuch" not found in namespace "demo"\n',
			});
			const {status, stdout, stderr} = await ignoring('pod/nosuch', 'pod/none');
			t.deepEqual([status, stdout], [8, '']);
			t.regex(stderr, /^error: .*pods "nosuch" not found.*\n$/);
		});
	});
}

test('--path=json prints one Path per connection on stderr, and only the log on stdout', async t => {
	await withPods(async (_, spoke) => {
		const {stdout, stderr} = await spoke('a', '-c', 'app', '--path=json');
		t.is(stdout, 'a app 1\na app 2\n');
		const paths = stderr
			.trim()
			.split('\n')
			.map(line => JSON.parse(line) as Path);
		t.is(paths.length, 1);
		t.like(paths[0], {apiVersion: 'spoke/v1', kind: 'Path', feature: 'logs', phase: 'settled'});
		t.is(paths[0]!.legs[0]!.tls.state, 'plain');
		t.like(paths[0]!.target, {asked: 'a', name: 'a', node: 'n1', container: 'app'});
	});
});

test('control characters are escaped on a terminal and unchanged in a pipe', async t => {
	await withPods(async (server, spoke) => {
		const hostile = 'x\u001B]0;title\u0007y\u001B[31mred\u001B[0m\u001B[2J';
		const log = server.addPod('h').get('app')!;
		log.append({time: time(1), text: hostile});
		log.end();
		t.is((await spoke('h')).stdout, `${hostile}\n`);
		for (const more of [[], ['-f']]) {
			const screen = await logsOnTerminal(server, ['h', ...more, '--path=never']);
			t.true(screen.includes('red'));
			t.false(screen.includes('\u001B]0;title'));
			t.false(screen.includes('\u001B[2J'));
			t.true(screen.includes('\u001B[31m'), 'colors stay');
		}
	});
});

test('a terminal shows the path line, leg 1 first', async t => {
	await withPods(async server => {
		const screen = await logsOnTerminal(server, ['a', '-c', 'app']);
		t.regex(screen, /path: you -plain-> \w+ -\w+/);
		t.true(screen.indexOf('path: you') < screen.indexOf('a app 1'));
	});
});

for (const [signal, status] of [
	['SIGINT', 130],
	['SIGTERM', 143],
	['SIGHUP', 129],
] as const) {
	test(`${signal} ends a follow with status ${status}`, async t => {
		await withPods(async server => {
			const log = server.addPod('r').get('app')!;
			log.append({time: time(1), text: 'running'});
			const child = spawnProcess(process.execPath, [builtProgram, 'logs', '-f', 'r', '--server', server.url, '--namespace', 'demo'], {
				env: {HOME: '/nonexistent', KUBECONFIG: '/dev/null'},
			});
			await once(child.stdout, 'data');
			child.kill(signal);
			const began = Date.now();
			const [code] = (await once(child, 'exit')) as [number];
			t.is(code, status);
			t.true(Date.now() - began < 10_000);
		});
	});
}

test('a follow under nohup outlives its terminal', async t => {
	await withPods(async server => {
		const log = server.addPod('r').get('app')!;
		log.append({time: time(1), text: 'running'});
		const child = spawnProcess(process.execPath, [builtProgram, 'logs', '-f', 'r', '--server', server.url, '--namespace', 'demo'], {
			env: {HOME: '/nonexistent', KUBECONFIG: '/dev/null', _: '/usr/bin/nohup'},
		});
		await once(child.stdout, 'data');
		child.kill('SIGHUP');
		log.append({time: time(2), text: 'still here'});
		const [came] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
		t.is(String(came), 'still here\n');
		child.kill('SIGTERM');
		t.deepEqual(await once(child, 'exit'), [143, null]);
	});
});

test('a follow exits 141 silently when its reader is gone', async t => {
	await withPods(async server => {
		const log = server.addPod('r').get('app')!;
		log.append({time: time(1), text: 'running'});
		const child = spawnProcess(process.execPath, [builtProgram, 'logs', '-f', 'r', '--server', server.url, '--namespace', 'demo'], {
			env: {HOME: '/nonexistent', KUBECONFIG: '/dev/null'},
		});
		let stderr = '';
		child.stderr.on('data', (chunk: Buffer) => {
			stderr += chunk.toString();
		});
		await once(child.stdout, 'data');
		child.stdout.destroy();
		const writing = setInterval(() => {
			log.append({time: time(2), text: 'more'});
		}, 20);
		const [code] = (await once(child, 'close')) as [number];
		clearInterval(writing);
		t.is(code, 141);
		t.is(stderr, '');
	});
});
