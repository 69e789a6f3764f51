/** `spoke port-forward --detach` and `spoke forwards`: the built program, started by a shell that leads a session. */
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile} from 'node:fs/promises';
import {createServer, type AddressInfo, type Socket} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import type {ExecutionContext} from 'ava';
import {readProcess} from '../../../source/commands/forwards/detached-forward-state.ts';
import {limitConcurrency} from '../../support/limit-concurrency.ts';
import {dial, echoes} from '../../support/port-forward-run.ts';
import {runSpoke, type Ended} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {forwardProcesses, isRunning, openShellSession, type ShellSession} from '../../support/shell-session.ts';
import {until} from '../../support/until.ts';

const test = limitConcurrency();

type DetachedForward = {
	name: string;
	pid: number;
	state: string;
	ports: number[];
	forwards: Array<{state: string; connections: {total: number}; target: {name: string}; paths: Array<{line: string}> | null}>;
	ended: {error: {code: string}} | null;
};

async function open(t: ExecutionContext) {
	const {env, sandbox} = await openSandbox(t);
	const session = await openShellSession(t, env);
	return {env, sandbox, session};
}

/** Its local port, name and process. */
async function detached(t: ExecutionContext, session: ShellSession, args: readonly string[] = ['svc/db', ':7000']) {
	const ended = await session.spoke(['port-forward', ...args, '--detach']);
	t.is(ended.status, 0, ended.stderr);
	const port = Number(/Forwarding from 127\.0\.0\.1:(\d+)/.exec(ended.stdout)![1]);
	const name = /detached as (\S+):/.exec(ended.stderr)![1]!;
	const {pid} = (await forwardProcesses(session.directory)).find(one => one.name === name)!;
	return {port, name, pid, ...ended};
}

async function listed(session: ShellSession): Promise<DetachedForward[]> {
	const {stdout} = await session.spoke(['forwards', 'list', '-o', 'json']);
	return stdout
		.trim()
		.split('\n')
		.filter(line => line !== '')
		.map(line => JSON.parse(line) as DetachedForward);
}

async function gone(t: ExecutionContext, session: ShellSession, pid: number): Promise<void> {
	await until(async () => !(await isRunning(pid)));
	t.deepEqual(await readdir(session.directory), []);
}

test('a detached forward outlives its command, and list shows its port, pod and path', async t => {
	const {session} = await open(t);
	const {port, name, stdout, stderr, pid} = await detached(t, session, ['svc/db', ':7000', '--address', '127.0.0.1', '--path=always']);
	t.is(stdout, `Forwarding from 127.0.0.1:${port} -> 7000\n`);
	const line = /^path: you -verified-> apiserver -direct,unverified-> kubelet n\d$/m.exec(stderr)![0];
	t.is(stderr, `${line}\ndetached as db-${port}: ends with \`spoke forwards stop db-${port}\`\n`);
	t.is(await echoes(port), 'hello');
	t.deepEqual(await session.spoke(['forwards']), {
		status: 0,
		stdout: `${name}: 127.0.0.1:${port} -> 7000, svc/db in default, on db-0 (context sandbox, process ${pid})\n  ${line}\n`,
		stderr: '',
	});
	// The state is written once per second.
	await until(async () => (await listed(session))[0]!.forwards[0]!.connections.total === 1);
	const [forward] = await listed(session);
	t.like(forward, {name, pid, state: 'running', ports: [port], ended: null});
	t.deepEqual(
		forward!.forwards.map(({state, connections, target, paths}) => [state, connections.total, target.name, paths?.map(path => path.line)]),
		[['ready', 1, 'db-0', [line]]],
	);
});

for (const by of ['name', 'port', '--all'] as const) {
	test(`stop ends a forward by ${by}, and leaves no process, file or listener`, async t => {
		const {session} = await open(t);
		const {port, name, pid} = await detached(t, session);
		const ended = await session.spoke(['forwards', 'stop', {name, port: String(port), '--all': '--all'}[by]]);
		t.deepEqual(ended, {status: 0, stdout: `${name} stopped\n`, stderr: ''});
		t.false(await isRunning(pid));
		t.deepEqual(await readdir(session.directory), []);
		await t.throwsAsync(dial(port), {code: 'ECONNREFUSED'});
		t.deepEqual(await session.spoke(['forwards', 'list']), {status: 0, stdout: '', stderr: 'no detached forwards\n'});
	});
}

