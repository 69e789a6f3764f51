/** `spoke port-forward` through containerd and kubelet, by every route. */
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {readdir, readFile, stat, writeFile} from 'node:fs/promises';
import type {Socket} from 'node:net';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import process from 'node:process';
import {connect as connectTls} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {dial, readToEnd, runPortForward, type PortForwardRun} from '../support/port-forward-run.ts';
import {restartApiserver} from './lab/faults.ts';
import {apply} from './lab/kubectl.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {useCluster, type LabServer} from './support/cluster.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {openShellSession} from '../support/shell-session.ts';
import {until} from '../support/until.ts';

/** Posture names: see lab/postures.ts. */
const direct = 'off-direct';
const cluster = await useCluster({postures: ['off-direct', 'off-grpc', 'off-http', 'restarted'], nodes: ['n4']});

const namespace = 'demo';
const app = 'forwarded';
const template = (node: string | null) => ({
	metadata: {labels: {app}},
	spec: {
		automountServiceAccountToken: false,
		terminationGracePeriodSeconds: 1,
		...(node !== null && {nodeName: node}),
		containers: [
			{
				name: 'tcp',
				image: 'spoke.test/lab:1',
				imagePullPolicy: 'Never',
				command: ['/bin/workload'],
				args: ['tcp'],
				ports: ['echo', 'source', 'sink', 'reset', 'stall', 'finish'].map((name, index) => ({name, containerPort: 7000 + index})),
				readinessProbe: {tcpSocket: {port: 7000}, periodSeconds: 1},
			},
		],
	},
});

async function freshPod(name: string, node = 'n1'): Promise<void> {
	await cluster.kubectl(direct, ['delete', 'pod', name, '--ignore-not-found', '--force', '--grace-period=0']);
	await apply(cluster.kubeconfig(direct), [
		{apiVersion: 'v1', kind: 'Pod', ...template(node), metadata: {name, namespace, labels: {app: name}}},
	]);
	await cluster.kubectl(direct, ['wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s']);
}

async function forward(
	t: ExecutionContext,
	server: LabServer,
	args: readonly string[],
	more: NodeJS.ProcessEnv = {},
): Promise<PortForwardRun> {
	const run = await runPortForward(args, {
		env: {PATH: process.env['PATH'], HOME: cluster.lab.folder, KUBECONFIG: cluster.kubeconfig(server), ...more},
	});
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

test.before(async () => {
	await apply(cluster.kubeconfig(direct), [
		{
			apiVersion: 'apps/v1',
			kind: 'Deployment',
			metadata: {name: app, namespace},
			spec: {
				replicas: 2,
				selector: {matchLabels: {app}},
				template: {...template(null), spec: {...template(null).spec, nodeSelector: {'kubernetes.io/hostname': 'n1'}}},
			},
		},
		{
			apiVersion: 'v1',
			kind: 'Service',
			metadata: {name: app, namespace},
			spec: {
				selector: {app},
				ports: [
					{name: 'echo', port: 70, targetPort: 'echo'},
					{name: 'data', port: 71, targetPort: 'source'},
				],
			},
		},
		{
			apiVersion: 'rbac.authorization.k8s.io/v1',
			kind: 'Role',
			metadata: {name: 'forward-by-create', namespace},
			rules: [
				{apiGroups: [''], resources: ['pods'], verbs: ['get', 'list']},
				{apiGroups: [''], resources: ['pods/portforward'], verbs: ['create']},
			],
		},
		{
			apiVersion: 'rbac.authorization.k8s.io/v1',
			kind: 'RoleBinding',
			metadata: {name: 'forward-by-create', namespace},
			roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'forward-by-create'},
			subjects: [{kind: 'User', name: 'creator'}],
		},
	]);
	await cluster.kubectl(direct, ['rollout', 'status', `deploy/${app}`, '--timeout=90s']);
	await freshPod('forwarded-pod');
});

for (const server of ['off-direct', 'off-grpc', 'off-http'] as const) {
	test(`bytes are unchanged in both directions: ${server}`, async t => {
		const run = await forward(t, server, ['pod/forwarded-pod', ':echo', ':source']);
		const count = 20_000_000;
		const source = await dial(await run.port(2));
		source.write(`${count}\n`);
		const down = await take(source, count);
		t.is(sha(down), sha(sourceBytes(count)));
		const echo = await dial(await run.port(1));
		const sent = sourceBytes(3_000_000);
		echo.write(sent);
		t.is(sha(await take(echo, sent.length)), sha(sent));
		await interrupt(t, run);
		const {path} = run.events.findLast(({event}) => event === 'path')!;
		t.is(path.phase, 'settled');
		const truths = {
			'off-direct': ['direct'],
			'off-grpc': ['konnectivity', 'egress'],
			'off-http': ['konnectivity', 'egress-http-connect', 'egress'],
		}[server];
		t.true([...truths, 'unknown'].includes(path.legs[1]!.route.state), path.line);
	});
}

