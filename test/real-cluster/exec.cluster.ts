/** `spoke exec`, `attach` and `proxy` by every route and both carriers. */
import {createHash, randomBytes} from 'node:crypto';
import test from 'ava';
import {until} from '../support/until.ts';
import {stopKubelet, startStoppedKubelet} from './lab/faults.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {waitingPod} from './lab/workloads.ts';
import {useCluster, type LabServer} from './support/cluster.ts';

const tunnels = hasKonnectivity ? (['off-grpc', 'off-http'] as const) : [];
const servers = ['off-direct', 'good-direct', ...tunnels] as const;
const cluster = await useCluster({postures: [...servers, 'bad-direct'], nodes: ['n4']});
await cluster.apply(waitingPod('on-n4', 'n4'));
const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;

test.serial('exec exits with the remote status, and 125 for failures of spoke', async t => {
	const script = 'echo out; echo err >&2; exit';
	await Promise.all(
		[0, 1, 42, 137].map(async status => {
			const ended = await cluster.spoke('off-direct', ['exec', 'shell', '--', 'sh', '-c', `${script} ${status}`], {user: 'plain'});
			t.deepEqual([ended.status, ended.stdout], [status, 'out\n'], ended.stderr);
			t.regex(ended.stderr, /^err$/m);
		}),
	);
	const table: ReadonlyArray<[LabServer, string, RegExp]> = [
		['off-direct', 'exec nobody -- true', /ERR_NOT_FOUND|not found/],
		['off-direct', 'exec two -c nobody -- true', /nobody/],
		['bad-direct', 'exec shell -- true', /certificate signed by unknown authority/],
	];
	for (const [server, command, words] of table) {
		const {status, stderr} = await cluster.spoke(server, command, {user: 'plain'});
		t.is(status, 125, stderr);
		t.regex(stderr, words);
	}
});

tunnelTest('exec carries the same bytes through every route, to old and new kubelets', async t => {
	const input = randomBytes(3_000_000).toString('base64');
	const expected = createHash('sha256').update(input).digest('hex');
	for (const pod of ['shell', 'on-n4']) {
		await Promise.all(
			servers.map(async server => {
				const {stdout, stderr, status} = await cluster.spoke(server, `exec -i ${pod} -- sha256sum`, {input});
				t.deepEqual([status, stdout.slice(0, 64)], [0, expected], `${server} ${pod}: ${stderr}`);
			}),
		);
	}
});

test.serial('a stopped kubelet is reported as a failure of leg 2', async t => {
	await stopKubelet(cluster.lab, 'n4');
	t.teardown(async () => startStoppedKubelet(cluster.lab, 'n4'));
	const {status, stderr} = await cluster.spoke('off-direct', 'logs on-n4', {user: 'plain'});
	t.is(status, 11, stderr);
	t.regex(stderr, /kubelet/);
	t.regex(stderr, /connection refused/);
});

test.serial('attach prints new output, and its input arrives', async t => {
	const {child, stdout, stderr, stop} = cluster.startSpoke('off-direct', 'attach -i attachable', 'plain');
	child.stdin.write('hello\n');
	await until(() => stdout().includes('got hello'), stderr);
	t.is(await stop('SIGTERM'), 143);
});

tunnelTest('proxy reads pods, services and nodes as kubectl does, by every route', async t => {
	const table: ReadonlyArray<[string, string]> = [
		['pod/tcp-0:7005', '/api/v1/namespaces/demo/pods/tcp-0:7005/proxy/'],
		['svc/web:80', '/api/v1/namespaces/demo/services/web:80/proxy/'],
		['svc/web:http/bytes?count=100000', '/api/v1/namespaces/demo/services/web:http/proxy/bytes?count=100000'],
		['svc/https:secure:443', '/api/v1/namespaces/demo/services/https:secure:443/proxy/'],
		['node/n1/healthz', '/api/v1/nodes/n1/proxy/healthz'],
	];
	// Services choose among pods.
	const same = (text: string) => text.replace(/hello from \S+/, 'hello');
	for (const [target, raw] of table) {
		await Promise.all(
			servers.map(async server => {
				const [theirs, ours] = await Promise.all([
					cluster.kubectl(server, ['get', '--raw', raw]),
					cluster.spoke(server, ['proxy', 'get', target]),
				]);
				t.is(ours.status === 0, theirs.status === 0, `${server} ${target}: ${ours.stderr} ${theirs.stderr}`);
				t.is(same(ours.stdout), same(theirs.stdout), `${server} ${target}: ${ours.stderr} ${theirs.stderr}`);
			}),
		);
	}

	const seen = await cluster.spoke('off-direct', 'proxy post svc/https:secure:https/request --data x', {user: 'plain'});
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