test('stop by one local port names all that end with it', async t => {
	const {session} = await open(t);
	const {name, stdout} = await detached(t, session, ['svc/db', ':7000', 'svc/web', ':80']);
	// Either can be ready first.
	const ports = [/127\.0\.0\.1:(\d+) -> 7000\n/, /127\.0\.0\.1:(\d+) -> 8080\n/].map(line => line.exec(stdout)![1]!);
	t.is((await session.spoke(['forwards', 'stop', ports[1]!])).stdout, `${name} (local ports ${ports.join(', ')}) stopped\n`);
});

test('stop exits 8 for a name that no forward has, after it has stopped the others', async t => {
	const {session} = await open(t);
	t.regex((await session.spoke(['forwards', 'stop', 'db-1'])).stderr, /no detached forward has the name or local port "db-1"/);
	const {name} = await detached(t, session);
	const ended = await session.spoke(['forwards', 'stop', 'db-1', name]);
	t.is(ended.status, 8);
	t.is(ended.stdout, `${name} stopped\n`);
	t.regex(ended.stderr, /"db-1".*\[ERR_FORWARD_UNKNOWN\]\n$/);
});

test('list reports a forward that was killed once, and removes its files', async t => {
	const {session} = await open(t);
	const {name, pid} = await detached(t, session);
	process.kill(pid, 'SIGKILL');
	await until(async () => !(await isRunning(pid)));
	t.is((await readdir(session.directory)).length, 2);
	t.deepEqual(await session.spoke(['forwards', 'list']), {status: 0, stdout: `${name}: ended: process ${pid} is gone\n`, stderr: ''});
	t.deepEqual(await readdir(session.directory), []);
	t.is((await session.spoke(['forwards', 'list'])).stdout, '');
});

test('a process that got the id of a forward is neither taken for it nor signaled', async t => {
	const {session} = await open(t);
	const {name, pid} = await detached(t, session);
	const other = spawn('sleep', ['600']);
	t.teardown(() => other.kill('SIGKILL'));
	await until(async () => readProcess(other.pid!));
	const [file = ''] = (await readdir(session.directory)).filter(name => name.endsWith('.json'));
	const path = join(session.directory, file);
	const record = JSON.parse(await readFile(path, 'utf8')) as {process: {pid: number}};
	process.kill(pid, 'SIGKILL');
	await writeFile(path, JSON.stringify({...record, process: {...record.process, pid: other.pid}}));
	t.deepEqual(await session.spoke(['forwards', 'stop', name]), {status: 0, stdout: `${name} had already ended\n`, stderr: ''});
	t.is(other.exitCode ?? other.signalCode, null);
	t.true(await isRunning(other.pid!));
});

test('a forward outlives its terminal until it is stopped', async t => {
	const {session} = await open(t);
	const {port, pid, name} = await detached(t, session);
	await session.close();
	t.is(await echoes(port), 'hello');
	t.true(await isRunning(pid));
	const ended = await runSpoke(['forwards', 'stop', name], {env: session.env});
	t.is(ended.stdout, `${name} stopped\n`);
	await gone(t, session, pid);
	await t.throwsAsync(dial(port), {code: 'ECONNREFUSED'});
});

test('list shows no path of a forward that has not confirmed its state', async t => {
	const {session} = await open(t);
	const {name, pid} = await detached(t, session);
	process.kill(pid, 'SIGSTOP');
	t.teardown(() => process.kill(pid, 'SIGCONT'));
	const [file = ''] = (await readdir(session.directory)).filter(name => name.endsWith('.json'));
	const before = new Date(Date.now() - 10_000);
	await utimes(join(session.directory, file), before, before);
	t.is((await session.spoke(['forwards'])).stdout, `${name}: does not respond (process ${pid})\n`);
	t.like((await listed(session))[0], {name, state: 'unresponsive', forwards: []});
	process.kill(pid, 'SIGCONT');
	await until(async () => (await listed(session))[0]!.state === 'running');
});

test('a forward ends when its state file is removed', async t => {
	const {session} = await open(t);
	const {pid} = await detached(t, session);
	await rm(session.directory, {recursive: true});
	await until(async () => !(await isRunning(pid)));
	t.pass();
});

