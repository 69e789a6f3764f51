/** `spoke demo` as the built program. */
import {spawn} from 'node:child_process';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {builtProgram, runSpoke, spokePrints, startSpoke} from '../support/run-spoke.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {until} from '../support/until.ts';

test('the tour shows the path of every feature in every posture and exits 0', async t => {
	const {stdout} = await spokePrints(t, ['demo', '--tour'], {stdout: /./});
	const stops = stdout.split(/^sandbox \d of 7/m).slice(1);
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
	const {output, sees} = startSpoke(t, []);
	await sees(/./);
	t.regex(output.stdout, /^sandbox: a small cluster inside this process/);
});

test('an unknown scenario prints one line and exits 2', async t => {
	const stderr = /^error: unknown scenario: nope \(use one of default, .*\) \[ERR_USAGE\]\n$/;
	await spokePrints(t, ['demo', '--scenario', 'nope'], {status: 2, stderr});
});

test('a port in use prints one line and exits 14', async t => {
	const taken = createServer();
	const port = await listenOnLoopback(taken);
	const stderr = new RegExp(`^error: port ${port} is in use on 127\\.0\\.0\\.1 .*\\[ERR_PORT_IN_USE]\n$`);
	await spokePrints(t, ['demo', '--serve', '--port', String(port)], {status: 14, stderr});
	taken.close();
});

test('a served sandbox works with spoke and removes its kubeconfig at exit', async t => {
	const folder = await temporaryDirectory(t);
	const file = join(folder, 'kubeconfig');
	const {sees, end} = startSpoke(t, ['demo', '--serve', '--kubeconfig-out', file]);
	await sees(/./);
	t.is((await stat(file)).mode & 0o777, 0o600);
	const logs = await runSpoke(['logs', 'db-0', '-c', 'db', '--tail=1', '--path=json'], {env: {KUBECONFIG: file}});
	t.regex(logs.stdout, /^(echo on :7000|checkpoint \d+ complete)\n$/);
	t.true((JSON.parse(logs.stderr.split('\n', 1)[0]!) as {cluster: {sandbox: boolean}}).cluster.sandbox);
	t.is(await end('SIGINT'), 130);
	await t.throwsAsync(stat(file), {code: 'ENOENT'});
});

for (const [args, signal, expected] of [
	[['--serve'], 'SIGTERM', 143],
	[['--serve'], 'SIGHUP', 129],
	[['--tour'], 'SIGINT', 130],
] as const) {
	test(`demo ${args.join(' ')} exits ${expected} after ${signal}`, async t => {
		const {sees, end} = startSpoke(t, ['demo', ...args]);
		await sees(/./);
		t.is(await end(signal), expected);
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
		const {status, stderr} = await runSpoke(['demo', '--serve', '--kubeconfig-out', file]);
		t.is(status, 14);
		t.regex(stderr, /is not the kubeconfig of a sandbox/);
		t.is(await readFile(file, 'utf8'), content);
	});
}

test('a served sandbox exits when its parent does', async t => {
	const script = `const {spawn} = require('node:child_process');
		const child = spawn(process.execPath, [${JSON.stringify(builtProgram)}, 'demo', '--serve'], {stdio: ['ignore', 'pipe', 'ignore']});
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
