/** `spoke port-forward` through containerd and kubelet, by every route. */
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {readdir} from 'node:fs/promises';
import type {Socket} from 'node:net';
import process from 'node:process';
import {spawn} from 'node:child_process';
import test, {type ExecutionContext} from 'ava';
import {dial, readToEnd, runPortForward, type PortForwardRun} from '../support/port-forward-run.ts';
import {builtProgram} from '../support/run-spoke.ts';
import {until} from '../support/until.ts';
import {hasKonnectivity, kubernetesPath} from './lab/programs.ts';
import {tcpSpec} from './lab/workloads.ts';
import {slack, useCluster, type LabServer} from './support/cluster.ts';

const direct = 'off-direct';
const tunnels = hasKonnectivity ? (['off-grpc', 'off-http'] as const) : [];
const servers = [direct, ...tunnels] as const;
const cluster = await useCluster({postures: servers, nodes: ['n4']});

const namespace = 'demo';
const app = 'forwarded';
const pod = (name: string, nodeName: string) => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {name, namespace, labels: {app: 'forwarded-alone'}},
	spec: {...tcpSpec, nodeName},
});
const rbac = 'rbac.authorization.k8s.io';
await cluster.apply(
	pod('forwarded-pod', 'n1'),
	pod('forwarded-old', 'n4'),
	{
		apiVersion: 'apps/v1',
		kind: 'Deployment',
		metadata: {name: app, namespace},
		spec: {replicas: 2, selector: {matchLabels: {app}}, template: {metadata: {labels: {app}}, spec: tcpSpec}},
	},
	{
		apiVersion: 'v1',
		kind: 'Service',
		metadata: {name: app, namespace},
		spec: {selector: {app}, ports: [{name: 'echo', port: 70, targetPort: 'echo'}]},
	},
	{
		apiVersion: `${rbac}/v1`,
		kind: 'Role',
		metadata: {name: 'forward-by-create', namespace},
		rules: [
			{apiGroups: [''], resources: ['pods'], verbs: ['get', 'list']},
			{apiGroups: [''], resources: ['pods/portforward'], verbs: ['create']},
		],
	},
	{
		apiVersion: `${rbac}/v1`,
		kind: 'RoleBinding',
		metadata: {name: 'forward-by-create', namespace},
		roleRef: {apiGroup: rbac, kind: 'Role', name: 'forward-by-create'},
		subjects: [{kind: 'User', name: 'creator'}],
	},
);
await cluster.kubectl(direct, `rollout status deploy/${app} --timeout=90s`, {limitMs: 100_000});

test.after.always('deletes what this file made', async () => {
	await cluster.kubectl(direct, `delete deploy,service ${app} --wait=false`);
	await cluster.kubectl(direct, 'delete pod -l app=forwarded-alone --wait=false');
});

const environment = (server: LabServer) => ({PATH: process.env['PATH'], HOME: cluster.lab.folder, KUBECONFIG: cluster.kubeconfig(server)});

async function forward(
	t: ExecutionContext,
	server: LabServer,
	args: readonly string[],
	more: NodeJS.ProcessEnv = {},
): Promise<PortForwardRun> {
	const run = await runPortForward(args, {env: {...environment(server), ...more}});
	t.teardown(async () => {
		run.child.kill('SIGKILL');
		await run.ended;
	});
	return run;
}

async function interrupt(t: ExecutionContext, run: PortForwardRun): Promise<void> {
	run.child.kill('SIGINT');
	t.is(await run.ended, 0);
	t.deepEqual(run.faults(), []);
}

async function echoed(port: number, text = 'hello', limitMs = 5000): Promise<string> {
	const socket = await dial(port);
	socket.setTimeout(limitMs, () => socket.destroy(new Error(`no answer within ${limitMs} ms`)));
	socket.write(text);
	const [chunk] = (await once(socket, 'data')) as [Buffer];
	socket.destroy();
	return chunk.toString();
}

function sourceBytes(count: number): Buffer {
	const block = Buffer.from(Array.from({length: 65_536}, (_, index) => (index * 7) & 0xff));
	return Buffer.concat(Array.from({length: Math.ceil(count / block.length)}, () => block)).subarray(0, count);
}

async function take(socket: Socket, count: number): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of socket as AsyncIterable<Buffer>) {
		chunks.push(chunk);
		length += chunk.length;
		if (length >= count) {
			break;
		}
	}

	return Buffer.concat(chunks);
}

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

for (const server of servers) {
	test.serial(`bytes are unchanged in both directions: ${server}`, async t => {
		const run = await forward(t, server, ['pod/forwarded-pod', ':echo', ':source']);
		const count = 4_000_000;
		const source = await dial(await run.port(2));
		source.write(`${count}\n`);
		const down = await take(source, count);
		t.is(sha(down), sha(sourceBytes(count)));
		const echo = await dial(await run.port(1));
		const sent = sourceBytes(1_000_000);
		echo.write(sent);
		t.is(sha(await take(echo, sent.length)), sha(sent));
		const {path} = await run.until(
			({event, path}) => event === 'path' && path.phase === 'settled' && !['unknown', 'egress'].includes(path.legs[1]!.route.state),
		);
		await interrupt(t, run);
		const truths = {'off-direct': ['direct'], 'off-grpc': ['konnectivity'], 'off-http': ['konnectivity', 'egress-http-connect']}[server];
		t.true(truths.includes(path.legs[1]!.route.state), path.line);
	});
}

