/** `spoke cp` by every route, beside kubectl, and over a connection that is lost. */
import {createHash, randomBytes} from 'node:crypto';
import {mkdir, readdir, readFile, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {startTcpCutter, type TcpCutter} from '../support/tcp-cutter.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {until} from '../support/until.ts';
import {image} from './lab/image.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {barePod} from './lab/workloads.ts';
import {apiserverOf, useCluster} from './support/cluster.ts';

const servers = ['off-direct', 'good-direct', ...(hasKonnectivity ? (['off-grpc', 'off-http'] as const) : [])] as const;
const cluster = await useCluster({postures: servers});
// Larger than all buffers on the way.
const large = '/tmp/large';
await cluster.kubectl('off-direct', ['exec', 'shell', '--', 'sh', '-c', `dd if=/dev/urandom of=${large} bs=65536 count=1024 2>/dev/null`]);

const remoteSum = async (path: string) => (await cluster.kubectl('off-direct', `exec shell -- sha256sum ${path}`)).stdout.slice(0, 64);
const sumOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test.serial('a directory goes to a container and comes back the same, by every route', async t => {
	const folder = await temporaryDirectory(t);
	const source = join(folder, 'tree');
	await mkdir(join(source, 'sub'), {recursive: true});
	const files = new Map([
		['big', randomBytes(4_000_000)],
		['sub/with space\n$(id)', randomBytes(1000)],
		['sub/none', Buffer.alloc(0)],
	]);
	for (const [name, content] of files) {
		await writeFile(join(source, name), content);
	}

	await symlink('../big', join(source, 'sub/link'));
	await Promise.all(
		servers.map(async server => {
			const there = `/tmp/cp-${server}`;
			const sent = await cluster.spoke(server, ['cp', source, `shell:${there}`, '--path=always'], {user: 'plain'});
			t.is(sent.status, 0, sent.stderr);
			t.regex(sent.stderr, /^path: you/m);
			t.is(await remoteSum(`${there}/big`), sumOf(files.get('big')!));
			const here = join(folder, server);
			const received = await cluster.spoke(server, ['cp', `shell:${there}`, here], {user: 'plain'});
			t.is(received.status, 0, received.stderr);
			for (const [name, content] of files) {
				t.true(content.equals(await readFile(join(here, name))), `${server} ${name}`);
			}

			const byKubectl = join(folder, `${server}-kubectl`);
			await cluster.kubectl(server, ['cp', `shell:${there}`, byKubectl]);
			t.true(files.get('big')!.equals(await readFile(join(byKubectl, 'big'))), 'as kubectl receives it');
		}),
	);
});

/** A relay between spoke and the apiserver, with the flags for a way through it. */
async function startCutter(t: ExecutionContext): Promise<{cutter: TcpCutter; flags: readonly string[]}> {
	const server = await apiserverOf(cluster, 'off-direct');
	const cutter = await startTcpCutter(server);
	t.teardown(async () => cutter.stop());
	return {cutter, flags: ['--server', `https://${cutter.address}`, '--tls-server-name', server.split(':')[0]!]};
}

/** Resolves when the copy has begun; it reads no more. */
async function stopReading(child: {kill(signal: 'SIGSTOP'): boolean}, folder: string): Promise<void> {
	await until(async () => (await readdir(folder)).some(name => name.startsWith('.spoke-cp-')));
	child.kill('SIGSTOP');
}

test.serial('a copy from a container survives the loss of its connection', async t => {
	const {cutter, flags} = await startCutter(t);
	const folder = await temporaryDirectory(t);
	const {child, ended, stdout, stderr} = cluster.startSpoke(
		'off-direct',
		['cp', `shell:${large}`, folder, ...flags, '-o', 'json'],
		'plain',
	);
	await stopReading(child, folder);
	cutter.reset();
	child.kill('SIGCONT');
	t.is(await ended, 0, stdout() + stderr());
	t.is(sumOf(await readFile(join(folder, 'large'))), await remoteSum(large));
	t.is((JSON.parse(stdout().trim().split('\n').at(-1)!) as {losses: number}).losses, 1);
});

test.serial('a copy that is killed or cut while the container’s output is blocked leaves no process', async t => {
	const copies = async () => {
		const {stdout} = await cluster.kubectl('off-direct', ['exec', 'shell', '--', 'sh', '-c', 'cat /proc/[0-9]*/cmdline']);
		return stdout.split('\0spoke-cp\0').length - 1;
	};

	const [killed, cut] = await Promise.all(
		[0, 1].map(async () => {
			const {cutter, flags} = await startCutter(t);
			const folder = await temporaryDirectory(t);
			const {child} = cluster.startSpoke('off-direct', ['cp', `shell:${large}`, folder, ...flags], 'plain');
			t.teardown(() => child.kill('SIGKILL'));
			await stopReading(child, folder);
			return {cutter, child};
		}),
	);
	t.true((await copies()) >= 2);
	killed!.child.kill('SIGKILL');
	cut!.cutter.reset();
	await until(async () => (await copies()) === 0, copies, 120_000);
});

async function startBarePod(t: ExecutionContext, name: string, more: object = {}): Promise<void> {
	await cluster.apply(barePod(name, more));
	t.teardown(async () => cluster.kubectl('off-direct', `delete pod ${name} --wait=false`));
}

test('files of a container without a shell are copied through a debug container', async t => {
	await startBarePod(t, 'cp-bare');
	const {status, stderr} = await cluster.spoke('off-direct', ['cp', 'cp-bare:/bin', await temporaryDirectory(t)], {user: 'plain'});
	t.is(status, 1, stderr);
	t.regex(stderr, /pass --debug-image=busybox .*\[ERR_COMMAND_NOT_STARTED\]/);
	const folder = await temporaryDirectory(t);
	const through = async (...argv: string[]) => {
		const ended = await cluster.spoke('off-direct', ['cp', '-c', 'app', `--debug-image=${image}`, ...argv]);
		t.is(ended.status, 0, ended.stderr);
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
	const {stdout} = await cluster.kubectl('off-direct', 'get pod cp-bare -o jsonpath={.spec.ephemeralContainers[*].name}');
	t.regex(stdout, /^debugger-\w+$/, 'one container for all copies');
});

test('a shared process namespace does not make a copy take the files of another container', async t => {
	await startBarePod(t, 'cp-shared', {shareProcessNamespace: true});
	const folder = await temporaryDirectory(t);
	const {status, stderr} = await cluster.spoke('off-direct', ['cp', 'cp-shared:/bin', folder, `--debug-image=${image}`]);
	t.is(status, 0, stderr);
	t.deepEqual(await readdir(folder), ['workload']);
});

test('the debug container of a killed copy ends by itself', async t => {
	await startBarePod(t, 'cp-killed');
	const file = join(await temporaryDirectory(t), 'large');
	await writeFile(file, randomBytes(64 << 20));
	const {child} = cluster.startSpoke('off-direct', ['cp', file, 'cp-killed:/tmp', `--debug-image=${image}`]);
	const state = async () =>
		(await cluster.kubectl('off-direct', 'get pod cp-killed -o jsonpath={.status.ephemeralContainerStatuses[0].state}')).stdout;
	await until(async () => (await state()).includes('running'), state, 60_000);
	child.kill('SIGKILL');
	await until(async () => (await state()).includes('"exitCode":0'), state, 300_000);
	t.pass();
});
