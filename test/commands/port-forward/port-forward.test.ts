import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import {freePort} from '../../../source/session/forwards/port-options.ts';
import {textReporter} from '../../../source/commands/port-forward/forward-reporter.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import type {ForwardEvent} from '../../../source/streams/port-forward/forward-event.ts';
import {limitConcurrency} from '../../support/limit-concurrency.ts';
import {listenOnLoopback} from '../../support/listen-on-loopback.ts';
import {dial, echoes, isReset, readToEnd, runPortForward, type PortForwardRun} from '../../support/port-forward-run.ts';
import {builtProgram, runSpoke, spokePrints, startSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {scaleWorkload} from '../../support/scale-workload.ts';
import {podsOf} from '../../support/sandbox-client.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {until} from '../../support/until.ts';
import {unusedPort} from '../../support/unused-port.ts';

const test = limitConcurrency();

async function started(
	t: ExecutionContext,
	args: readonly string[],
	options: Parameters<typeof openSandbox>[1] & {env?: NodeJS.ProcessEnv} = {},
) {
	const {env: more, ...sandboxOptions} = options;
	const opened = await openSandbox(t, sandboxOptions);
	return {...opened, run: await runPortForward(args, {env: {...opened.env, ...more}}, t)};
}

async function fileOf(t: ExecutionContext, text: string): Promise<string> {
	const file = join(await temporaryDirectory(t), 'mine');
	await writeFile(file, text);
	return file;
}

/** A connection that has transferred a byte. */
async function dialEchoed(port: number) {
	const socket = await dial(port);
	socket.write('x');
	await once(socket, 'data');
	return socket;
}

async function interrupted(t: ExecutionContext, run: PortForwardRun): Promise<void> {
	const began = Date.now();
	run.child.kill('SIGINT');
	t.is(await run.ended, 0);
	// Two seconds, threefold.
	t.true(Date.now() - began < 6000);
	t.deepEqual(run.faults(), []);
}

test('one run forwards several targets and ports, each ready once, then all', async t => {
	const {run} = await started(t, ['svc/db', ':7000', 'deploy/web', ':http', ':8443']);
	await run.until(({event}) => event === 'all-ready');
	t.deepEqual(
		run
			.of('ready')
			.map(event => [event.forward, event['remotePort'], event['remotePortName'], event['carrier']])
			.sort(),
		[
			['f1', 7000, 'echo', 'websocket'],
			['f2', 8080, 'http', 'websocket'],
			['f3', 8443, null, 'websocket'],
		],
	);
	t.is(run.of('all-ready')[0]!['forwards'], 3);
	t.is(await echoes(await run.port(1)), 'hello');
	const answer = await fetch(`http://127.0.0.1:${await run.port(2)}/`);
	t.is(answer.status, 200);
	await interrupted(t, run);
	const last = run.events.at(-1)!;
	t.deepEqual([last['reason'], last['signal'], last.exitStatus, last.error], ['signal', 'SIGINT', 0, null]);
	t.true(last.totals.connections >= 2);
});

test('text output matches kubectl’s', async t => {
	const {env} = await openSandbox(t);
	const port = await unusedPort();
	const {sees, end, output} = startSpoke(t, ['port-forward', 'pod/db-0', `${port}:7000`], {env});
	await sees(/->/);
	await echoes(port);
	t.is(await end('SIGTERM'), 143);
	t.regex(
		output.stdout,
		new RegExp(
			`^Forwarding from 127\\.0\\.0\\.1:${port} -> 7000\nForwarding from \\[::1\\]:${port} -> 7000\nHandling connection for ${port}\n$`,
		),
	);
});

test('a refused port resets only its own connections, with the runtime’s message', async t => {
	const {run} = await started(t, ['pod/db-0', ':9', ':7000']);
	const socket = await dial(await run.port(1));
	t.is((await readToEnd(socket)).end, 'RST');
	const failed = await run.until(({event}) => event === 'connection-failed');
	t.is(failed.error.code, 'ERR_PORT_REFUSED');
	t.is(failed.error.leg, 3);
	t.is(failed.error.remedy, 'the pod’s containers declare echo (7000)');
	t.regex(failed.error.text, /connection refused/);
	t.is(await echoes(await run.port(2)), 'hello');
	await interrupted(t, run);
	t.is(run.events.at(-1)!.totals.failed, 1);
});

test('raw SPDY carries the forward when WebSockets are disabled or get is forbidden', async t => {
	const off = await started(t, ['pod/db-0', ':7000'], {env: {KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false'}});
	const ready = await off.run.until(({event}) => event === 'ready');
	t.is(ready['carrier'], 'spdy');
	t.is(await echoes(await off.run.port()), 'hello');
	await interrupted(t, off.run);
});

test('a service forward moves to a Ready pod when its pod is gone, and keeps its port', async t => {
	const {run, sandbox} = await started(t, ['deploy/web', ':8080']);
	const ready = (await run.until(({event}) => event === 'all-ready')) && (await run.until(({event}) => event === 'ready'));
	const port = await run.port();
	const began = performance.now();
	sandbox.faults.replacePod({name: ready.target.name});
	const moved = await run.until(({event}) => event === 'moved');
	t.is(moved.from.name, ready.target.name);
	t.not(moved.to.uid, moved.from.uid);
	t.is(moved['reason'], 'deleted');
	t.true(moved.outageMs >= 0 && moved.outageMs <= performance.now() - began, `${moved.outageMs} ms`);
	t.is((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
	await interrupted(t, run);
});

test('--on-pod-loss=exit exits 12 when the pod of the service is gone', async t => {
	const {run, sandbox} = await started(t, ['svc/web', ':80', '--on-pod-loss=exit']);
	const ready = await run.until(({event}) => event === 'ready');
	sandbox.faults.replacePod({name: ready.target.name});
	t.is(await run.ended, 12);
	t.is(run.events.at(-1)!['reason'], 'target-gone');
	t.regex(run.stderr(), new RegExp(`pod ${ready.target.name} of svc/web is gone: .*--on-pod-loss=move`));
});

test('the run exits 12 and resets its connections when the named pod is gone', async t => {
	const {run, sandbox} = await started(t, ['pod/db-0', ':7000']);
	const socket = await dialEchoed(await run.port());
	const end = readToEnd(socket);
	sandbox.faults.replacePod({name: 'db-0'});
	t.is(await run.ended, 12);
	// The pod's process may hang up before spoke learns that the pod is gone: that end is relayed, and the reset follows.
	t.true((await end).end === 'RST' || (await isReset(socket)));
	t.is(run.of('connection-closed')[0]?.['end'], 'pod-reset');
	t.is(run.events.at(-1)!['reason'], 'target-gone');
	t.deepEqual(run.faults(), []);
	t.regex(run.stderr(), /pod\/db-0 is gone.*\[ERR_TARGET_GONE\]/);
});

test('a lost tunnel is replaced, and ports stay bound while the apiserver is down', async t => {
	const {run, sandbox} = await started(t, ['svc/db', ':7000']);
	const port = await run.port();
	sandbox.faults.cut();
	// A connection that comes before spoke has read the reset is lost with the old tunnel.
	t.is(await until(async () => echoes(port).catch(() => null), run.stderr), 'hello');
	const restart = sandbox.faults.restartApiserver({downMs: 2500});
	await run.until(({event, error}) => event === 'interrupted' && error.code === 'ERR_APISERVER_UNREACHABLE');
	const waiting = echoes(port, 'while it was away');
	await restart;
	await run.until(({event}) => event === 'restored');
	t.is(await waiting, 'while it was away');
	await interrupted(t, run);
});

test('a signal closes twenty live connections within two seconds', async t => {
	const {run} = await started(t, ['svc/db', ':7000']);
	const port = await run.port();
	const sockets = await Promise.all(Array.from({length: 20}, async () => dialEchoed(port)));
	const ends = sockets.map(async socket => readToEnd(socket));
	await interrupted(t, run);
	t.deepEqual(new Set((await Promise.all(ends)).map(({end}) => end)), new Set(['RST']));
	t.is(run.events.filter(({event, end}) => event === 'connection-closed' && end === 'shutdown').length, 20);
	t.true(run.events.some(event => event['shared'] === true));
});

const wrong: Array<[string[], number, RegExp, {user?: 'bob' | 'eve'}?]> = [
	[['svc/db'], 2, /no port specified for svc\/db/],
	[[], 2, /TYPE\/NAME and list of ports are required/],
	[['pod/db-0', '70000'], 2, /remote port "70000"/],
	[['pod/db-0', 'nosuch'], 8, /does not have a named port 'nosuch'/],
	[['svc/db', '1234'], 8, /does not have a service port 1234/],
	[['pod/nosuch', '80'], 8, /"nosuch" not found/],
	[['svc/nosuch', '80'], 8, /"nosuch" not found/],
	[['node/n1', '80'], 2, /is a node/],
	[['pod/db-0', ':7000', '--address', 'example.com'], 2, /not a valid IP/],
	[['pod/db-0', '17000:7000', '17000:7001'], 14, /local port 17000 is used twice, by 17000:7000 and 17000:7001/],
	[['pod/db-0', '7000', '7000'], 14, /local port 7000 is used twice, by 7000 and 7000/],
	[['svc/db', 'echo', 'echo'], 14, /the local port of svc\/db echo is used twice/],
	[
		['svc/db', '17000:7000', 'deploy/web', '17000:http'],
		14,
		/local port 17000 is used twice, by svc\/db 17000:7000 and deploy\/web 17000:http/,
	],
	[['pod/db-0', ':7000', '--read-only'], 2, /--read-only is set/],
	[['pod/db-0', ':7000'], 7, /forbidden/i, {user: 'eve'}],
];

test('invalid input prints one line, or an Error object with -o json, and exits with its status', async t => {
	const {sandbox, env} = await openSandbox(t);
	for (const [args, status, message, {user = 'admin'} = {}] of wrong) {
		const kubeconfig = JSON.stringify(sandbox.kubeconfig(user));
		await writeFile(env['KUBECONFIG']!, kubeconfig);
		const ended = await runSpoke(['port-forward', ...args], {env});
		t.is(ended.status, status, `${args.join(' ')}: ${ended.stderr}`);
		t.regex(ended.stderr, message);
		t.is(ended.stderr.trim().split('\n').length, 1, ended.stderr);
		t.is(ended.stdout, '');
		const json = await runSpoke(['port-forward', ...args, '-o', 'json'], {env});
		const last = JSON.parse(json.stdout.trim().split('\n').at(-1)!) as {exitStatus: number; message?: string; error: {message: string}};
		t.is(json.status, status);
		t.is(last.exitStatus, status);
		t.regex(last.message ?? last.error.message, message);
	}
});

test('two addresses can share a local port, and a free port can be requested repeatedly', async t => {
	const port = await freePort(17_500);
	const file = await fileOf(t, `svc/db ${port}:7000 --address 127.0.0.1\nsvc/db ${port}:7000 --address 127.0.0.2\nsvc/db :7000 :7000\n`);
	const {run} = await started(t, ['-f', file]);
	await run.until(({event}) => event === 'all-ready');
	t.is(run.of('ready').length, 4);
	await interrupted(t, run);
});

test('a port in use is an error that names port and address family', async t => {
	const {env, sandbox} = await openSandbox(t);
	const taken = createServer();
	const port = await listenOnLoopback(taken);
	const ended = await runSpoke(['port-forward', 'svc/db', `${port}:7000`, '--address', '127.0.0.1'], {env});
	taken.close();
	t.is(ended.status, 14);
	t.regex(ended.stderr, new RegExp(`127\\.0\\.0\\.1:${port} \\(IPv4\\): the port is in use`));
	t.is((await podsOf(sandbox, 'db')).length, 1);
});

test('a kubelet that fails verification exits 11 as a failure of leg 2, with one path', async t => {
	const {env, sandbox} = await openSandbox(t);
	await sandbox.switches.set({verification: 'bad'});
	const argv = ['port-forward', 'pod/db-0', ':7000'];
	await spokePrints(t, [...argv, '--path=always'], {status: 11, stderr: /x509[^]*\[ERR_SECOND_LEG\]/}, {env});
	const {stdout} = await runSpoke([...argv, '-o', 'json'], {env});
	const events = stdout
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as {event: string; path?: Path});
	const failed = events.flatMap(({path}) => (path?.phase === 'failed' ? [path] : []));
	t.deepEqual(
		failed.map(({line, error}) => [line, error?.code]),
		[['path: you -verified-> apiserver -direct,refused-x kubelet n1', 'ERR_SECOND_LEG']],
	);
	t.is(events.at(-1)?.event, 'ended');
});

test('each line of a file is forwarded from its namespace with a path of its own', async t => {
	const file = await fileOf(t, '# two\n--context sandbox -n default svc/db :7000\n-n shop deploy/checkout :8080 --address 127.0.0.1\n');
	const {run} = await started(t, ['-f', file]);
	await run.until(({event}) => event === 'all-ready');
	const ready = run.of('ready');
	t.deepEqual(ready.map(event => [event.forward, event.target.namespace]).sort(), [
		['f1', 'default'],
		['f2', 'shop'],
	]);
	t.deepEqual(
		(ready.find(({forward}) => forward === 'f2')!['listen'] as Array<{address: string}>).map(({address}) => address),
		['127.0.0.1'],
	);
	t.is(await echoes(await run.port(1)), 'hello');
	await run.until(({event, forward}) => event === 'path' && forward === 'f1');
	t.true(run.of('path').every(event => event.path.target.namespace === (event.forward === 'f1' ? 'default' : 'shop')));
	await interrupted(t, run);
});

test('arguments in addition to a file are forwarded before its lines', async t => {
	const file = await fileOf(t, '-n shop deploy/checkout :8080\n');
	const {run} = await started(t, ['-f', file, 'svc/db', ':7000']);
	await run.until(({event}) => event === 'all-ready');
	t.deepEqual(
		run
			.of('ready')
			.map(event => [event.forward, event.target.asked])
			.sort(),
		[
			['f1', 'svc/db'],
			['f2', 'deploy/checkout'],
		],
	);
	await interrupted(t, run);
});

test('an invalid file of forwards is rejected with line, contexts or reason', async t => {
	const {env} = await openSandbox(t);
	const cases: ReadonlyArray<readonly [text: string, args: readonly string[], status: number, message: RegExp]> = [
		['svc/db 7000\nsvc/web', [], 2, /mine:2: no port is given for svc\/web/],
		['--context a svc/db 7000\n--context b svc/db 7001', [], 2, /names two contexts, a and b/],
		['--context a svc/db 7000', ['--context', 'sandbox'], 2, /no forwards in .* for context sandbox/],
		['# nothing', [], 2, /no forwards in /],
		['svc/db 7000\nsvc/web 80:99999', [], 2, /mine:2: error parsing remote port "99999": it must be a number from 1 to 65535/],
		['\ndb-0/x/y 80', [], 2, /mine:2: target "db-0\/x\/y" has more than one slash/],
		['svc/db 7000 --address nowhere', [], 2, /mine:1: "nowhere" is not a valid IP address/],
		['svc/db 7000', ['svc/web'], 2, /no port specified for svc\/web/],
	];
	for (const [text, args, status, message] of cases) {
		await spokePrints(t, ['port-forward', '-f', await fileOf(t, text), ...args], {status, stderr: message}, {env});
	}

	await spokePrints(t, ['port-forward', '-f', '/nonexistent/mine'], {status: 14, stderr: /./}, {env});
});

test('a forward that others can reach prints a warning on stderr', async t => {
	const {env} = await openSandbox(t);
	for (const [address, said] of [
		['0.0.0.0', /^warning: anyone who can reach 0\.0\.0\.0:\d+ can use this forward with your permissions while it runs\n$/],
		['127.0.0.1', /^$/],
	] as const) {
		const run = await runPortForward(['pod/db-0', ':7000', '--address', address, '--path', 'never'], {env});
		await run.port();
		run.child.kill('SIGINT');
		t.is(await run.ended, 0);
		t.regex(run.stderr(), said);
	}
});

test('a forward to a service without pods says that it waits, and works when a pod runs', async t => {
	const {sandbox, env} = await openSandbox(t);
	await scaleWorkload(sandbox, 'statefulsets/db', 0);
	await until(async () => (await podsOf(sandbox, 'db')).length === 0);
	const run = await runPortForward(['svc/db', ':7000'], {env}, t);
	const waiting = await run.until(({event}) => event === 'waiting');
	t.like(waiting, {forward: 'f1', asked: 'svc/db', podCount: 0, timeoutMs: 60_000});
	await scaleWorkload(sandbox, 'statefulsets/db', 1);
	await run.port();
	await interrupted(t, run);
});

test('the ports of a target that wait together are one line', t => {
	const lines: string[] = [];
	const {event} = textReporter({write: () => true}, {write: (text: string) => lines.push(text) > 0});
	const waiting = {event: 'waiting', asked: 'svc/db', timeoutMs: 60_000} as const;
	event({...waiting, forward: 'f1', podCount: 0});
	event({...waiting, forward: 'f2', podCount: 0});
	event({...waiting, forward: 'f1', podCount: 1});
	t.deepEqual(lines, [
		'waiting: no pod of svc/db exists (for up to 1 min 0 s)\n',
		'waiting: no pod of svc/db is running (for up to 1 min 0 s)\n',
	]);
});

test('a failed or reset connection is one line, and the same server text is printed once', t => {
	const lines: string[] = [];
	const stream = {write: (text: string) => lines.push(text) > 0};
	const {event} = textReporter({write: () => true}, stream);
	const counts = {forward: 'f1', connection: 'c1', up: 4, down: 2, durationMs: 5};
	const failed = {event: 'connection-failed', ...counts, port: 17_010, remotePort: 9} as const;
	event({event: 'ready', forward: 'f1', remotePort: 9, listen: [], host: null} as unknown as ForwardEvent);
	const opened = {event: 'connection-opened', forward: 'f1', connection: 'c1', port: 17_010} as unknown as ForwardEvent;
	const refusedWith = (text: string) => {
		event(opened);
		event({...failed, error: new SpokeError('ERR_PORT_REFUSED', 'nothing listens', {text})});
	};

	refusedWith('dial: connection refused\n');
	refusedWith('dial: connection refused\n');
	refusedWith('dial in another sandbox: connection refused\n');
	event({...failed, error: new SpokeError('ERR_STREAM_LOST', 'no tunnel to the pod within 30 s')});
	event({event: 'interrupted', forward: 'f1', error: new SpokeError('ERR_APISERVER_UNREACHABLE', 'gone'), attempt: 1, retryInMs: 0});
	event(opened);
	event({event: 'connection-closed', ...counts, activeMs: 5, end: 'pod-reset'});
	event({event: 'connection-closed', ...counts, activeMs: 5, end: 'client-reset'});
	t.deepEqual(lines, [
		'an error occurred forwarding 17010 -> 9: nothing listens (check that the pod listens on that port) [ERR_PORT_REFUSED]\n',
		'connection c1 (17010 -> 9): dial: connection refused\n',
		'an error occurred forwarding 17010 -> 9: nothing listens (check that the pod listens on that port) [ERR_PORT_REFUSED]\n',
		'an error occurred forwarding 17010 -> 9: nothing listens (check that the pod listens on that port) [ERR_PORT_REFUSED]\n',
		'connection c1 (17010 -> 9): dial in another sandbox: connection refused\n',
		'an error occurred forwarding 17010 -> 9: no tunnel to the pod within 30 s (run `spoke doctor` on the target) [ERR_STREAM_LOST]\n',
		'interrupted: gone (attempt 1) [ERR_APISERVER_UNREACHABLE]\n',
		'connection c1 (17010 -> 9): closed after 5 ms, reset inside the pod: 4 B sent, 2 B received\n',
	]);
});

test('the open-file limit reports each closed connection, and the others are served', async t => {
	const {env} = await openSandbox(t);
	const command = ['sh', '-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, builtProgram];
	const run = await runPortForward(['svc/db', ':7000'], {env, command}, t);
	const port = await run.port();
	await run.until(({event}) => event === 'all-ready');
	// A connection that was closed at once can already fail while it is dialed.
	const dialed = await Promise.all(Array.from({length: 100}, async () => dial(port).catch(() => null)));
	const sockets = dialed.filter(socket => socket !== null);
	const ended = await Promise.all(
		sockets.map(
			async socket =>
				new Promise(resolve => {
					socket.write('hello');
					socket.once('data', () => resolve('echoed')).once('close', () => resolve('closed'));
				}),
		),
	);
	const closedCount = dialed.length - sockets.length + ended.filter(end => end === 'closed').length;
	// Each served connection holds one of the 64 descriptors.
	t.true(closedCount >= 100 - 64 && closedCount < 100, `${closedCount} closed`);
	await run.until(() => run.of('connection-failed').length === closedCount);
	const failed = run.of('connection-failed');
	t.deepEqual([...new Set(failed.map(({error}) => (error as {code: string}).code))], ['ERR_LOCAL_LIMIT']);
	for (const socket of sockets) {
		socket.destroy();
	}

	await run.until(() => run.of('connection-closed').length === 100 - closedCount);
	t.is(await echoes(port), 'hello', 'it goes on once there are descriptors again');
	await interrupted(t, run);
});