test.serial('a forward to a node without WebSocket pass-through works by WebSocket and raw SPDY', async t => {
	const translated = await forward(t, direct, ['pod/forwarded-old', ':7000']);
	t.is(await echoed(await translated.port()), 'hello');
	await interrupt(t, translated);
	const raw = await forward(t, direct, ['pod/forwarded-old', ':7000'], {KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false'});
	t.is((await raw.until(({event}) => event === 'ready'))['carrier'], 'spdy');
	t.is(await echoed(await raw.port()), 'hello');
	await interrupt(t, raw);
});

test.serial('a user with create but not get forwards by raw SPDY, and one with neither is refused', async t => {
	const run = await forward(t, direct, ['pod/forwarded-pod', ':7000', '--as', 'creator']);
	t.is((await run.until(({event}) => event === 'ready'))['carrier'], 'spdy');
	t.is(await echoed(await run.port()), 'hello');
	await interrupt(t, run);
	const refused = await forward(t, direct, ['pod/forwarded-pod', ':7000', '--as', 'nobody-at-all']);
	t.is(await refused.ended, 7);
	t.regex(refused.stderr(), /ERR_FORBIDDEN/);
});

test.serial('a refused or reset port ends only its own connections, unlike in kubectl', async t => {
	const run = await forward(t, direct, ['pod/forwarded-pod', ':9999', ':reset', ':echo']);
	const live = await dial(await run.port(3));
	live.write('before');
	await once(live, 'data');
	const began = Date.now();
	t.is((await readToEnd(await dial(await run.port(1)))).end, 'RST');
	t.true(Date.now() - began < slack(2000));
	const failed = await run.until(({event}) => event === 'connection-failed');
	t.is(failed.error.code, 'ERR_PORT_REFUSED');
	t.regex(failed.error.text, /connection refused/);
	const reset = await dial(await run.port(2));
	reset.write('x');
	t.is((await readToEnd(reset)).end, 'RST');
	live.write('after');
	t.is(String(((await once(live, 'data')) as [Buffer])[0]), 'after');
	await interrupt(t, run);
});

test.serial('a client that aborts twenty downloads leaves no connection open', async t => {
	const run = await forward(t, direct, ['pod/forwarded-pod', ':source', ':echo']);
	const port = await run.port(1);
	const descriptors = async () => (await readdir(`/proc/${run.child.pid}/fd`)).length;
	// One connection that has come and gone opens what stays.
	t.is(await echoed(await run.port(2)), 'hello');
	const before = await descriptors();
	for (let round = 0; round < 20; round++) {
		const socket = await dial(port);
		socket.write('8000000\n');
		await once(socket, 'data');
		socket.destroy();
	}

	const began = Date.now();
	t.is(await echoed(await run.port(2)), 'hello');
	t.true(Date.now() - began < slack(1000), `${Date.now() - began} ms`);
	await until(async () => (await descriptors()) <= before + 4, descriptors);
	await interrupt(t, run);
});

test.serial('a blocked connection is reported and does not block others', async t => {
	const run = await forward(t, direct, ['pod/forwarded-pod', ':source', ':echo']);
	const stuck = await dial(await run.port(1));
	stuck.pause();
	stuck.write('300000000\n');
	await run.until(({event}) => event === 'connection-congested');
	const times: number[] = [];
	for (let round = 0; round < 30; round++) {
		const began = performance.now();
		t.is(await echoed(await run.port(2)), 'hello');
		times.push(performance.now() - began);
	}

	t.true(Math.max(...times) < slack(1000), `${Math.max(...times)} ms`);
	stuck.destroy();
	await interrupt(t, run);
});

test.serial('a service forward moves to another Ready pod within 5 s and keeps its port', async t => {
	const run = await forward(t, direct, [`svc/${app}`, ':echo']);
	const ready = await run.until(({event}) => event === 'ready');
	const port = await run.port();
	const socket = await dial(port);
	socket.write('x');
	await once(socket, 'data');
	const ended = readToEnd(socket);
	const began = Date.now();
	await cluster.kubectl(direct, `delete pod ${ready.target.name} --force --grace-period=0`);
	const moved = await run.until(({event}) => event === 'moved');
	t.true(Date.now() - began < slack(5000));
	t.is(moved.from.name, ready.target.name);
	t.is(await echoed(port), 'hello');
	t.truthy((await ended).end);
	await interrupt(t, run);
});

test.serial('300 simultaneous connections get all their bytes, and few tunnels stay idle after them', async t => {
	const run = await forward(t, direct, ['pod/forwarded-pod', ':echo']);
	const port = await run.port();
	const answers = await Promise.all(Array.from({length: 300}, async (_, index) => echoed(port, `connection ${index}`, 20_000)));
	t.deepEqual(
		answers,
		answers.map((_, index) => `connection ${index}`),
	);
	const tunnels = new Set(run.events.filter(({event}) => event === 'connection-opened').map(event => event['tunnel'] as string));
	t.true(tunnels.size <= 90, `${tunnels.size} tunnels`);
	// They wait 10 s for another burst.
	const descriptors = async () => (await readdir(`/proc/${run.child.pid}/fd`)).length;
	await until(async () => (await descriptors()) < 40, descriptors);
	await interrupt(t, run);
});

test.serial('the messages that scripts search for are the same as kubectl’s', async t => {
	const read = async (program: readonly [string, ...string[]], port: number) => {
		const child = spawn(program[0], [...program.slice(1), 'port-forward', 'pod/forwarded-pod', `${port}:7000`], {env: environment(direct)});
		let out = '';
		child.stdout.on('data', (chunk: Buffer) => {
			out += chunk.toString();
		});
		const closed = once(child, 'close');
		await until(
			() => out.includes('[::1]'),
			() => out,
		);
		await echoed(port);
		child.kill('SIGINT');
		const [status] = (await closed) as [number];
		return {out: out.replaceAll(String(port), 'PORT'), status};
	};

	t.deepEqual(await read([process.execPath, builtProgram], 28_081), await read([kubernetesPath('kubectl')], 28_082));
});