test('a token is in no argument of the forward and in no file', async t => {
	const {env, sandbox} = await openSandbox(t);
	const session = await openShellSession(t, env);
	const {token = ''} = sandbox.kubeconfig('bob').users.find(({name}) => name === 'bob')!.user as {token?: string};
	t.true(token.length > 8);
	const {pid, port} = await detached(t, session, ['svc/db', ':7000', '--user', 'eve', '--token', token]);
	t.is(await echoes(port), 'hello');
	if (process.platform === 'linux') {
		const [args, environment] = await Promise.all(['cmdline', 'environ'].map(async name => readFile(`/proc/${pid}/${name}`, 'utf8')));
		t.regex(args!, /port-forward\0svc\/db\0:7000\0--detached|spoke port-forward svc\/db :7000 --detached/);
		t.false(args!.includes(token) || environment!.includes(token));
	}

	for (const name of await readdir(session.directory)) {
		t.false((await readFile(join(session.directory, name), 'utf8')).includes(token), name);
	}
});

test('only the user can read the files of a forward, and it runs in a session of its own', async t => {
	const {session} = await open(t);
	const {pid} = await detached(t, session);
	t.is((await stat(session.directory)).mode & 0o777, 0o700);
	const names = await readdir(session.directory);
	t.deepEqual(names.map(name => name.replace(/^\w+\./, '')).sort(), ['json', 'log']);
	for (const name of names) {
		t.is((await stat(join(session.directory, name))).mode & 0o777, 0o600, name);
	}

	const {stdout} = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)]);
	t.regex(stdout, /s/);
});

