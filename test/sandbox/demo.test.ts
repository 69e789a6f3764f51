/** `spoke demo` as the built program. */
import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import {once} from 'node:events';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {until} from '../support/until.ts';

const program = fileURLToPath(new URL('../../build/spoke.js', import.meta.url));

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
	return spawn(process.execPath, [program, ...args], {env: {PATH: process.env['PATH'], HOME: '/nonexistent', ...env}});
}

async function run(args: readonly string[], env?: Record<string, string>): Promise<{status: number | null; out: string; error: string}> {
	const child = start(args, env);
	child.stdin.end();
	const [out, error, [status]] = await Promise.all([
		text(child.stdout),
		text(child.stderr),
		once(child, 'close') as Promise<[number | null]>,
	]);
	return {status, out, error};
}

test('the tour shows the path of every feature in every posture and exits 0', async t => {
	const {status, out, error} = await run(['demo', '--tour']);
	t.is(status, 0, error);
	t.is(error, '');
	const stops = out.split(/^sandbox \d of 7/m).slice(1);
	t.is(stops.length, 7);
	for (const stop of stops) {
		t.is(stop.match(/^ {2}spoke /gm)?.length, 8);
		t.is(stop.match(/^ {4}path: you -verified-/gm)?.length, 8, stop);
	}

	t.regex(stops[0]!, /path: you -verified-> apiserver -direct,unverified-> kubelet/);
	t.regex(stops[1]!, /path: you -verified-> apiserver -direct,verified-> kubelet/);
	t.regex(stops[2]!, /path: you -verified-> apiserver -direct,refused-x kubelet/);
	// Before 1.36, no apiserver names its process, so that another one may have counted its tunnels.
	t.regex(stops[6]!, /path: you -verified-> apiserver -route unknown,unverified-> kubelet/);
	t.notRegex(stops.filter((_, index) => index !== 2).join(''), /fails:/);
});

test('spoke without a kubeconfig and a terminal runs the tour', async t => {
	const child = start([]);
	child.stdin.end();
	const [first] = await once(child.stdout, 'data');
	child.kill('SIGKILL');
	t.regex(String(first), /^sandbox: a small cluster inside this process/);
});

test('an unknown scenario prints one line and exits 2', async t => {
	const {status, error} = await run(['demo', '--scenario', 'nope']);
	t.is(status, 2);
	t.regex(error, /^error: unknown scenario: nope \(use one of default, .*\) \[ERR_USAGE\]\n$/);
});

test('a port in use prints one line and exits 14', async t => {
	const taken = createServer();
	const port = await listenOnLoopback(taken);
	const {status, error} = await run(['demo', '--serve', '--port', String(port)]);
	taken.close();
	t.is(status, 14);
	t.regex(error, new RegExp(`^error: port ${port} is in use on 127\\.0\\.0\\.1 .*\\[ERR_PORT_IN_USE]\n$`));
});

test('a served sandbox works with spoke and removes its kubeconfig at exit', async t => {
	const folder = await temporaryDirectory(t);
	const file = join(folder, 'kubeconfig');
	const child = start(['demo', '--serve', '--kubeconfig-out', file]);
	t.teardown(() => child.kill('SIGKILL'));
	await once(child.stdout, 'data');
	t.is((await stat(file)).mode & 0o777, 0o600);
	const logs = await run(['logs', 'db-0', '-c', 'db', '--tail=1', '--path=json'], {KUBECONFIG: file});
	t.regex(logs.out, /^(echo on :7000|checkpoint \d+ complete)\n$/);
	t.true((JSON.parse(logs.error.split('\n', 1)[0]!) as {cluster: {sandbox: boolean}}).cluster.sandbox);
	child.kill('SIGINT');
	const [status] = (await once(child, 'close')) as [number];
	t.is(status, 130);
	await t.throwsAsync(stat(file), {code: 'ENOENT'});
});

for (const [args, signal, expected] of [
	[['--serve'], 'SIGTERM', 143],
	[['--serve'], 'SIGHUP', 129],
	[['--tour'], 'SIGINT', 130],
] as const) {
	test(`demo ${args.join(' ')} exits ${expected} after ${signal}`, async t => {
		const child = start(['demo', ...args]);
		t.teardown(() => child.kill('SIGKILL'));
		child.stdin.end();
		await once(child.stdout, 'data');
		child.kill(signal);
		const [status] = (await once(child, 'close')) as [number];
		t.is(status, expected);
	});
}

const own: ReadonlyArray<readonly [what: string, text: string]> = [
	['of the user', 'apiVersion: v1\nkind: Config\n'],
	[
		'of the user with a merged sandbox',
		JSON.stringify({
			clusters: [
				{name: 'prod', cluster: {server: 'https://prod.example'}},
				{name: 'sandbox', cluster: {server: 'https://127.0.0.1:1', extensions: [{name: 'spoke.dev/sandbox', extension: {}}]}},
			],
			users: [{name: 'ada', user: {token: 'x'}}],
		}),
	],
	['that mentions a sandbox in a comment', '# see spoke.dev/sandbox\n'],
];
for (const [what, content] of own) {
	test(`a kubeconfig ${what} is neither overwritten nor removed`, async t => {
		const folder = await temporaryDirectory(t);
		const file = join(folder, 'config');
		await writeFile(file, content);
		const child = start(['demo', '--serve', '--kubeconfig-out', file]);
		t.teardown(() => child.kill('SIGKILL'));
		child.stdout.once('data', () => child.kill('SIGTERM'));
		const [error, [status]] = await Promise.all([text(child.stderr), once(child, 'close')]);
		t.is(status, 14);
		t.regex(error, /is not the kubeconfig of a sandbox/);
		t.is(await readFile(file, 'utf8'), content);
	});
}

test('a served sandbox exits when its parent does', async t => {
	const script = `const {spawn} = require('node:child_process');
		const child = spawn(process.execPath, [${JSON.stringify(program)}, 'demo', '--serve'], {stdio: ['ignore', 'pipe', 'ignore']});
		child.stdout.once('data', () => { process.stdout.write(String(child.pid) + '\\n', () => process.exit(0)); });`;
	const parent = spawn(process.execPath, ['-e', script]);
	const pid = Number((await text(parent.stdout)).trim());
	t.true(pid > 0);
	t.teardown(() => isRunning(pid) && process.kill(pid, 'SIGKILL'));
	await until(() => !isRunning(pid));
	t.pass();
});

function isRunning(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}
