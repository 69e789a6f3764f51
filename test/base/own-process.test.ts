/** The process name and signals of the built program, started through its launcher line. */
import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {argumentProblem, setV8Flag} from '../../source/base/own-process.ts';
import {LogServer} from '../support/log-server.ts';
import {nodePath} from '../support/node-path.ts';
import {builtProgram, type RunningSpoke, runSpoke, startSpoke} from '../support/run-spoke.ts';

const run = promisify(execFile);
const line = (second: number, text: string) => ({time: `2026-11-24T14:00:0${second}.000000001Z`, text});

/** Follows a log; `"$@"` in the shell `script` is the program and its arguments. */
async function follow(t: ExecutionContext, sh: string, script: string) {
	const server = await LogServer.start(t);
	const log = server.addPod('web').get('app')!;
	log.append(line(1, 'running'));
	const argv = ['logs', '-f', 'web', '--server', server.url, '--namespace', 'demo'];
	const {child, output} = startSpoke(t, [builtProgram, ...argv], {
		program: [sh, '-c', script, sh],
		env: {PATH: nodePath, KUBECONFIG: '/dev/null'},
	});
	await once(child.stdout, 'data');
	return {child, log, title: ['spoke', ...argv].join(' '), stderr: () => output.stderr};
}

async function next(child: RunningSpoke['child']): Promise<string> {
	return Promise.race([once(child.stdout, 'data').then(([chunk]) => String(chunk)), once(child, 'exit').then(() => 'the program ended')]);
}

test('ps shows the command line, and pgrep finds the process by it and by name', async t => {
	const {child, title} = await follow(t, 'sh', 'exec "$@"');
	const {stdout: args} = await run('ps', ['-o', 'args=', '-p', String(child.pid)]);
	t.is(args.trim(), title);
	if (process.platform === 'linux') {
		t.is(await readFile(`/proc/${child.pid}/comm`, 'utf8'), 'spoke\n');
		const {stdout: found} = await run('pgrep', ['-fx', title]);
		t.is(found, `${child.pid}\n`);
		const {stdout: named} = await run('pgrep', ['-x', 'spoke']);
		t.true(named.split('\n').includes(String(child.pid)));
	}
});

test('starts beside every setting of Node’s own root certificates', async t => {
	for (const setting of [{}, {NODE_USE_SYSTEM_CA: '1'}, {NODE_OPTIONS: '--use-system-ca'}, {NODE_OPTIONS: '--use-bundled-ca'}]) {
		const env = {PATH: nodePath, HOME: '/nonexistent', ...setting};
		t.regex((await run(builtProgram, ['version'], {env})).stdout, /^spoke \d/);
	}
});

test('SIGUSR1 does not open an inspector', async t => {
	const {child, log, stderr} = await follow(t, 'sh', 'exec "$@"');
	child.kill('SIGUSR1');
	log.append(line(2, 'still here'));
	t.is(await next(child), 'still here\n');
	child.kill('SIGTERM');
	await once(child, 'close');
	t.is(stderr(), '');
});

for (const sh of ['sh', 'bash']) {
	for (const [title, script] of [
		['nohup', 'exec nohup "$@"'],
		["trap '' HUP", 'trap "" HUP; exec "$@"'],
	] as const) {
		test(`ignores SIGHUP after ${title} in ${sh}`, async t => {
			const {child, log} = await follow(t, sh, script);
			child.kill('SIGHUP');
			log.append(line(2, 'still here'));
			t.is(await next(child), 'still here\n');
			child.kill('SIGTERM');
			t.deepEqual(await once(child, 'exit'), [143, null]);
		});
	}

	test(`exits 129 on SIGHUP in ${sh}`, async t => {
		const {child} = await follow(t, sh, 'exec "$@"');
		child.kill('SIGHUP');
		t.deepEqual(await once(child, 'exit'), [129, null]);
	});
}

test('exits 129 on SIGHUP when the launcher variable names another process', async t => {
	const {child, log} = await follow(t, 'sh', 'SPOKE_HUP_IGNORED=1 exec "$@"');
	log.append(line(2, 'running'));
	child.kill('SIGHUP');
	t.deepEqual(await once(child, 'exit'), [129, null]);
});

test('a flag of V8 that is set repeatedly adds one listener', t => {
	const before = process.listenerCount('exit');
	for (let time = 0; time < 12; time++) {
		setV8Flag('--heap-growing-percent=0', '--heap-growing-percent=0');
	}

	t.true(process.listenerCount('exit') <= before + 1);
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('an argument with bytes that are not UTF-8 is refused before anything is sent', async t => {
	const ends = async (script: string) =>
		run('sh', ['-c', script, 'sh', builtProgram], {env: {PATH: nodePath, HOME: '/nonexistent', KUBECONFIG: '/dev/null'}}).then(
			() => ({code: 0, stderr: ''}),
			(error: unknown) => error as {code: number; stderr: string},
		);
	for (const [script, status] of [
		[String.raw`exec "$1" exec web -- echo '' "$(printf 'caf\351')" x`, 125],
		[String.raw`exec "$1" cp file web:/tmp/"$(printf 'caf\351')"`, 2],
	] as const) {
		const {code, stderr} = await ends(script);
		t.is(code, status);
		t.regex(stderr, /^error: the argument ".*caf\uFFFD" has bytes that are not UTF-8 \(.*\) \[ERR_USAGE\]$/m);
	}

	const {stderr} = await runSpoke(['exec', 'web', '--', 'echo', '\uFFFD', 'é'], {env: {KUBECONFIG: '/dev/null'}});
	t.regex(stderr, /\[ERR_NO_KUBECONFIG\]$/m, 'the character itself is UTF-8');
});

test('without /proc, an argument with U+FFFD is refused', t => {
	t.regex(argumentProblem(['é', '\uFFFD'], '/nonexistent') ?? '', / contains U\+/);
	t.is(argumentProblem(['é'], '/nonexistent'), null);
});
