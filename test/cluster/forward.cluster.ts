/** `spoke port-forward` on the real cluster: one connection's end ends only itself, a service outlives its pod, and kubectl's message stays. */
import type {ChildProcessWithoutNullStreams} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {connect} from 'node:net';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {killAgents, restartApiserver} from './lab/faults.ts';
import {konnectivityGiven} from './lab/programs.ts';
import {waitFor} from './lab/wait.ts';
import {useCluster, type Cluster, type Place} from './support/cluster.ts';

const tunnelTest = konnectivityGiven ? test : test.skip;

test('the lines that people grep stay, and INT ends with 0', async t => {
	const cluster = await useCluster();
	const child = cluster.startSpoke('off-direct', ['port-forward', 'tcp-0', ':7000'], 'plain');
	const lines = createInterface({input: child.stdout});
	const first = await new Promise<string>(resolve => {
		lines.once('line', resolve);
	});
	t.regex(first, /^Forwarding from (127\.0\.0\.1|\[::1]):\d+ -> 7000$/);
	child.kill('SIGINT');
	t.is(await ending(child), 0);
});

tunnelTest('megabytes go both ways unchanged, by every route', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'good-direct', 'off-grpc', 'off-http']});
	for (const place of ['off-direct', 'good-direct', 'off-grpc', 'off-http'] as const) {
		await forwarding(t, cluster, place, ['tcp-0', ':7000', ':7001', ':7002'], async ([echo, source]) => {
			t.is((await exchange(echo, 'hello', 5)).toString(), 'hello', place);
			const received = await exchange(source, '20000000\n', 20_000_000);
			const block = Buffer.from(Array.from({length: 65_536}, (_, index) => (index * 7) & 255));
			const expected = createHash('sha256');
			for (let left = 20_000_000; left > 0; left -= block.length) {
				expected.update(block.subarray(0, Math.min(left, block.length)));
			}

			t.is(createHash('sha256').update(received).digest('hex'), expected.digest('hex'), place);
			const sent = randomBytes(4_000_000);
			const back = await exchange(echo, sent, sent.length);
			t.true(back.equals(sent), place);
		});
	}
});

test('a refused port and a reset end only their own connection', async t => {
	const cluster = await useCluster();
	await forwarding(t, cluster, 'off-direct', ['tcp-0', ':7000', ':9999', ':7003'], async ([echo, refused, resets], events) => {
		const held = connect(echo, '127.0.0.1');
		await exchange(refused, 'x', 1).catch(() => undefined);
		await exchange(resets, 'x', 1).catch(() => undefined);
		t.is((await exchange(echo, 'still', 5)).toString(), 'still');
		held.write('held');
		t.is((await new Promise<Buffer>(resolve => {
			held.once('data', resolve);
		})).toString(), 'held');
		held.destroy();
		await waitFor('the failure event', async () => events.some(({event, error}) => event === 'connection-failed' && /refused/.test(JSON.stringify(error))));
	});
});

test('a service moves to another pod when its pod goes; a named pod says that it is gone', async t => {
	const cluster = await useCluster();
	await forwarding(t, cluster, 'off-direct', ['svc/web', ':80'], async ([port], events) => {
		const get = async () => (await exchange(port, 'GET / HTTP/1.0\r\n\r\n')).toString();
		const first = /hello from (\S+)/.exec(await get())?.[1] ?? '';
		await cluster.kubectl('off-direct', ['delete', 'pod', first, '--now', '--wait=false']);
		await waitFor('the move', async () => events.some(({event}) => event === 'moved'), {limitMs: 20_000});
		const second = await waitFor('an answer of another pod', async () => /hello from (\S+)/.exec(await get())?.[1]);
		t.not(second, first);
	});

	await cluster.kubectl('off-direct', ['run', 'fleeting', '--image=spoke.test/lab:1', '--image-pull-policy=Never', '--restart=Never', '--overrides={"spec":{"automountServiceAccountToken":false}}', '--', 'tcp']);
	await cluster.kubectl('off-direct', ['wait', '--for=condition=Ready', 'pod/fleeting', '--timeout=30s']);
	const child = cluster.startSpoke('off-direct', ['port-forward', 'pod/fleeting', ':7000'], 'admin');
	await new Promise(resolve => {
		child.stdout.once('data', resolve);
	});
	await cluster.kubectl('off-direct', ['delete', 'pod', 'fleeting', '--now']);
	t.is(await ending(child), 12);
});

tunnelTest('listeners outlive an apiserver and an agent', async t => {
	const cluster = await useCluster({postures: ['restarted', 'off-grpc']});
	const again = async (port: number, limitMs: number) => waitFor('an echo again', async () => (await exchange(port, 'again', 5)).toString() === 'again', {limitMs});
	await forwarding(t, cluster, 'restarted', ['tcp-0', ':7000'], async ([port]) => {
		await again(port, 1000);
		await restartApiserver(cluster.lab, 'restarted');
		await t.notThrowsAsync(again(port, 10_000));
	});
	await forwarding(t, cluster, 'off-grpc', ['tcp-0', ':7000'], async ([port]) => {
		await again(port, 1000);
		await killAgents(cluster.lab, 'grpc');
		await sleep(500);
		// The kubelet starts a killed agent again, later each time it happens.
		await t.notThrowsAsync(again(port, 60_000));
	});
});

type Event = {event: string; listen?: Array<{port: number}>; error?: unknown};
type Ports = [number, number, number];

/** Runs `work` with the local ports of a forward, then ends it by INT and expects 0. */
async function forwarding(t: ExecutionContext, cluster: Cluster, place: Place, args: string[], work: (ports: Ports, events: readonly Event[]) => Promise<void>): Promise<void> {
	const child = cluster.startSpoke(place, ['port-forward', ...args, '-o', 'json'], 'plain');
	const events: Event[] = [];
	let stderr = '';
	createInterface({input: child.stdout}).on('line', line => events.push(JSON.parse(line) as Event));
	child.stderr.on('data', (chunk: Buffer) => {
		stderr += chunk.toString();
	});
	try {
		await waitFor('all forwards ready', async () => events.some(({event}) => event === 'all-ready'), {limitMs: 15_000}).catch((error: unknown) => {
			throw new Error(`${String(error)}: ${stderr} ${JSON.stringify(events)}`);
		});
		const ports = events.filter(({event}) => event === 'ready').map(({listen}) => listen?.[0]?.port ?? 0);
		await work(ports as Ports, events);
	} finally {
		child.kill('SIGINT');
	}

	t.is(await ending(child), 0, stderr);
	t.is(events.at(-1)?.event, 'ended');
}

/** Sends and resolves with what came back: `count` bytes, or all to the end. */
async function exchange(port: number, sent: string | Buffer, count = Number.POSITIVE_INFINITY): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		let length = 0;
		const socket = connect(port, '127.0.0.1', () => socket.write(sent));
		socket.setTimeout(30_000, () => socket.destroy(new Error('no answer within 30 s')));
		socket.on('data', chunk => {
			chunks.push(chunk);
			length += chunk.length;
			if (length >= count) {
				socket.destroy();
				resolve(Buffer.concat(chunks));
			}
		});
		socket.on('end', () => {
			resolve(Buffer.concat(chunks));
		});
		socket.on('error', reject);
	});
}

async function ending(child: ChildProcessWithoutNullStreams): Promise<number | null> {
	if (child.exitCode !== null) {
		return child.exitCode;
	}

	const limit = setTimeout(() => child.kill('SIGKILL'), 20_000);
	return new Promise(resolve => {
		child.once('close', code => {
			clearTimeout(limit);
			resolve(code);
		});
	});
}
