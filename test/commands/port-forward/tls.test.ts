/** `spoke port-forward --tls`: the built program against the sandbox. */
import {execFile} from 'node:child_process';
import {chmod, readFile, stat, writeFile} from 'node:fs/promises';
import {once} from 'node:events';
import {connect as connectTcp} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {connect, type TLSSocket} from 'node:tls';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {readToEnd, runPortForward, type PortForwardRun} from '../../support/port-forward-run.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {shareContexts} from '../../support/sandbox.ts';
import {openShellSession} from '../../support/shell-session.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {unusedPort} from '../../support/unused-port.ts';

const execute = promisify(execFile);

type ListenerTls = {caFile: string; names: readonly string[]};

const shared = shareContexts(test, {lab: {}});

/** With a state directory of its own. */
async function open(t: ExecutionContext) {
	const {lab: sandbox} = shared.sandboxes;
	const stateHome = await temporaryDirectory(t);
	return {env: {...process.env, ...shared.env, XDG_STATE_HOME: stateHome}, sandbox, stateHome};
}

async function forward(env: NodeJS.ProcessEnv, args: readonly string[]) {
	const run = await runPortForward([...args, '--tls'], {env});
	const port = await run.port();
	const ready = run.events.find(({event}) => event === 'ready')!;
	const tls = ready['tls'] as ListenerTls;
	const ca = await readFile(tls.caFile, 'utf8');
	return {run, port, tls, dial: async (options: {ca?: string; servername?: string} = {ca}) => dial(port, options)};
}

async function dial(
	port: number,
	options: {ca?: string; servername?: string; maxVersion?: 'TLSv1.2'; ALPNProtocols?: string[]},
): Promise<TLSSocket> {
	const socket = connect({port, host: '127.0.0.1', servername: 'localhost', ...options});
	await once(socket, 'secureConnect');
	return socket;
}

/** Of one connection; the contract holds for all events. */
async function endOf(t: ExecutionContext, run: PortForwardRun) {
	const end = await run.until(({event}) => event === 'connection-closed' || event === 'connection-failed');
	run.child.kill('SIGINT');
	t.is(await run.ended, 0);
	t.deepEqual(run.faults(), []);
	return end;
}

test.serial('a client that trusts the CA reaches the pod, and the path is that of a plain forward', async t => {
	const {env} = await open(t);
	const {run, tls, dial} = await forward(env, ['svc/db', ':7000']);
	const socket = await dial();
	socket.write('hello');
	t.is(String((await once(socket, 'data'))[0]), 'hello');
	t.is(socket.getProtocol(), 'TLSv1.3');
	socket.end();
	t.deepEqual(tls.names, ['localhost', '127.0.0.1', '::1']);
	const {path} = await run.until(({event, path}) => event === 'path' && path.phase === 'settled');
	t.regex(path.line, /^path: you -verified-> apiserver -direct,unverified-> kubelet n\d$/);
	t.like(await endOf(t, run), {event: 'connection-closed', end: 'client-fin', up: 5, down: 5});
});

test.serial('a client that offers h2 and http/1.1 gets no ALPN protocol', async t => {
	const {env} = await open(t);
	const {run, port, tls} = await forward(env, ['svc/db', ':7000']);
	const socket = await dial(port, {ca: await readFile(tls.caFile, 'utf8'), ALPNProtocols: ['h2', 'http/1.1']});
	t.is(socket.alpnProtocol, false);
	socket.end();
	await endOf(t, run);
});

test.serial('a client that does not trust the CA is refused, and the failure says so', async t => {
	const {env} = await open(t);
	const {run, port} = await forward(env, ['svc/db', ':7000']);
	// Unlike a program that ignores the error, it sends the alert of RFC 8446 §6.2.
	await t.throwsAsync(execute('curl', ['-sS', `https://localhost:${port}/`]), {message: /certificate/i});
	const failed = await endOf(t, run);
	t.is(failed.event, 'connection-failed');
	t.is(failed.error.code, 'ERR_LOCAL_TLS');
	t.like(failed, {up: 0, down: 0, error: {leg: 0, message: 'no TLS with the local client: it does not trust the local CA'}});
});

