/** port-forward against the scripted peer, and its local listeners. */
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {createServer, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {listenOnLoopback} from '../../support/listen-on-loopback.ts';
import {dial, readToEnd} from '../../support/port-forward-run.ts';
import type {Program} from './programs.ts';
import {measured, type Fixture, type MeasuredRow} from './row.ts';

const against = 'scripted kubelet peer';

export const forwardRows: readonly MeasuredRow[] = [
	{
		row: 'F2',
		expected: 'apiserver down for 10 s: exec not 0; the local port stays bound and works within 3 s after (the test allows 9 s)',
		against,
		async measure(program, fixture) {
			const {kubeconfig, cutter} = await fixture.throughCutter();
			const execution = program.run(['exec', 'web', '-c', 'stall', '--', 'x'], {kubeconfig, limitMs: 30_000});
			const run = await program.forward(['pod/web', ':7000'], {kubeconfig, ports: 1});
			await sleep(1500);
			cutter.refuse(true);
			cutter.reset();
			await sleep(10_000);
			cutter.refuse(false);
			const returnedAt = performance.now();
			const {status} = await execution;
			let back: number | null = null;
			while (back === null && performance.now() - returnedAt < 15_000) {
				back = (await echoes(run.ports[0]!)) ? (performance.now() - returnedAt) / 1000 : null;
			}

			const ended = run.child.exitCode;
			await endOf(run);
			await cutter.stop();
			return measured(
				status !== 0 && status !== null && back !== null && back < 9,
				`exec: status ${status}; forward: ${back === null ? `never back${ended === null ? '' : `, ended with ${ended}`}` : `serves after ${back.toFixed(1)} s`}`,
			);
		},
	},
	{
		row: 'F12',
		expected: 'a refused port fails its own connection within 2 s, and another port works',
		against,
		async measure(program, fixture) {
			return forwarding(program, fixture, ['9999', '7000'], async ([refused, echo]) => {
				const startedAt = performance.now();
				const socket = await dial(refused!);
				socket.write('x');
				const {end} = await readToEnd(socket);
				const seconds = (performance.now() - startedAt) / 1000;
				await sleep(300);
				const works = await echoes(echo!);
				return measured(
					end === 'RST' && works && seconds < 6,
					`${end} after ${seconds.toFixed(1)} s; the other port ${works ? 'works' : 'is gone'}`,
				);
			});
		},
	},
	{
		row: 'F13',
		expected: 'after a hundred aborted downloads of 40 MB, a request takes ≤ 1 s (the test allows 3 s)',
		against: 'real cluster',
		needsLab: true,
		async measure(program, {lab}) {
			const run = await program.forward(['pod/tcp-0', '-n', 'demo', ':7001', ':7000'], {
				kubeconfig: lab!.kubeconfig('off-direct'),
				ports: 2,
			});
			for (let time = 0; time < 100; time++) {
				const socket = await dial(run.ports[0]!);
				socket.write('40000000\n');
				await Promise.race([once(socket, 'data'), once(socket, 'close'), sleep(2000)]);
				socket.resetAndDestroy();
			}

			const startedAt = performance.now();
			const works = await echoes(run.ports[1]!);
			const seconds = (performance.now() - startedAt) / 1000;
			const ended = run.child.exitCode;
			await endOf(run);
			return measured(
				works && seconds < 3,
				works
					? `the next after ${(seconds * 1000).toFixed(0)} ms`
					: `the next gets no answer${ended === null ? ' in 5 s' : `: ended with ${ended}`}`,
			);
		},
	},
	{
		row: 'F14',
		expected: 'a stream that breaks in the pod resets the client',
		against,
		async measure(program, fixture) {
			return forwarding(program, fixture, ['7004'], async ([port]) => {
				const socket = await dial(port!);
				socket.write('x');
				const {end} = await readToEnd(socket);
				return measured(end === 'RST', end);
			});
		},
	},
	{
		row: 'F15',
		expected: 'half-close: a response after the client’s FIN; 50 MiB sent after the pod’s FIN',
		against,
		async measure(program, fixture) {
			return forwarding(program, fixture, ['7001', '7002', '7003'], async ([answers, endsFirst, tells]) => {
				const sent = Buffer.alloc(1_000_000, 'half');
				const asking = await dial(answers!);
				asking.end(sent);
				const answer = (await Promise.race([readToEnd(asking), sleep(10_000, {bytes: Buffer.alloc(0)})])).bytes.toString();
				const answered = answer.includes(createHash('sha256').update(sent).digest('hex'));
				const big = Buffer.alloc(50 << 20, 'up');
				const up = await dial(endsFirst!);
				await Promise.race([readToEnd(up), sleep(5000)]);
				up.end(big);
				// A reset of the client shows in what the pod received.
				await Promise.race([once(up, 'close').catch(() => undefined), sleep(20_000)]);
				const wanted = createHash('sha256').update(big).digest('hex');
				let whole = false;
				for (const limit = performance.now() + 20_000; !whole && performance.now() < limit; await sleep(200)) {
					const telling = await dial(tells!).catch(() => null);
					const told = telling ? (await Promise.race([readToEnd(telling), sleep(3000, {bytes: Buffer.alloc(0)})])).bytes.toString() : '';
					whole = told.includes(wanted);
				}

				return measured(answered && whole, `answer ${answered ? 'came' : 'lost'}; 50 MiB ${whole ? 'whole' : 'not whole'}`);
			});
		},
	},
	{
		row: 'F16',
		expected: 'a pod killed during a transfer: RST within 5 s (the test allows 15 s), reported as gone, exit status not 0',
		against: 'real cluster',
		needsLab: true,
		async measure(program, {lab}) {
			const name = `gone-${program.name}`;
			const pod = {
				apiVersion: 'v1',
				kind: 'Pod',
				metadata: {name, namespace: 'demo'},
				spec: {
					nodeName: 'n1',
					automountServiceAccountToken: false,
					terminationGracePeriodSeconds: 0,
					containers: [{name: 'tcp', image: 'spoke.test/lab:1', imagePullPolicy: 'Never', command: ['/bin/workload'], args: ['tcp']}],
				},
			};
			await lab!.kubectl('off-direct', ['apply', '-f', '-'], {input: JSON.stringify(pod)});
			await lab!.kubectl('off-direct', ['wait', '-n', 'demo', '--for=condition=Ready', `pod/${name}`, '--timeout=30s']);
			const run = await program.forward([`pod/${name}`, '-n', 'demo', ':7000'], {kubeconfig: lab!.kubeconfig('off-direct'), ports: 1});
			const socket = await dial(run.ports[0]!);
			const writing = setInterval(() => socket.write(Buffer.alloc(10_000)), 10);
			socket.resume();
			await once(socket, 'data');
			const startedAt = performance.now();
			const ending = Promise.race([
				once(socket, 'end').then(() => 'FIN'),
				new Promise<string>(resolve => {
					socket.on('error', () => {
						resolve('RST');
					});
				}),
				sleep(20_000, 'nothing'),
			]);
			await lab!.kubectl('off-direct', ['delete', 'pod', '-n', 'demo', name, '--wait=false', '--grace-period=0', '--force']);
			const end = await ending;
			const seconds = (performance.now() - startedAt) / 1000;
			clearInterval(writing);
			const status = await Promise.race([run.ended, sleep(10_000, 'still runs' as const)]);
			await endOf(run);
			return measured(
				end === 'RST' && seconds < 15 && typeof status === 'number' && status !== 0,
				`${end} after ${seconds.toFixed(1)} s; ${status === 'still runs' ? status : `status ${status}`}`,
			);
		},
	},
	{
		row: 'F18',
		waits: true,
		expected: 'stopped by SIGSTOP for a minute with an open connection: works within 5 s after SIGCONT',
		against,
		async measure(program, fixture) {
			return forwarding(program, fixture, ['7000'], async ([port], {child}) => {
				const socket = await dial(port!);
				socket.write('before');
				await once(socket, 'data');
				child.kill('SIGSTOP');
				await sleep(60_000);
				child.kill('SIGCONT');
				const startedAt = performance.now();
				socket.write('after');
				const same = await Promise.race([
					once(socket, 'data').then(([piece]) => String(piece)),
					once(socket, 'close').then(() => 'closed'),
					sleep(15_000, 'nothing'),
				]);
				const next = await echoes(port!);
				const seconds = (performance.now() - startedAt) / 1000;
				return measured(
					same === 'after' && next && seconds < 15,
					`the open connection: ${same === 'after' ? 'goes on' : same}; a new one ${next ? 'works' : 'does not'}, after ${seconds.toFixed(1)} s`,
				);
			});
		},
	},
	{
		row: 'F19',
		expected: 'a port in use: exit status not 0, port and family named',
		against,
		async measure(program, {peer}) {
			const holder = createServer();
			const port = await listenOnLoopback(holder);
			const {status, stderr, seconds} = await program.run(['port-forward', '--address', '127.0.0.1', 'pod/web', `${port}:7000`], {
				kubeconfig: peer.kubeconfig,
				limitMs: 15_000,
			});
			holder.close();
			const named = stderr.includes(String(port)) && /IPv4|tcp4|127\.0\.0\.1/.test(stderr);
			return measured(
				status !== 0 && status !== null && named,
				`status ${status} after ${seconds.toFixed(1)} s, ${named ? 'named' : 'not named'}`,
			);
		},
	},
	{
		row: 'F20',
		expected: 'INT, TERM and HUP with 20 live connections: exits within 2 s (the test allows 6 s)',
		against,
		async measure(program, {peer}) {
			const texts: string[] = [];
			let right = true;
			for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
				const run = await program.forward(['pod/web', ':7000'], {kubeconfig: peer.kubeconfig, ports: 1});
				const sockets = await Promise.all(Array.from({length: 20}, async () => dial(run.ports[0]!)));
				await Promise.all(
					sockets.map(async socket => {
						socket.write('x');
						await Promise.race([once(socket, 'data'), sleep(5000)]);
					}),
				);
				const startedAt = performance.now();
				run.child.kill(signal);
				const status = await Promise.race([run.ended, sleep(10_000, 'still runs' as const)]);
				const seconds = (performance.now() - startedAt) / 1000;
				right &&= status !== 'still runs' && seconds < 6;
				texts.push(`${signal.slice(3)}: ${status ?? 'killed by it'} after ${seconds.toFixed(1)} s`);
				for (const socket of sockets) {
					socket.destroy();
				}

				await endOf(run);
			}

			return measured(right, texts.join(', '));
		},
	},
];

async function forwarding<Result>(
	program: Program,
	{peer}: Fixture,
	remote: readonly string[],
	use: (ports: number[], run: Awaited<ReturnType<Program['forward']>>) => Promise<Result>,
): Promise<Result> {
	const run = await program.forward(['pod/web', ...remote.map(port => `:${port}`)], {kubeconfig: peer.kubeconfig, ports: remote.length});
	try {
		return await use(run.ports, run);
	} finally {
		await endOf(run);
	}
}

async function endOf({child, ended}: Awaited<ReturnType<Program['forward']>>): Promise<void> {
	child.kill('SIGKILL');
	await ended;
}

async function echoes(port: number): Promise<boolean> {
	let socket: Socket;
	try {
		socket = await dial(port);
	} catch {
		await sleep(100);
		return false;
	}

	socket.write('echo');
	const answer = await Promise.race([
		once(socket, 'data').then(([piece]) => String(piece)),
		once(socket, 'close').then(() => ''),
		sleep(5000, ''),
	]);
	socket.destroy();
	return answer === 'echo';
}
