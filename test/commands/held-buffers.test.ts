/** Where V8 can be told to free dead Buffers soon: what streams hold in them, and that compiled code stays usable. */
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {connect} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {pipeline, Readable} from 'node:stream';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {connectionArguments, serve} from '../support/api-server.ts';
import {newHome} from '../support/new-home.ts';
import {builtProgram, startSpoke} from '../support/run-spoke.ts';
import {openSandbox} from '../support/sandbox.ts';

const mebibyte = 1024 * 1024;
const passedBytes = 96 * mebibyte;
/** Without the limit, 64 MiB and more wait for V8. */
const maxHeldBytes = 48 * mebibyte;

const preload = fileURLToPath(new URL('../support/held-buffers.cjs', import.meta.url));
const beforeV8Version14 = Number.parseInt(process.versions.v8, 10) < 14 ? test : test.skip;

beforeV8Version14('a followed flood holds at most 48 MiB in Buffers', async t => {
	const line = `2026-11-24T14:00:00.000000000Z ${'.'.repeat(88)}\n`;
	const server = await serve(t, {
		'/api/v1/namespaces/default/pods/flood/log': (_, response) => pipeline(endless(Buffer.from(line.repeat(200))), response, () => {}),
		'*': runningPod,
	});
	const args = ['logs', '-f', 'flood', ...(await connectionArguments(server))];
	const {child, ended} = start(t, args, {HOME: await newHome(t, {isNew: true})});
	await received(child.stdout, passedBytes);
	t.true((await ended()).heldBytes < maxHeldBytes);
});

beforeV8Version14('a forward of a large transfer holds at most 48 MiB in Buffers', async t => {
	const {env} = await openSandbox(t);
	const {heldBytes} = await forwardEcho(t, env['KUBECONFIG']!, await newHome(t, {isNew: true}));
	t.true(heldBytes < maxHeldBytes);
});

test('the next forward uses the compiled code that a forward of a large transfer has stored', async t => {
	const {env} = await openSandbox(t);
	const home = await newHome(t, {isNew: true});
	await forwardEcho(t, env['KUBECONFIG']!, home, 2 * mebibyte);
	const {compiled, rejected} = await forwardEcho(t, env['KUBECONFIG']!, home, 1);
	t.deepEqual({compiled, rejected}, {compiled: ['cli.js', 'port-forward.js'], rejected: []});
});

async function forwardEcho(t: ExecutionContext, kubeconfig: string, home: string, bytes = passedBytes) {
	const {child, ended} = start(t, ['port-forward', '--address', '127.0.0.1', 'pod/db-0', ':7000'], {HOME: home, KUBECONFIG: kubeconfig});
	const [announced] = (await once(child.stdout, 'data')) as [Buffer];
	child.stdout.resume();
	const socket = connect(Number(/:(\d+) ->/.exec(announced.toString())![1]), '127.0.0.1');
	t.teardown(() => socket.destroy());
	pipeline(endless(Buffer.alloc(Math.min(bytes, mebibyte))), socket, () => {});
	await received(socket, bytes);
	return ended();
}

async function received(stream: AsyncIterable<Buffer>, bytes: number): Promise<void> {
	let count = 0;
	for await (const chunk of stream) {
		count += chunk.length;
		if (count >= bytes) {
			break;
		}
	}
}

const runningPod = {
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {name: 'flood', namespace: 'default', uid: 'u'},
	spec: {nodeName: 'n1', containers: [{name: 'c'}]},
	status: {phase: 'Running', containerStatuses: [{name: 'c', restartCount: 0, containerID: 'cri://1', state: {running: {}}}]},
};

function endless(bytes: Buffer): Readable {
	return new Readable({
		read() {
			this.push(bytes);
		},
	});
}

type Trace = {heldBytes: number; compiled: readonly string[]; rejected: readonly string[]};

function start(t: ExecutionContext, args: readonly string[], env: {HOME: string; KUBECONFIG?: string}) {
	const trace = join(env.HOME, 'trace');
	const program = [process.execPath, '--require', preload, builtProgram] as const;
	const {child, ended} = startSpoke(t, args, {
		env: {SPOKE_TRACE: trace, ...env},
		program,
		reads: false,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	return {
		child,
		async ended(): Promise<Trace> {
			child.kill('SIGINT');
			await ended;
			return JSON.parse(await readFile(trace, 'utf8')) as Trace;
		},
	};
}