test('bytes are unchanged through --tls, and the path is that of a plain forward', async t => {
	const state = await temporaryDirectory(t);
	const run = await forward(t, 'off-grpc', ['pod/forwarded-pod', ':source', '--tls'], {XDG_STATE_HOME: state});
	const port = await run.port();
	const {caFile} = run.events.find(({event}) => event === 'ready')!['tls'] as {caFile: string};
	t.is((await stat(join(dirname(caFile), 'ca-key.pem'))).mode & 0o777, 0o600);
	const socket = connectTls({host: '127.0.0.1', port, servername: 'localhost', ca: await readFile(caFile)});
	await once(socket, 'secureConnect');
	socket.write('5000000\n');
	t.is(sha(await take(socket, 5_000_000)), sha(sourceBytes(5_000_000)));
	// On a loaded machine, the route is read after the path has settled.
	const {path} = await run.until(
		({event, path}) => event === 'path' && path.phase === 'settled' && path.legs[1]!.route.state !== 'unknown',
	);
	await interrupt(t, run);
	t.is(path.line, 'path: you -verified-> apiserver -konnectivity,unverified-> kubelet n1');
});

test('a forward to a node without WebSocket pass-through works by WebSocket and raw SPDY', async t => {
	await freshPod('forwarded-old', 'n4');
	const translated = await forward(t, direct, ['pod/forwarded-old', ':7000']);
	t.is(await echoed(await translated.port()), 'hello');
	await interrupt(t, translated);
	const raw = await forward(t, direct, ['pod/forwarded-old', ':7000'], {KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false'});
	t.is((await raw.until(({event}) => event === 'ready'))['carrier'], 'spdy');
	t.is(await echoed(await raw.port()), 'hello');
	await interrupt(t, raw);
});

test('a user with create but not get forwards by raw SPDY, and one with neither is refused', async t => {
	const run = await forward(t, direct, ['pod/forwarded-pod', ':7000', '--as', 'creator']);
	t.is((await run.until(({event}) => event === 'ready'))['carrier'], 'spdy');
	t.is(await echoed(await run.port()), 'hello');
	await interrupt(t, run);
	const refused = await forward(t, direct, ['pod/forwarded-pod', ':7000', '--as', 'nobody-at-all']);
	t.is(await refused.ended, 7);
	t.regex(refused.stderr(), /ERR_FORBIDDEN/);
});

test('a refused or reset port ends only its own connections, unlike in kubectl', async t => {
	const run = await forward(t, direct, ['pod/forwarded-pod', ':9999', ':reset', ':echo']);
	const live = await dial(await run.port(3));
	live.write('before');
	await once(live, 'data');
	const began = Date.now();
	t.is((await readToEnd(await dial(await run.port(1)))).end, 'RST');
	// Two seconds, threefold.
	t.true(Date.now() - began < 6000);
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

test('a client that aborts a hundred downloads leaves no connection open', async t => {
	const run = await forward(t, direct, ['pod/forwarded-pod', ':source', ':echo']);
	const port = await run.port(1);
	const descriptors = async () => (await readdir(`/proc/${run.child.pid}/fd`)).length;
	await sleep(500);
	const before = await descriptors();
	for (let round = 0; round < 100; round++) {
		const socket = await dial(port);
		socket.write('40000000\n');
		await once(socket, 'data');
		socket.destroy();
	}

	const began = Date.now();
	t.is(await echoed(await run.port(2)), 'hello');
	// A second, threefold.
	t.true(Date.now() - began < 3000, `${Date.now() - began} ms`);
	await until(async () => (await descriptors()) <= before + 4, descriptors);
	await interrupt(t, run);
});

test('a blocked connection is reported and does not block others', async t => {
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

	// A second, threefold.
	t.true(Math.max(...times) < 3000, `${Math.max(...times)} ms`);
	stuck.destroy();
	await interrupt(t, run);
});

test('a service forward moves to another Ready pod within 5 s and keeps its port', async t => {
	const run = await forward(t, direct, [`svc/${app}`, ':echo']);
	const ready = await run.until(({event}) => event === 'ready');
	const port = await run.port();
	const socket = await dial(port);
	socket.write('x');
	await once(socket, 'data');
	const ended = readToEnd(socket);
	const began = Date.now();
	await cluster.kubectl(direct, ['delete', 'pod', ready.target.name, '--force', '--grace-period=0']);
	const moved = await run.until(({event}) => event === 'moved');
	// Five seconds, threefold.
	t.true(Date.now() - began < 15_000);
	t.is(moved.from.name, ready.target.name);
	t.is(await echoed(port), 'hello');
	t.truthy((await ended).end);
	await interrupt(t, run);
});

test('the run exits 12 and resets its connections when the named pod is gone', async t => {
	await freshPod('forwarded-gone');
	const run = await forward(t, direct, ['pod/forwarded-gone', ':source']);
	const socket = await dial(await run.port());
	socket.write('4000000000\n');
	await once(socket, 'data');
	const ended = readToEnd(socket);
	const began = Date.now();
	await cluster.kubectl(direct, ['delete', 'pod', 'forwarded-gone', '--force', '--grace-period=0']);
	t.is(await run.ended, 12);
	// Five seconds, threefold.
	t.true(Date.now() - began < 15_000);
	t.is((await ended).end, 'RST');
	t.is(run.events.at(-1)!['reason'], 'target-gone');
	t.deepEqual(run.faults(), []);
});

test('an apiserver restart is reported, ports stay bound, and connections resume within 3 s', async t => {
	const run = await forward(t, 'restarted', [`svc/${app}`, ':echo']);
	const port = await run.port();
	t.is(await echoed(port), 'hello');
	await restartApiserver(cluster.lab, 'restarted');
	const began = Date.now();
	t.is(await echoed(port, 'again', 10_000), 'again');
	// Three seconds, threefold.
	t.true(Date.now() - began < 9000, `${Date.now() - began} ms`);
	await interrupt(t, run);
});

test('300 simultaneous connections get all their bytes, and few tunnels stay idle after them', async t => {
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

test('the messages that scripts search for are the same as kubectl’s', async t => {
	const read = async (command: 'spoke' | 'kubectl') => {
		const port = command === 'spoke' ? 28_081 : 28_082;
		const args = ['port-forward', 'pod/forwarded-pod', `${port}:7000`];
		const child =
			command === 'spoke'
				? cluster.startSpoke(direct, args)
				: (await import('node:child_process')).spawn((await import('./lab/programs.ts')).kubernetesPath('kubectl'), args, {
						env: {PATH: process.env['PATH'], HOME: cluster.lab.folder, KUBECONFIG: cluster.kubeconfig(direct)},
					});
		let out = '';
		child.stdout.on('data', (chunk: Buffer) => {
			out += chunk.toString();
		});
		await until(
			() => out.includes('[::1]'),
			() => out,
		);

		await echoed(port);
		child.kill('SIGINT');
		const [status] = (await once(child, 'close')) as [number];
		return {out: out.replaceAll(String(port), 'PORT'), status};
	};

	t.deepEqual(await read('spoke'), await read('kubectl'));
});

for (const server of ['off-direct', 'off-grpc'] as const) {
	test(`a command reaches the pod through its forward and ends it: ${server}`, async t => {
		const script = `
			const socket = require('node:net').connect(process.env.SPOKE_PORT_ECHO, process.env.SPOKE_ADDRESS, () => socket.write('hello'));
			socket.once('data', data => { process.stdout.write(data); process.exit(7); });`;
		const args = ['svc/forwarded', ':echo', '-n', namespace, '--', process.execPath, '-e', script];
		const ended = await runSpoke(['port-forward', ...args], {
			env: {PATH: process.env['PATH'], HOME: cluster.lab.folder, KUBECONFIG: cluster.kubeconfig(server)},
		});
		t.deepEqual(ended, {status: 7, stdout: 'hello', stderr: ''});
	});
}

for (const server of ['off-direct', 'off-grpc'] as const) {
	test(`a detached forward carries bytes and shows its path until it is stopped: ${server}`, async t => {
		const session = await openShellSession(t, {PATH: process.env['PATH'], KUBECONFIG: cluster.kubeconfig(server)});
		const started = await session.spoke(['port-forward', 'svc/forwarded', ':echo', '-n', namespace, '--detach', '--path=always']);
		t.is(started.status, 0, started.stderr);
		const port = Number(/Forwarding from 127\.0\.0\.1:(\d+) -> 7000/.exec(started.stdout)![1]);
		t.is(await echoed(port), 'hello');
		const [line = ''] = started.stderr.split('\n');
		t.regex(line, server === 'off-direct' ? /-direct,unverified-> kubelet n1$/ : /kubelet n1$/);
		const {stdout} = await session.spoke(['forwards', 'list', '-o', 'json']);
		const {forwards} = JSON.parse(stdout) as {forwards: Array<{state: string; paths: Array<{line: string; target: {name: string}}>}>};
		t.deepEqual(
			forwards.map(({state, paths}) => [state, paths.length]),
			[['ready', 1]],
		);
		const moved = forwards[0]!.paths[0]!.target.name;
		await cluster.kubectl(direct, ['delete', 'pod', moved, '--force', '--grace-period=0']);
		await until(async () => !(await session.spoke(['forwards', 'list'])).stdout.includes(moved));
		t.is(await echoed(port), 'hello');
		const stopped = await session.spoke(['forwards', 'stop', String(port)]);
		t.deepEqual(stopped, {status: 0, stdout: `forwarded-${port} stopped\n`, stderr: ''});
		await t.throwsAsync(dial(port), {code: 'ECONNREFUSED'});
	});
}

test('--each forwards a port to each pod of a StatefulSet, and follows its name', async t => {
	const name = 'forwarded-set';
	await apply(cluster.kubeconfig(direct), [
		{
			apiVersion: 'apps/v1',
			kind: 'StatefulSet',
			metadata: {name, namespace},
			spec: {
				replicas: 2,
				serviceName: name,
				selector: {matchLabels: {app: name}},
				template: {...template('n1'), metadata: {labels: {app: name}}},
			},
		},
	]);
	await cluster.kubectl(direct, ['rollout', 'status', `sts/${name}`, '--timeout=90s']);
	const file = join(await temporaryDirectory(t), 'set');
	await writeFile(file, `-n ${namespace} sts/${name} :echo --each\n`);
	const ofSet = await forward(t, direct, ['-f', file]);
	t.is((await ofSet.until(({event}) => event === 'all-ready'))['forwards'], 2);
	t.deepEqual(await Promise.all([1, 2].map(async number => echoed(await ofSet.port(number)))), ['hello', 'hello']);
	await interrupt(t, ofSet);

	const run = await forward(t, direct, [`sts/${name}`, ':echo', '--each']);
	await run.until(({event}) => event === 'all-ready');
	t.deepEqual(
		run.events
			.filter(({event}) => event === 'ready')
			.map(({forward: id, target}) => [id, target.name])
			.sort(),
		[
			['f1', `${name}-0`],
			['f2', `${name}-1`],
		],
	);
	await cluster.kubectl(direct, ['delete', 'pod', `${name}-1`]);
	const moved = await run.until(({event}) => event === 'moved', 60_000);
	t.deepEqual([moved.forward, moved.to.name, moved.to.uid === moved.from.uid], ['f2', `${name}-1`, false]);
	t.deepEqual(await Promise.all([1, 2].map(async number => echoed(await run.port(number)))), ['hello', 'hello']);
	await interrupt(t, run);
});

test('--spread sends connections to all Ready pods in turn, and follows them', async t => {
	const run = await forward(t, direct, ['svc/forwarded', ':echo', '--spread']);
	type PodsEvent = {pods: Array<{name: string}>};
	const names = () => (run.events.filter(({event}) => event === 'pods').at(-1) as PodsEvent | undefined)?.pods.map(({name}) => name) ?? [];
	await run.until(() => names().length === 2);
	const [first = '', second = ''] = names();
	const opened = () => run.events.filter(({event}) => event === 'connection-opened').map(event => event['pod'] as string);
	let count = 0;
	const connect = async () => {
		t.is(await echoed(await run.port()), 'hello');
		count++;
		await run.until(() => opened().length === count);
	};

	// A pod gets its first connection when its first tunnel is open.
	const connectToEach = async () => {
		const before = count;
		while (count < before + 20 && names().some(name => !opened().slice(before).includes(name))) {
			await connect();
		}

		t.deepEqual(new Set(opened().slice(before)), new Set(names()));
	};

	await connectToEach();
	for (let number = 0; number < 6; number++) {
		await connect();
	}

	const last = opened().slice(-6);
	t.deepEqual([last.filter(name => name === first).length, last.filter(name => name === second).length], [3, 3]);
	await cluster.kubectl(direct, ['delete', 'pod', first, '--wait=false']);
	await run.until(() => names().length === 2 && !names().includes(first), 60_000);
	await connectToEach();
	await interrupt(t, run);
});
