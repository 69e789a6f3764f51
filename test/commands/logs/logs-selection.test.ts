/** Lines that `spoke logs` selects. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdir} from 'node:fs/promises';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {LogServer} from '../../support/log-server.ts';
import {builtProgram, runSpoke} from '../../support/run-spoke.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

const time = (second: number, nanosecond = 1) =>
	`2026-11-24T14:00:${String(second).padStart(2, '0')}.${String(nanosecond).padStart(9, '0')}Z`;

const lines = [
	[1, 'INFO started'],
	[2, 'ERROR no connection'],
	[2, '  at connect (net.js:3)'],
	[3, 'GET /healthz 200'],
	[4, 'WARN slow cart'],
	[5, '{"level":"error","msg":"cart failed"}'],
] as const;

async function serve(t: ExecutionContext) {
	const server = await LogServer.start();
	t.teardown(async () => server.stop());
	server.restartPolicy = 'Never';
	const log = server.addPod('a').get('app')!;
	log.append(...lines.map(([second, text]) => ({time: time(second), text})));
	log.end();
	const spoke = async (...argv: string[]) =>
		runSpoke(['logs', ...argv, '--server', server.url, '--namespace', 'demo'], {env: {KUBECONFIG: '/dev/null'}});
	return {server, log, spoke};
}

for (const how of [[], ['-f']]) {
	const name = ['logs', ...how].join(' ');

	test(`${name} --level warn prints that level and above, with the lines that continue a message`, async t => {
		const {spoke} = await serve(t);
		t.deepEqual(await spoke(...how, 'a', '--level', 'warn'), {
			status: 0,
			stdout: 'ERROR no connection\n  at connect (net.js:3)\nWARN slow cart\n{"level":"error","msg":"cart failed"}\n',
			stderr: '',
		});
		t.is((await spoke(...how, 'a', '--level', 'fatal')).stdout, '');
	});

	test(`${name} combines --include, --exclude and --level`, async t => {
		const {spoke} = await serve(t);
		t.is((await spoke(...how, 'a', '--include', 'cart', '--include', '^GET')).stdout, `${lines[3][1]}\n${lines[4][1]}\n${lines[5][1]}\n`);
		t.is((await spoke(...how, 'a', '--include', 'cart', '--exclude', '^WARN')).stdout, `${lines[5][1]}\n`);
		t.is((await spoke(...how, 'a', '--level', 'error', '--exclude', 'net.js')).stdout, `${lines[1][1]}\n${lines[5][1]}\n`);
	});

	test(`${name} gives selected lines their timestamps and prefix, and counts only them for --limit-bytes`, async t => {
		const {spoke} = await serve(t);
		t.is((await spoke(...how, 'a', '--include', 'slow', '--timestamps', '--prefix')).stdout, `[pod/a/app] ${time(4)} WARN slow cart\n`);
		t.is((await spoke(...how, 'a', '--level', 'warn', '--limit-bytes=22')).stdout, 'ERROR no connection\n  ');
	});

	test(`${name} -o json prints objects of the selected lines only`, async t => {
		const {spoke} = await serve(t);
		const {stdout} = await spoke(...how, '-o', 'json', 'a', '--include', 'slow');
		const objects = stdout
			.trim()
			.split('\n')
			.map(line => JSON.parse(line) as {event: string; text: string | null; timestamp: string | null})
			.filter(({event}) => event === 'line');
		t.deepEqual(
			objects.map(({text, timestamp}) => [text, timestamp]),
			[['WARN slow cart', time(4)]],
		);
	});
}

test('a gap is reported on stderr although the lines around it are not selected', async t => {
	const {server} = await serve(t);
	const log = server.addPod('r').get('app')!;
	log.append({time: time(1), text: 'first'});
	const child = spawn(
		process.execPath,
		[builtProgram, 'logs', '-f', 'r', '--include', 'first', '--server', server.url, '--namespace', 'demo'],
		{env: {HOME: '/nonexistent', KUBECONFIG: '/dev/null'}},
	);
	const ended = once(child, 'close');
	let [stdout, stderr] = ['', ''];
	const gap = new Promise<void>(resolve => {
		child.stderr.on('data', chunk => {
			stderr += String(chunk);
			if (stderr.includes('may be missing')) {
				resolve();
			}
		});
	});
	child.stdout.on('data', chunk => {
		stdout += String(chunk);
	});
	await once(child.stdout, 'data');
	log.rotate();
	log.append({time: time(9), text: 'after the gap'});
	server.cutEverything();
	await gap;
	log.end();
	t.deepEqual([await ended, stdout], [[0, null], 'first\n']);
	t.regex(stderr, /r\/app: could not find the last line again .* may be missing\n/);
});

test('an interruption is an error although no line is selected', async t => {
	const {server, spoke} = await serve(t);
	server.faults.push({kind: 'close', afterBytes: 60});
	const {status, stdout, stderr} = await spoke('a', '--include', 'nothing like it');
	t.deepEqual([status, stdout], [13, '']);
	t.regex(stderr, /^error: the log of a was interrupted: .*\[ERR_STREAM_LOST\]\n$/);
});

test('a kubelet error in the log is not selected away', async t => {
	const {server, spoke} = await serve(t);
	server.faults.push({kind: 'kubelet-error', text: 'failed to open log file "/var/log/pods/x": no such file or directory'});
	const {status, stdout, stderr} = await spoke('a', '--include', 'nothing like it');
	t.deepEqual([status, stdout], [11, '']);
	t.regex(stderr, /^error: the kubelet could not read the log of a: failed to open log file .*\[ERR_SECOND_LEG\]\n$/);
});

test('an invalid level or regular expression is one line and status 2, before any connection', async t => {
	const {server, spoke} = await serve(t);
	t.deepEqual(await spoke('a', '--level', 'loud'), {
		status: 2,
		stdout: '',
		stderr:
			'error: invalid argument "loud" for --level: must be one of debug, info, warn, error, fatal (run the command with --help) [ERR_USAGE]\n',
	});
	t.like(await spoke('a', '--include', '['), {
		status: 2,
		stdout: '',
		stderr: 'error: --include "[": invalid regular expression: unterminated character class (run the command with --help) [ERR_USAGE]\n',
	});
	t.is(server.seen.length, 0);
});

test('only a command that selects lines loads the code for it', async t => {
	const {server} = await serve(t);
	const cache = await temporaryDirectory(t);
	const loaded = async (...argv: string[]) => {
		await runSpoke(['logs', 'a', ...argv, '--server', server.url, '--namespace', 'demo'], {
			env: {KUBECONFIG: '/dev/null', XDG_CACHE_HOME: cache},
		});
		return (await readdir(cache, {recursive: true})).filter(path => path.includes('shape-lines'));
	};

	t.deepEqual(await loaded(), []);
	t.is((await loaded('--include', 'x')).length, 1);
});
