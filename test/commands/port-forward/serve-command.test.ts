import {once} from 'node:events';
import {chmod, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import {forwardArguments} from '../../../source/commands/port-forward/forward-arguments.ts';
import {forwardVariables} from '../../../source/commands/port-forward/run.ts';
import {limitConcurrency} from '../../support/limit-concurrency.ts';
import {listenOnLoopback} from '../../support/listen-on-loopback.ts';
import {runSpoke, spokePrints, startSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {openTerminal} from '../../support/terminal.ts';

const test = limitConcurrency(2);

const echo = `
const socket = require('node:net').connect(process.env.SPOKE_PORT, process.env.SPOKE_ADDRESS, () => socket.write('hello'));
socket.on('data', data => {
	process.stdout.write(data);
	socket.destroy();
});`;

const started = (t: ExecutionContext, args: readonly string[], env: NodeJS.ProcessEnv) =>
	startSpoke(t, ['port-forward', ...args], {env, stdio: 'pipe'});

/** Events of forwards that are ready at these local ports, in this order. */
function readyAt(address: string, ports: Readonly<Record<string, number>>) {
	const events = Object.entries(ports).map(([forward, port]) => ({event: 'ready', forward, listen: [{address, port}]}));
	return events as unknown as Parameters<typeof forwardVariables>[0];
}

test('ports are named by their remote port as typed, and the first of equal ones wins', t => {
	const targets = forwardArguments(['svc/web', ':http-alt', '8443:8443', 'svc/other', ':8443']);
	const ready = readyAt('127.0.0.1', {f2: 49_002, f3: 49_003, f1: 49_001});
	t.deepEqual(forwardVariables(ready, targets), {
		SPOKE_ADDRESS: '127.0.0.1',
		SPOKE_PORT: '49001',
		SPOKE_PORT_HTTP_ALT: '49001',
		SPOKE_PORT_8443: '49002',
	});
});

test('a command has the ready forwards, stdin and all of stdout', async t => {
	const {env} = await openSandbox(t);
	await spokePrints(t, ['port-forward', 'svc/db', ':7000', '--', process.execPath, '-e', echo], {stdout: 'hello'}, {env});
	const both = ['port-forward', 'svc/db', ':7000', 'deploy/web', ':http', '--', 'sh', '-c', 'cat; echo ${SPOKE_PORT_HTTP:+http}'];
	await spokePrints(t, both, {stdout: 'typed http\n'}, {env, input: 'typed '});
});

test('-v reports the forwards of a command on stderr', async t => {
	const {env} = await openSandbox(t);
	const ended = await runSpoke(['port-forward', 'svc/db', ':7000', '-v', '1', '--', process.execPath, '-e', echo], {env});
	t.is(ended.stdout, 'hello');
	t.regex(ended.stderr, /^Forwarding from 127\.0\.0\.1:\d+ -> 7000\n[^]*Handling connection for \d+\n$/);
});

test('JSON events of a command’s forwards go to stderr, and `ended` has its status', async t => {
	const {env} = await openSandbox(t);
	const ended = await runSpoke(['port-forward', 'svc/db', ':7000', '-o', 'json', '--', 'sh', '-c', 'echo own; exit 7'], {env});
	t.is(ended.stdout, 'own\n');
	const events = ended.stderr
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as {event: string; exitStatus: number; reason: string});
	t.true(events.some(({event}) => event === 'all-ready'));
	const last = events.at(-1)!;
	t.deepEqual([last.event, last.exitStatus, last.reason, ended.status], ['ended', 7, 'command-ended', 7]);
});

test('the exit status is that of the command, or says why there is none', async t => {
	const {env, sandbox} = await openSandbox(t);
	await sandbox.switches.set({verification: 'off'});
	const folder = await temporaryDirectory(t);
	const plain = join(folder, 'plain');
	await writeFile(plain, 'true\n');
	await chmod(plain, 0o600);
	const [forward, ran] = [
		['svc/db', ':7000'],
		['--', 'sh', '-c', 'echo ran'],
	];
	const cases: ReadonlyArray<readonly [args: readonly string[], status: number, stderr: RegExp]> = [
		[[...forward, '--', 'sh', '-c', 'kill -TERM $$'], 143, /^$/],
		[[...forward, '--', 'sh', '-c', 'kill -KILL $$'], 137, /^$/],
		[
			[...forward, '--', 'spoke-test-nosuch'],
			127,
			/^error: could not start "spoke-test-nosuch": command not found .*\[ERR_LOCAL_COMMAND\]\n$/,
		],
		[[...forward, '--', plain], 126, /permission denied .*\[ERR_LOCAL_COMMAND\]\n$/],
		[['svc/nosuch', ':7000', ...ran], 125, /\[ERR_NOT_FOUND\]\n$/],
		[['svc/db', ...ran], 125, /no port specified for svc\/db/],
		[[...forward, '--'], 125, /a command is required after --/],
		[[...forward, '--nosuch', ...ran], 125, /unknown flag: --nosuch/],
		[[...forward, '--require', 'verified', ...ran], 3, /\[ERR_REQUIRE_NOT_MET\]\n$/],
		[['svc/nosuch', ':7000'], 8, /\[ERR_NOT_FOUND\]\n$/],
	];
	for (const [args, status, stderr] of cases) {
		const ended = await runSpoke(['port-forward', ...args], {env});
		t.is(ended.status, status, `${args.join(' ')}: ${ended.stderr}`);
		t.regex(ended.stderr, stderr);
		t.is(ended.stdout, '');
	}
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGQUIT'] as const) {
	test(`${signal} goes to the command, which decides what it ends`, async t => {
		const {env} = await openSandbox(t);
		const name = signal.slice(3);
		const {child, ended, output, sees} = started(
			t,
			['svc/db', ':7000', '--', 'sh', '-c', `trap 'trap "exit 9" ${name}; echo got' ${name}; echo up; while :; do sleep 0.05; done`],
			env,
		);
		await sees(/up/);
		child.kill(signal);
		await sees(/got/);
		child.kill(signal);
		t.is((await ended).status, 9);
		t.is(output.stderr, '');
	});
}

test('the command reads the terminal and gets one SIGINT for each Ctrl-C', async t => {
	const {env} = await openSandbox(t);
	const home = await temporaryDirectory(t);
	const script =
		'n=0; trap "n=\\$((n+1)); echo interrupt \\$n" INT; echo up; until read line; do :; done; read more; echo "$line $more $n"; exit 5';
	const terminal = await openTerminal(t, ['port-forward', 'svc/db', ':7000', '--path=never', '--', 'bash', '-c', script], {env, home});
	await terminal.sees(/up/);
	terminal.type('\u0003');
	await terminal.sees(/interrupt 1/);
	terminal.type('first\r');
	terminal.type('second\r');
	await terminal.sees(/first second 1/);
	t.is(await terminal.ended(), 5);
});

test('--path=always and json print the settled path of a forward whose command ends at once', async t => {
	const {env} = await openSandbox(t);
	const always = await runSpoke(['port-forward', 'svc/db', ':7000', '--path=always', '--', 'true'], {env});
	// On a slow machine, first what is known by then.
	t.regex(
		always.stderr,
		/^(?:path: you -verified-> apiserver -checking-> kubelet n\d\n)?path: you -verified-> apiserver -direct,unverified-> kubelet n\d\n$/,
	);
	const json = await runSpoke(['port-forward', 'svc/db', ':7000', '--path=json', '--', 'true'], {env});
	const phases = json.stderr
		.trim()
		.split('\n')
		.map(line => (JSON.parse(line) as {phase: string}).phase);
	t.is(phases.at(-1), 'settled');
});

test('the path of a command’s forward is printed on a terminal once it is known', async t => {
	const {env} = await openSandbox(t);
	const home = await temporaryDirectory(t);
	const terminal = await openTerminal(t, ['port-forward', 'svc/db', ':7000', '--', 'sh', '-c', 'echo up; read line; echo end'], {
		env,
		home,
		columns: 120,
	});
	await terminal.sees(/up/);
	await terminal.sees(/path: you -verified-> apiserver -(?!checking)\S+-> kubelet/);
	terminal.type('\r');
	await terminal.sees(/end/);
	t.is(await terminal.ended(), 0);
});

test('a forward that cannot continue ends the command, and spoke exits 125', async t => {
	const {env, sandbox} = await openSandbox(t);
	const {ended, output, sees} = started(
		t,
		['pod/db-0', ':7000', '--', 'sh', '-c', 'trap "echo ended; exit 0" TERM; echo up; while :; do sleep 0.05; done'],
		env,
	);
	await sees(/up/);
	sandbox.faults.replacePod({name: 'db-0'});
	t.is((await ended).status, 125);
	t.is(output.stdout, 'up\nended\n');
	t.regex(output.stderr, /pod\/db-0 is gone.*\[ERR_TARGET_GONE\]/);
});

test('a forward that is lost says so on stderr, and serves the command again', async t => {
	const {env, sandbox} = await openSandbox(t);
	const script = `console.log('up'); process.stdin.once('data', () => {${echo} process.stdin.destroy()});`;
	const {child, ended, output, sees} = started(t, ['svc/db', ':7000', '--', process.execPath, '-e', script], env);
	await sees(/up/);
	await sandbox.faults.restartApiserver({until: sees(/interrupted: /, 'stderr')});
	await sees(/reconnected after /, 'stderr');
	child.stdin.write('go\n');
	t.is((await ended).status, 0);
	t.is(output.stdout, 'up\nhello');
});

test('a signal before the forwards are ready ends spoke, and no command runs', async t => {
	const silent = createServer();
	t.teardown(() => silent.close());
	const port = await listenOnLoopback(silent);
	const {child, ended, output} = started(t, ['--server', `http://127.0.0.1:${port}`, 'pod/db-0', ':7000', '--', 'sh', '-c', 'echo ran'], {
		...process.env,
		KUBECONFIG: '',
	});
	await once(silent, 'connection');
	child.kill('SIGTERM');
	t.is((await ended).status, 143);
	t.deepEqual(output, {stdout: '', stderr: ''});
});
