/** `spoke cp` by every route, beside kubectl, and over a connection that is lost. */
import {createHash, randomBytes} from 'node:crypto';
import {mkdir, readdir, readFile, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {startTcpCutter, type TcpCutter} from '../support/tcp-cutter.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {until} from '../support/until.ts';
import {bareImage, image} from './lab/image.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {useCluster, type Cluster} from './support/cluster.ts';

async function remoteSum(cluster: Cluster, path: string): Promise<string> {
	const {stdout} = await cluster.kubectl('off-direct', ['exec', 'shell', '--', 'sha256sum', path]);
	return stdout.slice(0, 64);
}

const sumOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test('a directory goes to a container and comes back the same, by every route', async t => {
	const servers = hasKonnectivity
		? (['off-direct', 'good-direct', 'off-grpc', 'off-http'] as const)
		: (['off-direct', 'good-direct'] as const);
	const cluster = await useCluster({postures: [...servers]});
	const folder = await temporaryDirectory(t);
	const source = join(folder, 'tree');
	await mkdir(join(source, 'sub'), {recursive: true});
	const files = new Map([
		['big', randomBytes(20_000_000)],
		['sub/with space\n$(id)', randomBytes(1000)],
		['sub/none', Buffer.alloc(0)],
	]);
	for (const [name, content] of files) {
		await writeFile(join(source, name), content);
	}

	await symlink('../big', join(source, 'sub/link'));
	for (const server of servers) {
		const there = `/tmp/cp-${server}`;
		const sent = await cluster.spoke(server, ['cp', source, `shell:${there}`, '--path=always'], {user: 'plain'});
		t.is(sent.status, 0, sent.stderr);
		t.regex(sent.stderr, /^path: you/m);
		t.is(await remoteSum(cluster, `${there}/big`), sumOf(files.get('big')!));
		const here = join(folder, server);
		const received = await cluster.spoke(server, ['cp', `shell:${there}`, here], {user: 'plain'});
		t.is(received.status, 0, received.stderr);
		for (const [name, content] of files) {
			t.true(content.equals(await readFile(join(here, name))), `${server} ${name}`);
		}

		const byKubectl = join(folder, `${server}-kubectl`);
		await cluster.kubectl(server, ['cp', `shell:${there}`, byKubectl]);
		t.true(files.get('big')!.equals(await readFile(join(byKubectl, 'big'))), 'as kubectl receives it');
	}
});

/** Between spoke and the apiserver, with the flags for a way through it. */
async function startCutter(t: ExecutionContext, cluster: Cluster): Promise<{cutter: TcpCutter; flags: readonly string[]}> {
	const {stdout: server} = await cluster.kubectl('off-direct', [
		'config',
		'view',
		'--minify',
		'-o',
		'jsonpath={.clusters[0].cluster.server}',
	]);
	const {hostname, host} = new URL(server);
	const cutter = await startTcpCutter(host);
	t.teardown(async () => cutter.stop());
	return {cutter, flags: ['--server', `https://${cutter.address}`, '--tls-server-name', hostname]};
}

async function writeLarge(cluster: Cluster, path: string): Promise<void> {
	await cluster.kubectl('off-direct', ['exec', 'shell', '--', 'sh', '-c', `dd if=/dev/urandom of=${path} bs=65536 count=6400 2>/dev/null`]);
}

const hasBegun = async (folder: string) => (await readdir(folder)).some(name => name.startsWith('.spoke-cp-'));

test('a copy from a container survives the loss of its connection', async t => {
	const cluster = await useCluster();
	const {cutter, flags} = await startCutter(t, cluster);
	const folder = await temporaryDirectory(t);
	await writeLarge(cluster, '/tmp/large');
	const child = cluster.startSpoke('off-direct', ['cp', 'shell:/tmp/large', folder, ...flags, '-o', 'json'], 'plain');
	let stdout = '';
	child.stdout.on('data', (bytes: Buffer) => {
		stdout += bytes.toString();
	});
	child.stderr.resume();
	await until(async () => hasBegun(folder));
	cutter.reset();
	const status = await new Promise(resolve => {
		child.once('close', resolve);
	});
	t.is(status, 0, stdout);
	t.is(sumOf(await readFile(join(folder, 'large'))), await remoteSum(cluster, '/tmp/large'));
	t.is((JSON.parse(stdout.trim().split('\n').at(-1)!) as {losses: number}).losses, 1);
});

for (const end of ['killed', 'cut'] as const) {
	test(`a copy from a container that is ${end} while its output is blocked leaves no process`, async t => {
		const cluster = await useCluster();
		const {cutter, flags} = await startCutter(t, cluster);
		await writeLarge(cluster, '/tmp/large');
		const folder = await temporaryDirectory(t);
		const isCopying = async () => {
			const {stdout} = await cluster.kubectl('off-direct', ['exec', 'shell', '--', 'sh', '-c', 'cat /proc/[0-9]*/cmdline']);
			return stdout.includes('\0spoke-cp\0');
		};

		const child = cluster.startSpoke('off-direct', ['cp', 'shell:/tmp/large', folder, ...flags], 'plain');
		t.teardown(() => child.kill('SIGKILL'));
		await until(async () => hasBegun(folder));
		// It reads no more. The file is larger than all buffers on the way.
		child.kill('SIGSTOP');
		t.true(await isCopying());
		if (end === 'killed') {
			child.kill('SIGKILL');
		} else {
			cutter.reset();
		}

		await until(async () => !(await isCopying()), '', 120_000);
	});
}

const barePod = (name: string, spec: object = {}) => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {name},
	spec: {
		nodeName: 'n1',
		automountServiceAccountToken: false,
		terminationGracePeriodSeconds: 1,
		containers: [{name: 'app', image: bareImage, imagePullPolicy: 'Never', args: ['http', '-port=8080']}],
		...spec,
	},
});