test('a state directory that others can change, or that is a link, is refused', async t => {
	const {session} = await open(t);
	const refusal = async () => {
		const ended = await session.spoke(['port-forward', 'svc/db', ':7000', '--detach']);
		const list = await session.spoke(['forwards', 'list']);
		t.deepEqual([ended.status, list.status, list.stderr], [14, 14, ended.stderr]);
		return ended.stderr;
	};

	await mkdir(session.directory, {recursive: true, mode: 0o700});
	await chmod(session.directory, 0o777);
	t.regex(await refusal(), /^error: others can write .*\/forwards-[\w.-]+, .*\(chmod go-w .*\[ERR_LOCAL_FILE\]\n$/);
	await rm(session.directory, {recursive: true});
	await symlink(session.stateHome, session.directory);
	t.regex(await refusal(), /\/forwards-[\w.-]+ is a symbolic link/);
	await rm(session.directory);
	await chmod(join(session.stateHome, 'spoke'), 0o770);
	await mkdir(session.directory);
	t.regex(await refusal(), /others can write .*\/spoke, /);
});

test('a file of forwards is read once, so it can be a pipe', async t => {
	const {session} = await open(t);
	const pipe = join(session.env['HOME']!, 'set');
	await promisify(execFile)('mkfifo', [pipe]);
	const [{port, name}] = await Promise.all([detached(t, session, ['-f', pipe]), writeFile(pipe, 'svc/db :7000\n')]);
	t.is(name, `db-${port}`);
	t.is(await echoes(port), 'hello');
});

test('a second forward of the same local port is refused, and the error names the first', async t => {
	const {session} = await open(t);
	const {port, name, pid} = await detached(t, session);
	const second = await session.spoke(['port-forward', 'svc/web', `${port}:80`, '--address', '127.0.0.1', '--detach']);
	t.is(second.status, 14);
	t.is(second.stdout, '');
	t.is(
		second.stderr,
		`error: local port ${port} belongs to the detached forward ${name} (process ${pid}) (stop it with \`spoke forwards stop ${name}\`, or choose another local port) [ERR_PORT_IN_USE]\n`,
	);
	t.is(await echoes(port), 'hello');
});

test('a failure before the forward is ready is that of port-forward, and nothing is left', async t => {
	const {session, sandbox} = await open(t);
	await sandbox.switches.set({verification: 'off'});
	for (const args of [
		['svc/nosuch', ':7000'],
		['svc/db', ':7000', '--require', 'verified'],
		['svc/db', ':7000', '--context', 'nosuch'],
		['svc/db', ':7000', '--user', 'eve'],
		['svc/nosuch', ':7000', '-o', 'json'],
	]) {
		const plain = await session.spoke(['port-forward', ...args]);
		const ended = await session.spoke(['port-forward', ...args, '--detach']);
		t.deepEqual(withoutTimes(ended), withoutTimes(plain), args.join(' '));
		t.not(ended.status, 0);
		t.deepEqual(await readdir(session.directory), []);
	}
});

function withoutTimes({stdout, ...ended}: Ended): Ended {
	return {...ended, stdout: stdout.replaceAll(/"time":"[^"]*"/g, '')};
}

test('the events of --detach -o json end with its name, process and log', async t => {
	const {session} = await open(t);
	const {stdout, stderr, status} = await session.spoke([
		'port-forward',
		'svc/db',
		':7000',
		'deploy/web',
		':http',
		'--detach',
		'-o',
		'json',
	]);
	t.is(status, 0);
	t.is(stderr, '');
	const events = stdout
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as {event: string; pid: number; name: string; log: string; phase: string});
	t.deepEqual(
		events.map(({event}) => event).filter(event => event !== 'path'),
		['ready', 'ready', 'all-ready', 'detached'],
	);
	t.true(events.some(({event}) => event === 'path'));
	const [forward] = await listed(session);
	const {name, pid, log} = events.at(-1)!;
	t.deepEqual([name, pid], [forward!.name, forward!.pid]);
	t.is(forward!.forwards.length, 2);
	t.regex(await readFile(log, 'utf8'), /Forwarding from/);
});

test('a forward that cannot continue keeps its log, and list says why it ended', async t => {
	const {session, sandbox} = await open(t);
	const {name, pid} = await detached(t, session, ['pod/db-0', ':7000']);
	const follow = await session.start(['forwards', 'logs', name, '-f']);
	sandbox.faults.replacePod({name: 'db-0'});
	const followed = await follow.ended;
	t.is(followed.status, 0);
	t.regex(followed.stdout, /^\S+Z Forwarding from 127\.0\.0\.1:\d+ -> 7000\n[^]*\S+Z error: pod\/db-0 is gone[^\n]*\[ERR_TARGET_GONE\]\n$/);
	await until(async () => !(await isRunning(pid)));
	t.is((await session.spoke(['forwards', 'logs', name])).stdout, followed.stdout);
	const [ended] = await listed(session);
	t.like(ended, {name, state: 'ended', ended: {error: {code: 'ERR_TARGET_GONE'}}});
	t.deepEqual(await readdir(session.directory), []);
});

test('list shows that a forward is interrupted, and its new path later', async t => {
	const {session, sandbox} = await open(t);
	await detached(t, session);
	const state = async () => (await listed(session))[0]!.forwards[0]!.state;
	const text = async () => (await session.spoke(['forwards'])).stdout;
	await sandbox.faults.restartApiserver({
		until: until(async () => /^[^\n]+\n {2}interrupted: [^\n]+ \[ERR_\w+\]\n$/.test(await text()), text),
	});
	await until(async () => (await state()) === 'ready');
	await until(async () => (await listed(session))[0]!.forwards[0]!.paths?.length === 1);
	t.regex((await session.spoke(['forwards', 'logs', 'svc/db'])).stderr, /no detached forward/);
});

test('list says that --path=never reads no path', async t => {
	const {session} = await open(t);
	await detached(t, session, ['svc/db', ':7000', '--path=never']);
	t.regex((await session.spoke(['forwards'])).stdout, /\n {2}path: not read, because of --path=never\n$/);
	t.is((await listed(session))[0]!.forwards[0]!.paths, null);
});

for (const signal of ['SIGKILL', 'SIGINT'] as const) {
	test(`a forward that is not ready ends with its command: ${signal}`, async t => {
		const sockets: Socket[] = [];
		const silent = createServer(socket => sockets.push(socket)).listen(0, '127.0.0.1');
		t.teardown(() => {
			silent.close();
			for (const socket of sockets) {
				socket.destroy();
			}
		});
		await once(silent, 'listening');
		const session = await openShellSession(t, {...process.env, KUBECONFIG: ''});
		const server = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
		const run = await session.start(['port-forward', 'pod/db-0', ':7000', '--detach', '--server', server]);
		await until(() => sockets.length > 0);
		const [{pid} = {pid: 0}] = await forwardProcesses(session.directory);
		t.true(await isRunning(pid));
		process.kill(run.pid, signal);
		t.is((await run.ended).status, signal === 'SIGINT' ? 130 : 137);
		await gone(t, session, pid);
	});
}

test('completion offers the names of detached forwards', async t => {
	const {session} = await open(t);
	const {name} = await detached(t, session);
	for (const verb of ['stop', 'logs']) {
		t.is((await session.spoke(['completion', 'words', '--', 'forwards', verb, 'd'])).stdout, `${name}\t\n`);
	}

	t.is((await session.spoke(['completion', 'words', '--', 'forwards', ''])).stdout, 'list\t\nstop\t\nlogs\t\ncheck\t\n');
});
