/** Each posture behaves as its flags say, checked with kubectl alone. */
import {createHash} from 'node:crypto';
import test from 'ava';
import {freezeAgents, removeAgents, restartApiserver, restoreAgents, thawAgents} from './lab/faults.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {waitFor} from './lab/wait.ts';
import {useCluster} from './support/cluster.ts';

const readLine = ['logs', 'finished-writer', '--tail=1'];
const lastLine = `0000005000 ${createHash('sha256').update('5000').digest('hex').slice(0, 16)} `.padEnd(95, '.') + '\n';
// Konnectivity is not built here; scripts/run-tests.ts counts a skipped cluster test as a failure.
const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;

test.serial('every user can do what their role allows and no more', async t => {
	const cluster = await useCluster();
	for (const user of ['admin', 'monitor', 'plain'] as const) {
		const logs = await cluster.kubectl('off-direct', readLine, {user});
		t.is(logs.stdout, lastLine, `${user}: ${logs.stderr}`);
		const secrets = await cluster.kubectl('off-direct', 'auth can-i list secrets', {user});
		t.is(secrets.stdout.trim(), user === 'admin' ? 'yes' : 'no', user);
		const flags = await cluster.kubectl('off-direct', 'get --raw /flagz', {user});
		t.is(flags.status === 0, user !== 'plain', `${user}: ${flags.stderr}`);
	}
});

test.serial('a kubelet CA flag accepts, or refuses for another CA or another name', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'good-direct', 'bad-direct'], nodes: ['n2']});
	const line = async (posture: 'off-direct' | 'good-direct' | 'bad-direct', pod: string) => {
		const {stdout, stderr} = await cluster.kubectl(posture, ['logs', pod, '--tail=1']);
		return stdout.slice(0, 10) || stderr;
	};

	t.regex(await line('off-direct', 'rotating'), /^\d{10}$/);
	t.regex(await line('good-direct', 'finished-writer'), /^\d{10}$/);
	t.regex(await line('good-direct', 'rotating'), /doesn't contain any IP SANs/);
	t.regex(await line('bad-direct', 'finished-writer'), /signed by unknown authority/);
});

test.serial('a kubelet without a certificate ends every handshake, and its CSR is pending', async t => {
	const cluster = await useCluster({nodes: ['n3']});
	await t.notThrowsAsync(
		waitFor('the pending request', async () => {
			const {stdout} = await cluster.kubectl('off-direct', 'get csr --no-headers');
			return /kubelet-serving\s+system:node:n3.*Pending/.test(stdout);
		}),
	);
	const raw = await cluster.kubectl('off-direct', 'get --raw /api/v1/nodes/n3/proxy/healthz');
	t.regex(raw.stderr, /remote error: tls: internal error/);
});

test.serial('a node without ExtendWebSocketsToKubelet does not declare it', async t => {
	const cluster = await useCluster({nodes: ['n4']});
	const features = async (node: string) =>
		(await cluster.kubectl('off-direct', ['get', 'node', node, '-o', 'jsonpath={.status.declaredFeatures}'])).stdout;
	t.regex(await features('n1'), /ExtendWebSocketsToKubelet/);
	t.notRegex(await features('n4'), /ExtendWebSocketsToKubelet/);
});

test.serial('an apiserver starts again with other flags on the same port', async t => {
	const cluster = await useCluster({postures: ['restarted']});
	const authority = async () => {
		const {stdout} = await cluster.kubectl('restarted', 'get --raw /flagz');
		return /kubelet-certificate-authority\W*(\S*)/.exec(stdout)?.[1] ?? '';
	};

	t.notRegex(await authority(), /kubelet-ca/);
	await restartApiserver(cluster.lab, 'restarted', {kubeletCa: 'good'});
	t.regex(await authority(), /kubelet-ca/);
	await restartApiserver(cluster.lab, 'restarted');
});

