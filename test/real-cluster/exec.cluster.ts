/** `spoke exec`, `attach` and `proxy` by every route and both carriers. */
import {createHash, randomBytes, randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {rm} from 'node:fs/promises';
import {request} from 'node:http';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import test from 'ava';
import {WebSocket} from 'ws';
import {until} from '../support/until.ts';
import {stopKubelet, startStoppedKubelet} from './lab/faults.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {useCluster, type Cluster, type LabServer} from './support/cluster.ts';
import {assertDetectsChange} from './support/transcripts.ts';

const tunnelTest = hasKonnectivity ? test : test.skip;

test('exec exits with the remote status, and 125 for failures of spoke', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'bad-direct']});
	for (const status of [0, 1, 42, 137]) {
		const {status: got, stderr} = await cluster.spoke(
			'off-direct',
			['exec', 'shell', '--', 'sh', '-c', `echo out; echo err >&2; exit ${status}`],
			{user: 'plain'},
		);
		t.is(got, status, stderr);
		t.regex(stderr, /^err$/m);
	}

	const table: Array<[LabServer, string[], RegExp]> = [
		['off-direct', ['nobody', '--', 'true'], /ERR_NOT_FOUND|not found/],
		['off-direct', ['two', '-c', 'nobody', '--', 'true'], /nobody/],
		['bad-direct', ['shell', '--', 'true'], /certificate signed by unknown authority/],
	];
	for (const [server, args, words] of table) {
		const {status, stderr} = await cluster.spoke(server, ['exec', ...args], {user: 'plain'});
		t.is(status, 125, stderr);
		t.regex(stderr, words);
	}
});

test('a recorded command can be verified, and not after one byte of its transcript was changed', async t => {
	const cluster = await useCluster();
	const file = join(cluster.lab.folder, `${randomUUID()}.cast`);
	t.teardown(async () => rm(file, {force: true}));
	const recorded = await cluster.spoke('off-direct', ['exec', '--record', file, 'shell', '--', 'sh', '-c', 'echo recorded; exit 3'], {
		user: 'plain',
	});
	t.deepEqual([recorded.status, recorded.stdout], [3, 'recorded\n'], recorded.stderr);
	const said = await assertDetectsChange(t, file, async () => cluster.spoke('off-direct', ['verify', file]));
	t.regex(said, /user: plain \(named by the apiserver\)[^]*pod demo\/shell[^]*audit id: [\da-f-]{36} [^]*the command exited 3\n/);
});

test('a recorded attach can be verified, and not after one byte of its transcript was changed', async t => {
	const cluster = await useCluster();
	const file = join(cluster.lab.folder, `${randomUUID()}.cast`);
	t.teardown(async () => rm(file, {force: true}));
	const child = cluster.startSpoke('off-direct', ['attach', '-i', '--record', file, 'attachable']);
	const closed = once(child, 'close');
	let stdout = '';
	child.stdout.on('data', chunk => {
		stdout += String(chunk);
	});
	child.stdin.write('recorded\n');
	await until(() => stdout.includes('got recorded'));
	child.kill('SIGTERM');
	t.is((await closed)[0], 143);
	const said = await assertDetectsChange(t, file, async () => cluster.spoke('off-direct', ['verify', file]));
	t.regex(
		said,
		/pod demo\/attachable[^]*attached to the process of the container[^]*path: you -verified-> apiserver -direct,unverified-> kubelet n1/,
	);
	t.regex(said, /spoke was interrupted, and the command may continue/);
});

tunnelTest('exec carries the same bytes through every route, to old and new kubelets', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'good-direct', 'off-grpc', 'off-http'], nodes: ['n4']});
	await onNode(cluster, 'n4');
	const input = randomBytes(3_000_000).toString('base64');
	const expected = createHash('sha256').update(input).digest('hex');
	for (const server of ['off-direct', 'good-direct', 'off-grpc', 'off-http'] as const) {
		for (const pod of ['shell', 'on-n4']) {
			const {stdout, stderr, status} = await cluster.spoke(server, ['exec', '-i', pod, '--', 'sha256sum'], {input});
			t.is(stdout.slice(0, 64), expected, `${server} ${pod}: ${stderr}`);
			t.is(status, 0);
		}
	}
});

test('a stopped kubelet is reported as a failure of leg 2', async t => {
	const cluster = await useCluster({nodes: ['n4']});
	await onNode(cluster, 'n4');
	await stopKubelet(cluster.lab, 'n4');
	t.teardown(async () => startStoppedKubelet(cluster.lab, 'n4'));
	const {status, stderr} = await cluster.spoke('off-direct', ['logs', 'on-n4'], {user: 'plain'});
	t.is(status, 11, stderr);
	t.regex(stderr, /kubelet/);
	t.regex(stderr, /connection refused/);
});