test('files of a container without a shell are copied through a debug container', async t => {
	const cluster = await useCluster();
	await cluster.kubectl('off-direct', ['apply', '-f', '-'], {input: JSON.stringify(barePod('cp-bare'))});
	t.teardown(async () => cluster.kubectl('off-direct', ['delete', 'pod', 'cp-bare', '--now']));
	await cluster.kubectl('off-direct', ['wait', '--for=condition=Ready', 'pod/cp-bare', '--timeout=60s']);
	const {status, stderr} = await cluster.spoke('off-direct', ['cp', 'cp-bare:/bin', await temporaryDirectory(t)], {user: 'plain'});
	t.is(status, 1, stderr);
	t.regex(stderr, /pass --debug-image=busybox .*\[ERR_COMMAND_NOT_STARTED\]/);
	const folder = await temporaryDirectory(t);
	const through = async (...argv: string[]) => {
		const ended = await cluster.spoke('off-direct', ['cp', '-c', 'app', `--debug-image=${image}`, ...argv]);
		t.is(ended.status, 0, ended.stderr);
		return ended;
	};

	await through('cp-bare:/bin', join(folder, 'bin'));
	t.deepEqual(await readdir(join(folder, 'bin')), ['workload']);
	// The debug container has a /bin too, with other files.
	await mkdir(join(folder, 'links'));
	await symlink('/bin', join(folder, 'links/absolute'));
	await symlink('../links/absolute/../bin', join(folder, 'links/relative'));
	await through(join(folder, 'links'), 'cp-bare:/tmp');
	await writeFile(join(folder, 'sent'), 'sent');
	await through(join(folder, 'sent'), 'cp-bare:/tmp/links/absolute');
	await through('cp-bare:/tmp/links/relative', join(folder, 'back'));
	t.deepEqual((await readdir(join(folder, 'back'))).toSorted(), ['sent', 'workload']);
	const {stdout} = await cluster.kubectl('off-direct', ['get', 'pod', 'cp-bare', '-o', 'jsonpath={.spec.ephemeralContainers[*].name}']);
	t.regex(stdout, /^debugger-\w+$/, 'one container for all copies');
});

test('a shared process namespace does not make a copy take the files of another container', async t => {
	const cluster = await useCluster();
	await cluster.kubectl('off-direct', ['apply', '-f', '-'], {input: JSON.stringify(barePod('cp-shared', {shareProcessNamespace: true}))});
	t.teardown(async () => cluster.kubectl('off-direct', ['delete', 'pod', 'cp-shared', '--now']));
	await cluster.kubectl('off-direct', ['wait', '--for=condition=Ready', 'pod/cp-shared', '--timeout=60s']);
	const folder = await temporaryDirectory(t);
	const {status, stderr} = await cluster.spoke('off-direct', ['cp', 'cp-shared:/bin', folder, `--debug-image=${image}`]);
	t.is(status, 0, stderr);
	t.deepEqual(await readdir(folder), ['workload']);
});

test('the debug container of a killed copy ends by itself', async t => {
	const cluster = await useCluster();
	await cluster.kubectl('off-direct', ['apply', '-f', '-'], {input: JSON.stringify(barePod('cp-killed'))});
	t.teardown(async () => cluster.kubectl('off-direct', ['delete', 'pod', 'cp-killed', '--now']));
	await cluster.kubectl('off-direct', ['wait', '--for=condition=Ready', 'pod/cp-killed', '--timeout=60s']);
	const folder = await temporaryDirectory(t);
	await writeFile(join(folder, 'large'), randomBytes(200_000_000));
	const child = cluster.startSpoke('off-direct', ['cp', join(folder, 'large'), 'cp-killed:/tmp', `--debug-image=${image}`], 'admin');
	child.stdout.resume();
	child.stderr.resume();
	const state = async () =>
		(await cluster.kubectl('off-direct', ['get', 'pod', 'cp-killed', '-o', 'jsonpath={.status.ephemeralContainerStatuses[0].state}']))
			.stdout;
	await until(async () => (await state()).includes('running'), '', 60_000);
	child.kill('SIGKILL');
	await until(async () => (await state()).includes('"exitCode":0'), '', 300_000);
	t.pass();
});