tunnelTest('requests fail without agents and wait for a frozen one', async t => {
	const cluster = await useCluster({postures: ['off-grpc', 'good-grpc', 'off-http']});
	for (const posture of ['off-grpc', 'good-grpc', 'off-http'] as const) {
		const {stdout, stderr} = await cluster.kubectl(posture, readLine);
		t.is(stdout, lastLine, `${posture}: ${stderr}`);
	}

	const execute = async (posture: 'off-grpc' | 'off-http') => cluster.kubectl(posture, 'exec shell -- true');
	await freezeAgents(cluster.lab, 'grpc');
	t.teardown(async () => thawAgents(cluster.lab, 'grpc'));
	const started = Date.now();
	// A new port, so that the apiserver must dial.
	const dialed = await cluster.kubectl('off-grpc', 'get --raw /api/v1/namespaces/demo/pods/tcp-0:7005/proxy/');
	t.regex(dialed.stderr, /dial timeout, backstop/);
	t.true(Date.now() - started > 25_000);
	await thawAgents(cluster.lab, 'grpc');

	t.teardown(async () => Promise.all([restoreAgents(cluster.lab, 'grpc'), restoreAgents(cluster.lab, 'http-connect')]));
	await removeAgents(cluster.lab, 'grpc');
	await removeAgents(cluster.lab, 'http-connect');
	t.regex((await execute('off-grpc')).stderr, /No agent available/);
	t.regex((await execute('off-http')).stderr, /code 500: 500 Internal Server Error/);
	await restoreAgents(cluster.lab, 'grpc');
	await restoreAgents(cluster.lab, 'http-connect');
	t.is((await execute('off-grpc')).status, 0);
	t.is((await execute('off-http')).status, 0);
});

tunnelTest('the misleading egress files, the load balancer and the gateway work', async t => {
	const cluster = await useCluster({postures: ['egress-file-direct', 'egress-file-controlplane'], balancer: true, gateway: 'good-direct'});
	for (const server of ['egress-file-direct', 'egress-file-controlplane', 'balancer', 'gateway'] as const) {
		for (const user of ['admin', 'plain'] as const) {
			const {stdout, stderr} = await cluster.kubectl(server, readLine, {user});
			t.is(stdout, lastLine, `${server} ${user}: ${stderr}`);
		}
	}

	const seen = new Set<string>();
	for (let turn = 0; turn < 4; turn++) {
		const {stdout} = await cluster.kubectl('balancer', 'get --raw /flagz');
		seen.add(/egress-selector-config-file\W*(\S*)/.exec(stdout)?.[1] ?? '');
	}

	t.is(seen.size, 2, [...seen].join(' '));
	const who = await cluster.kubectl('gateway', 'auth whoami -o jsonpath={.status.userInfo.username}', {user: 'plain'});
	t.is(who.stdout, 'plain');
	const shell = await cluster.kubectl('gateway', 'exec shell -- echo through', {user: 'plain'});
	t.is(shell.stdout, 'through\n', shell.stderr);
});

tunnelTest('an apiserver that runs as a static pod shows its flags in a mirror pod', async t => {
	const cluster = await useCluster({postures: ['static-pod']});
	const mirror = await cluster.kubectl('off-direct', 'get pod kube-apiserver-n1 -n kube-system -o json');
	t.regex(mirror.stdout, /--kubelet-certificate-authority=/);
	t.regex(mirror.stdout, /kubernetes.io\/config.mirror/);
	const {stdout, stderr} = await cluster.kubectl('static-pod', readLine);
	t.is(stdout, lastLine, stderr);
});

tunnelTest('an older apiserver and kubelet serve the same cluster', async t => {
	const cluster = await useCluster({postures: ['old-off-direct', 'old-good-grpc'], nodes: ['n5']});
	const versions = await cluster.kubectl('old-off-direct', 'get node n5 -o jsonpath={.status.nodeInfo.kubeletVersion}');
	t.is(versions.stdout, 'v1.34.4', versions.stderr);
	for (const posture of ['old-off-direct', 'old-good-grpc'] as const) {
		const {stdout, stderr} = await cluster.kubectl(posture, readLine);
		t.is(stdout, lastLine, `${posture}: ${stderr}`);
	}

	// In 1.34, /flagz is an alpha feature and disabled by default.
	const flags = await cluster.kubectl('old-off-direct', 'get --raw /flagz');
	t.regex(flags.stderr, /could not find the requested resource|NotFound/);
});

test.serial('a big cluster has all its nodes and pods', async t => {
	const cluster = await useCluster({big: {nodes: 50, pods: 1200}});
	const pods = await cluster.kubectl('big', 'get pods -A --no-headers --chunk-size=500');
	t.is(pods.stdout.trim().split('\n').length, 1200, pods.stderr);
	const nodes = await cluster.kubectl('big', 'get nodes --no-headers');
	t.is(nodes.stdout.trim().split('\n').length, 50, nodes.stderr);
});