test.serial('a client that sends plain HTTP gets no response, and the forward continues', async t => {
	const {env} = await open(t);
	const {run, port, dial} = await forward(env, ['svc/db', ':7000']);
	const plain = connectTcp(port, '127.0.0.1');
	plain.on('error', () => {});
	plain.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
	t.is((await readToEnd(plain)).bytes.toString('latin1').includes('HTTP'), false);
	t.like(await run.until(({event}) => event === 'connection-failed'), {
		error: {code: 'ERR_LOCAL_TLS', message: 'no TLS with the local client: it sent plain HTTP; use https://'},
	});
	const socket = await dial();
	socket.end('still here');
	t.is((await readToEnd(socket)).bytes.toString(), 'still here');
	run.child.kill('SIGINT');
	t.is(await run.ended, 0);
	t.deepEqual(run.faults(), []);
});

test.serial('a client that leaves before the handshake is not a failure', async t => {
	const {env} = await open(t);
	const {run, port} = await forward(env, ['svc/db', ':7000']);
	connectTcp(port, '127.0.0.1').end().resume();
	t.like(await endOf(t, run), {event: 'connection-closed', end: 'client-fin', up: 0, down: 0});
});

test.serial('a client that offers only TLS 1.1 is refused', async t => {
	const {env} = await open(t);
	const {run, port} = await forward(env, ['svc/db', ':7000']);
	const old = connect({
		port,
		host: '127.0.0.1',
		rejectUnauthorized: false,
		minVersion: 'TLSv1',
		maxVersion: 'TLSv1.1',
		ciphers: 'DEFAULT@SECLEVEL=0',
	});
	await t.throwsAsync(once(old, 'secureConnect'));
	t.like(await endOf(t, run), {error: {message: 'no TLS with the local client: it offers only TLS versions before 1.2'}});
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
	test.serial(`8 MiB arrive unchanged after the client closed its side, with ${maxVersion}`, async t => {
		const {env} = await open(t);
		const {run, port, tls} = await forward(env, ['svc/db', ':7000']);
		const ca = await readFile(tls.caFile, 'utf8');
		const tcpSocket = connectTcp({port, host: '127.0.0.1', allowHalfOpen: true});
		const socket = connect({socket: tcpSocket, servername: 'localhost', ca, maxVersion});
		await once(socket, 'secureConnect');
		const sent = Buffer.alloc(8 * 1024 * 1024, 'spoke local tls ');
		socket.end(sent);
		const {bytes, end} = await readToEnd(socket);
		t.is(end, 'FIN');
		t.is(Buffer.compare(bytes, sent), 0);
		t.like(await endOf(t, run), {event: 'connection-closed', up: sent.length, down: sent.length});
	});
}

test.serial('a reset inside the pod resets the connection of the client', async t => {
	const {env, sandbox} = await open(t);
	const {run, dial} = await forward(env, ['svc/db', ':7000']);
	const socket = await dial();
	socket.write('hello');
	await once(socket, 'data');
	sandbox.faults.cut();
	await t.throwsAsync(once(socket, 'end'), {code: 'ECONNRESET'});
	t.is((await run.until(({event}) => event === 'connection-failed')).error.code, 'ERR_STREAM_LOST');
	run.child.kill('SIGINT');
	t.is(await run.ended, 0);
	t.deepEqual(run.faults(), []);
});

test.serial('a second run uses the same CA', async t => {
	const {env} = await open(t);
	const first = await forward(env, ['svc/db', ':7000']);
	const ca = await readFile(first.tls.caFile, 'utf8');
	first.run.child.kill('SIGINT');
	await first.run.ended;
	const second = await forward(env, ['svc/db', ':7000']);
	t.is(second.tls.caFile, first.tls.caFile);
	const socket = await second.dial({ca});
	socket.destroy();
	t.like(await endOf(t, second.run), {event: 'connection-closed'});
});

test.serial('a CA key that others can read ends the command with status 14 before any connection', async t => {
	const {env, stateHome} = await open(t);
	const {run} = await forward(env, ['svc/db', ':7000']);
	run.child.kill('SIGINT');
	await run.ended;
	const key = join(stateHome, 'spoke/ca/localhost/ca-key.pem');
	t.is((await stat(key)).mode & 0o777, 0o600);
	await chmod(key, 0o644);
	const {status, stdout, stderr} = await runSpoke(['port-forward', 'svc/db', ':7000', '--tls', '--server=https://127.0.0.1:1'], {env});
	t.deepEqual({status, stdout}, {status: 14, stdout: ''});
	t.regex(
		stderr,
		/^error: others can access the key of the local CA \S+ca-key\.pem \(remove \S+, and spoke creates a new CA; .*\) \[ERR_LOCAL_FILE\]\n$/,
	);
});

test.serial('text output names the https addresses, the CA and a command that works', async t => {
	const {env} = await open(t);
	const {status, stdout, stderr} = await runSpoke(
		[
			'port-forward',
			'svc/web',
			':80',
			'--address=127.0.0.1',
			'--tls',
			'-v=1',
			'--path=never',
			'--',
			'sh',
			'-c',
			'curl -sS --cacert "$SPOKE_CA" "https://localhost:$SPOKE_PORT/"',
		],
		{env},
	);
	t.is(status, 0, stderr);
	t.regex(stdout, /^hello from web-/);
	const [line, names, curl] = stderr.split('\n');
	t.regex(line!, /^Forwarding from https:\/\/127\.0\.0\.1:\d+ -> 8080$/);
	t.is(
		names,
		"certificate for localhost, 127.0.0.1, ::1, from spoke's local CA; `spoke forwards ca` shows how to trust and remove that CA",
	);
	t.regex(curl!, /^curl --cacert \S+\/spoke\/ca\/localhost\/ca\.pem https:\/\/localhost:\d+\/$/);
});

test.serial('the forward of a command prints no hints about TLS', async t => {
	const {env} = await open(t);
	const {status, stderr} = await runSpoke(['port-forward', 'svc/web', ':80', '--tls', '--path=never', '--', 'true'], {env});
	t.deepEqual({status, stderr}, {status: 0, stderr: ''});
});

const tlsPorts: ReadonlyArray<readonly [args: readonly string[], line: RegExp]> = [
	[
		['svc/web', ':443'],
		/^if port 8443 speaks TLS: curl --connect-to web\.default\.svc:8443:127\.0\.0\.1:\d+ https:\/\/web\.default\.svc:8443\/$/m,
	],
	[
		['deploy/web', ':8443'],
		/^if port 8443 speaks TLS, with a NAME of its certificate: curl --connect-to NAME:8443:127\.0\.0\.1:\d+ https:\/\/NAME:8443\/$/m,
	],
	[['svc/web', ':443', '--tls'], /^if port 8443 speaks TLS, forward it without --tls: it would get what is inside the client's TLS$/m],
];

for (const [args, line] of tlsPorts) {
	test.serial(`${args.join(' ')} says how to use a remote port that speaks TLS`, async t => {
		const {env} = await open(t);
		const {stderr} = await runSpoke(['port-forward', ...args, '-v=1', '--path=never', '--', 'true'], {env});
		t.regex(stderr, line);
	});
}

test.serial('a forward of a port that does not usually speak TLS says nothing about it', async t => {
	const {env} = await open(t);
	const {stderr} = await runSpoke(['port-forward', 'svc/web', ':80', '-v=1', '--path=never', '--', 'true'], {env});
	t.notRegex(stderr, /TLS|curl/);
});

test.serial('a detached forward with --tls is listed with https, and its CA outlives it', async t => {
	const {env} = await open(t);
	const session = await openShellSession(t, env);
	const started = await session.spoke(['port-forward', 'svc/db', ':7000', '--address=127.0.0.1', '--tls', '--path=never', '--detach']);
	t.is(started.status, 0, started.stderr);
	const port = Number(/^Forwarding from https:\/\/127\.0\.0\.1:(\d+) -> 7000\n$/.exec(started.stdout)![1]);
	const caFile = join(session.stateHome, 'spoke/ca/localhost/ca.pem');
	const ca = await readFile(caFile, 'utf8');
	const socket = await dial(port, {ca});
	socket.end('hello');
	t.is((await readToEnd(socket)).bytes.toString(), 'hello');
	t.regex((await session.spoke(['forwards', 'list'])).stdout, new RegExp(`: https://127\\.0\\.0\\.1:${port} -> 7000, svc/db`));
	t.is((await session.spoke(['forwards', 'stop', '--all'])).status, 0);
	t.is(await readFile(caFile, 'utf8'), ca);
});

test.serial('forwards ca says how to trust the CA and how to remove it', async t => {
	const {env, stateHome} = await open(t);
	const none = await runSpoke(['forwards', 'ca'], {env});
	t.deepEqual(none, {status: 0, stdout: '', stderr: 'no local CA: `spoke port-forward TARGET PORT --tls` creates one\n'});
	await runSpoke(['port-forward', 'svc/web', ':80', '--tls', '--path=never', '--', 'true'], {env});
	const {status, stdout} = await runSpoke(['forwards', 'ca'], {env});
	const directory = join(stateHome, 'spoke/ca/localhost');
	t.is(status, 0);
	t.true(stdout.startsWith('localhost: CA for localhost, 127.0.0.0/8, ::1/128 only, valid until 20'));
	t.true(stdout.includes(`curl --cacert ${directory}/ca.pem`));
	t.true(stdout.includes(`rm -r ${directory} `));
	const [, removal = ''] = stdout.split('  remove it:\n');
	t.true(
		removal.includes("Firefox: Settings, View Certificates, Authorities, select 'spoke local CA for localhost', Delete or Distrust\n"),
	);
	if (process.platform === 'linux') {
		t.true(removal.includes('Chrome: certutil -d sql:$HOME/.pki/nssdb -D -n spoke-localhost\n'));
	}

	t.is((await runSpoke(['forwards', 'ca', 'example.com'], {env})).status, 2);
});

test.serial('a name has an address and a CA of its own, and curl verifies it as spoke prints', async t => {
	const {env} = await open(t);
	const {run, port, tls} = await forward(env, ['svc/web', ':80', '--host=Web.Shop.test']);
	t.like(
		run.events.find(({event}) => event === 'ready'),
		{host: 'web.shop.test', listen: [{address: '127.212.198.114', port}]},
	);
	t.deepEqual(tls.names, ['web.shop.test', 'localhost', '127.0.0.1', '::1', '127.212.198.114']);
	t.regex(tls.caFile, /\/ca\/web\.shop\.test\/ca\.pem$/);
	const address = `web.shop.test:${port}:127.212.198.114`;
	const {stdout} = await execute('curl', ['-sS', '--cacert', tls.caFile, '--resolve', address, `https://web.shop.test:${port}/`]);
	t.regex(stdout, /^hello from web-/);
	run.child.kill('SIGINT');
	t.is(await run.ended, 0);
	t.deepEqual(run.faults(), []);
});

for (const [line, flag] of [
	['svc/web :80 --host dev', '--tls'],
	['svc/web :80 --tls', '--host=dev'],
] as const) {
	test.serial(`no CA for a name without a dot is created by ${flag} and the line ${line}`, async t => {
		const {env, stateHome} = await open(t);
		const set = join(stateHome, 'set');
		await writeFile(set, `${line}\n`);
		const {status, stdout, stderr} = await runSpoke(['port-forward', '-f', set, flag], {env});
		t.deepEqual({status, stdout}, {status: 2, stdout: ''});
		t.regex(stderr, /^error: --host: with --tls, dev would need a CA that is valid for every name below dev \(.*\) \[ERR_USAGE\]\n$/);
		t.is((await runSpoke(['forwards', 'ca'], {env})).stdout, '');
	});
}

test.serial('two detached forwards have the same local port by two names', async t => {
	const {env} = await open(t);
	const session = await openShellSession(t, env);
	const port = await unusedPort();
	for (const [host, address] of [
		['web.shop.test', '127.212.198.114'],
		['shop.example.com', '127.150.22.36'],
	] as const) {
		const {status, stdout, stderr} = await session.spoke([
			'port-forward',
			'svc/db',
			`${port}:7000`,
			`--host=${host}`,
			'--path=never',
			'--detach',
		]);
		t.is(status, 0, stderr);
		t.is(stdout, `Forwarding from ${address}:${port} -> 7000\n`);
		t.regex(stderr, new RegExp(`^for ${host}, add this line to /etc/hosts: ${address} ${host}\ndetached as ${host}-${port}:`));
	}

	const again = await session.spoke(['port-forward', 'svc/db', `${port}:7000`, '--host=web.shop.test', '--detach']);
	t.is(again.status, 14);
	t.regex(again.stderr, /belongs to the detached forward web\.shop\.test-/);
	t.is((await session.spoke(['forwards', 'stop', `web.shop.test-${port}`])).status, 0);
	t.regex(
		(await session.spoke(['forwards', 'list'])).stdout,
		new RegExp(`^shop\\.example\\.com-${port}: 127\\.150\\.22\\.36:${port} \\(shop\\.example\\.com\\) -> 7000`),
	);
});
