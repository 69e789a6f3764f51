/** Open streams when Konnectivity agents die. */
import {connect} from 'node:net';
import {createInterface} from 'node:readline';
import test from 'ava';
import {killAgents} from './lab/faults.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {waitFor} from './lab/wait.ts';
import {useCluster} from './support/cluster.ts';

const tunnelTest = hasKonnectivity ? test : test.skip;

tunnelTest('an exec whose agent dies exits 125 and reports leg 2', async t => {
	const cluster = await useCluster({postures: ['off-grpc']});
	const child = cluster.startSpoke('off-grpc', ['exec', 'shell', '--', 'sh', '-c', 'echo begun; sleep 60'], 'plain');
	let stderr = '';
	child.stderr.on('data', (chunk: Buffer) => {
		stderr += chunk.toString();
	});
	const ended = new Promise<number | null>(resolve => {
		child.once('close', resolve);
	});
	await new Promise(resolve => {
		child.stdout.once('data', resolve);
	});
	const killed = Date.now();
	await killAgents(cluster.lab, 'grpc');
	t.is(await ended, 125, stderr);
	t.true(Date.now() - killed < 15_000);
	t.regex(stderr, /leg 2.*\[ERR_STREAM_LOST\]/);
});

tunnelTest("a forward's listener stays open without agents and works again when they return", async t => {
	const cluster = await useCluster({postures: ['off-grpc']});
	// An earlier test may have killed the agents, and a forward that cannot start ends, as kubectl's does.
	await waitFor('the agents to return', async () => (await cluster.kubectl('off-grpc', ['logs', 'tcp-0', '--tail=1'])).status === 0, {
		limitMs: 90_000,
	});
	const child = cluster.startSpoke('off-grpc', ['port-forward', 'tcp-0', ':7000', '-o', 'json'], 'plain');
	t.teardown(() => child.kill('SIGKILL'));
	let stderr = '';
	child.stderr.on('data', (chunk: Buffer) => {
		stderr += chunk.toString();
	});
	const port = await new Promise<number>((resolve, reject) => {
		child.once('close', () => {
			reject(new Error(`ended before it was ready: ${stderr}`));
		});
		createInterface({input: child.stdout}).on('line', line => {
			const {event, listen} = JSON.parse(line) as {event: string; listen?: Array<{port: number}>};
			if (event === 'ready') {
				resolve(listen?.[0]?.port ?? 0);
			}
		});
	});
	t.is(await echo(port), 'again');
	await killAgents(cluster.lab, 'grpc');
	// The kubelet restarts a killed agent later each time.
	t.is(await waitFor('an echo again', async () => (await echo(port)) === 'again' && 'again', {limitMs: 90_000}), 'again');
	child.kill('SIGINT');
	t.is(
		await new Promise(resolve => {
			child.once('close', resolve);
		}),
		0,
		stderr,
	);
});

async function echo(port: number): Promise<string> {
	return new Promise((resolve, reject) => {
		const socket = connect(port, '127.0.0.1', () => socket.write('again'));
		socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
		socket.once('data', data => {
			socket.destroy();
			resolve(data.toString());
		});
		socket.once('end', () => {
			resolve('');
		});
		socket.once('error', reject);
	});
}