test('attach prints new output, and its input arrives', async t => {
	const cluster = await useCluster();
	const child = cluster.startSpoke('off-direct', ['attach', '-i', 'attachable'], 'plain');
	let stdout = '';
	const answered = new Promise<void>(resolve => {
		child.stdout.on('data', (chunk: Buffer) => {
			stdout += chunk.toString();
			if (stdout.includes('got hello')) {
				resolve();
			}
		});
	});
	await sleep(500);
	child.stdin.write('hello\n');
	await Promise.race([answered, sleep(10_000)]);
	child.kill('SIGKILL');
	t.regex(stdout, /got hello/);
});

tunnelTest('proxy reads pods, services and nodes as kubectl does, by every route', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'good-direct', 'off-grpc', 'off-http']});
	const table: Array<[string, string]> = [
		['pod/tcp-0:7005', '/api/v1/namespaces/demo/pods/tcp-0:7005/proxy/'],
		['svc/web:80', '/api/v1/namespaces/demo/services/web:80/proxy/'],
		['svc/web:http/bytes?count=100000', '/api/v1/namespaces/demo/services/web:http/proxy/bytes?count=100000'],
		['svc/https:secure:443', '/api/v1/namespaces/demo/services/https:secure:443/proxy/'],
		['node/n1/healthz', '/api/v1/nodes/n1/proxy/healthz'],
	];
	for (const server of ['off-direct', 'good-direct', 'off-grpc', 'off-http'] as const) {
		for (const [target, raw] of table) {
			const [theirs, ours] = await Promise.all([
				cluster.kubectl(server, ['get', '--raw', raw]),
				cluster.spoke(server, ['proxy', 'get', target]),
			]);
			const same = (text: string) => text.replace(/hello from \S+/, 'hello');
			t.is(same(ours.stdout), theirs.status === 0 ? same(theirs.stdout) : same(ours.stdout), `${server} ${target}: ${ours.stderr}`);
			t.is(ours.status === 0, theirs.status === 0, `${server} ${target}: ${ours.stderr} ${theirs.stderr}`);
		}
	}

	const seen = await cluster.spoke('off-direct', ['proxy', 'post', 'svc/https:secure:https/request', '--data', 'x'], {user: 'plain'});
	const {method, tls, clientCertificate, headers} = JSON.parse(seen.stdout) as {
		method: string;
		tls: boolean;
		clientCertificate: string;
		headers: Record<string, unknown>;
	};
	t.deepEqual(
		{method, tls, clientCertificate, authorization: headers['Authorization']},
		{method: 'POST', tls: true, clientCertificate: '', authorization: undefined},
	);
});

async function onNode(cluster: Cluster, node: string): Promise<void> {
	const pod = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: `on-${node}`, namespace: 'demo'},
		spec: {
			nodeName: node,
			automountServiceAccountToken: false,
			terminationGracePeriodSeconds: 0,
			containers: [{name: 'sleep', image: 'spoke.test/lab:1', imagePullPolicy: 'Never', command: ['sleep', '86400']}],
		},
	};
	await cluster.kubectl('off-direct', ['apply', '-f', '-'], {input: JSON.stringify(pod)});
	await cluster.kubectl('off-direct', ['wait', '--for=condition=Ready', `pod/on-${node}`, '--timeout=30s']);
}

test('proxy --disable-filter serves any host, and runs a command only with --allow-commands', async t => {
	const cluster = await useCluster();
	for (const [flags, status] of [
		[[], 403],
		[['--disable-filter'], 403],
		[['--disable-filter', '--allow-commands'], 101],
	] as const) {
		const child = cluster.startSpoke('off-direct', ['proxy', '-p', '0', '--path=json', ...flags]);
		let stderr = '';
		child.stderr.on('data', (chunk: Buffer) => {
			stderr += chunk.toString();
		});
		const [line] = (await once(child.stdout, 'data')) as [Buffer];
		const port = Number(/:(\d+)\n$/.exec(line.toString())![1]);
		t.is(await statusOf(port, '/api/'), flags.length === 0 ? 403 : 200);
		const socket = new WebSocket(
			`ws://127.0.0.1:${port}/api/v1/namespaces/demo/pods/shell/exec?command=echo&command=hello&stdout=true`,
			['v5.channel.k8s.io'],
			{headers: {Host: 'other.test'}},
		);
		const outcome = await Promise.race([
			once(socket, 'open').then(() => 101),
			once(socket, 'unexpected-response').then(([, {statusCode}]) => statusCode as number),
		]);
		t.is(outcome, status, flags.join(' '));
		socket.on('error', () => {});
		socket.terminate();
		child.kill('SIGTERM');
		await once(child, 'close');
		t.is(stderr.includes('"feature":"exec"'), outcome === 101, stderr);
	}
});

/** GET with the Host of another site. */
async function statusOf(port: number, path: string): Promise<number> {
	const asked = request({host: '127.0.0.1', port, path, headers: {Host: 'other.test'}}).end();
	const [{statusCode}] = (await once(asked, 'response')) as [{statusCode: number}];
	return statusCode;
}
