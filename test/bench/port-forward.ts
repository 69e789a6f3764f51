/** Port-forward beside kubectl: until announced, first byte, echo, MiB/s both ways, 300 connections at once, resident memory. */
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {createInterface} from 'node:readline';
import {benchEnvironment, median, pause, quantile, usageOf, type Figures, type Group, type Program} from './measure.ts';

/** Ports of the lab's pod tcp-0: echo, a source of as many bytes as asked for, a sink that counts. */
const pod = 'tcp-0';
const remote = {echo: 7000, source: 7001, sink: 7002} as const;

type Forward = {port: (which: keyof typeof remote) => number; announcedMs: number; child: ChildProcess; stop: () => Promise<void>};

const both = ['spoke', 'kubectl'] as const;

export const portForwardGroups: readonly Group[] = [
	{name: 'port-forward: time until ready', programs: both, measure: start},
	{name: 'port-forward echo', programs: both, isSlow: true, measure: echo},
	{name: 'port-forward throughput', programs: both, isSlow: true, measure: throughput},
	{name: 'port-forward 300 connections', programs: [...both, 'floor'], isSlow: true, measure: manyConnections},
	{name: 'port-forward 10,000 connections', programs: both, isSlow: true, measure: shortConnections},
];

async function forward({name, command}: Program): Promise<Forward> {
	const ports = Object.values(remote);
	const args =
		name === 'floor'
			? ['demo', pod, 'forward', ...ports.map(String)]
			: ['port-forward', '--address', '127.0.0.1', `pod/${pod}`, ...ports.map(port => `:${port}`)];
	const began = performance.now();
	const child = spawn(command[0]!, [...command.slice(1), ...args], {stdio: ['ignore', 'pipe', 'inherit'], env: benchEnvironment()});
	const localPorts = new Map<number, number>();
	let announcedMs = 0;
	const lines = createInterface({input: child.stdout});
	await new Promise<void>((resolve, reject) => {
		child.once('exit', status => {
			reject(new Error(`${command.join(' ')} ended with ${status}`));
		});
		lines.on('line', line => {
			const match = /^Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)$/.exec(line);
			if (!match) {
				return;
			}

			announcedMs ||= performance.now() - began;
			localPorts.set(Number(match[2]), Number(match[1]));
			if (localPorts.size === ports.length) {
				resolve();
			}
		});
	});
	return {
		child,
		announcedMs,
		port: which => localPorts.get(remote[which])!,
		async stop() {
			child.removeAllListeners('exit');
			child.kill('SIGINT');
			await once(child, 'exit');
		},
	};
}

async function start(program: Program): Promise<Figures> {
	const running = await forward(program);
	const firstByteMs = await timed(async () => useOnce(running));
	const resident = await residentMiB(running.child);
	await running.stop();
	return new Map([
		['announced, ms', running.announcedMs],
		['first byte on the first connection, ms', firstByteMs],
		['resident, MiB', resident],
	]);
}

async function echo(program: Program): Promise<Figures> {
	const running = await forward(program);
	await pause(300);
	const fresh: number[] = [];
	for (let index = 0; index < 20; index++) {
		fresh.push(await timed(async () => useOnce(running)));
		await pause(60);
	}

	const socket = await open(running.port('echo'));
	const times: number[] = [];
	for (let index = 0; index < 2000; index++) {
		const began = performance.now();
		socket.write('0123456789abcdef');
		await once(socket, 'data');
		times.push(performance.now() - began);
	}

	socket.destroy();
	const resident = await residentMiB(running.child);
	await running.stop();
	return new Map([
		['first byte on a fresh connection p50, ms', median(fresh)],
		['echo p50, ms', median(times)],
		['echo p99, ms', quantile(times, 0.99)],
		['resident, MiB', resident],
	]);
}

async function throughput(program: Program): Promise<Figures> {
	const running = await forward(program);
	await pause(200);
	const size = 256 * 1024 * 1024;
	const down = await timed(async () => download(running.port('source'), size));
	const up = await timed(async () => upload(running.port('sink'), size));
	const usage = await usageOf(running.child.pid!);
	await running.stop();
	return new Map([
		['one stream down, MiB/s', size / 1048.576 / down],
		['one stream up, MiB/s', size / 1048.576 / up],
		['CPU for both, s', usage?.cpuS ?? NaN],
		['resident at most, MiB', usage?.mostResidentMiB ?? NaN],
	]);
}

async function manyConnections(program: Program): Promise<Figures> {
	const running = await forward(program);
	await pause(300);
	const before = await usageOf(running.child.pid!);
	const ms = await timed(async () => {
		await Promise.all(Array.from({length: 300}, async () => useOnce(running)));
	});
	await pause(1500);
	return usageSince(running, before, [['300 connections at once, ms', ms]]);
}

/** One after the other, in twenty rows. */
async function shortConnections(program: Program): Promise<Figures> {
	const running = await forward(program);
	await pause(300);
	const before = await usageOf(running.child.pid!);
	let left = 10_000;
	const ms = await timed(async () => {
		await Promise.all(
			Array.from({length: 20}, async () => {
				for (; left > 0; left--) {
					await useOnce(running);
				}
			}),
		);
	});
	return usageSince(running, before, [['10,000 connections, s', ms / 1000]]);
}

async function useOnce(running: Forward): Promise<void> {
	const socket = await open(running.port('echo'));
	socket.write('x');
	await once(socket, 'data');
	socket.destroy();
}

async function usageSince(
	running: Forward,
	before: Awaited<ReturnType<typeof usageOf>>,
	rows: ReadonlyArray<[string, number]>,
): Promise<Figures> {
	const after = await usageOf(running.child.pid!);
	await running.stop();
	return new Map([
		...rows,
		['CPU, s', (after?.cpuS ?? NaN) - (before?.cpuS ?? NaN)],
		['resident at most, MiB', after?.mostResidentMiB ?? NaN],
	]);
}

async function download(port: number, size: number): Promise<void> {
	const socket = await open(port);
	socket.write(`${size}\n`);
	let seen = 0;
	await new Promise<void>((resolve, reject) => {
		socket.on('data', (chunk: Buffer) => {
			seen += chunk.length;
			if (seen >= size) {
				resolve();
			}
		});
		socket.once('error', reject);
		socket.once('end', () => {
			if (seen < size) {
				reject(new Error(`only ${seen} of ${size} bytes came`));
			}
		});
	});
	socket.destroy();
}

async function upload(port: number, size: number): Promise<void> {
	const socket = await open(port);
	const piece = Buffer.alloc(256 * 1024, 7);
	for (let sent = 0; sent < size; sent += piece.length) {
		if (!socket.write(piece)) {
			await once(socket, 'drain');
		}
	}

	const ended = once(socket, 'close');
	socket.on('error', () => undefined);
	socket.resume();
	socket.end();
	await ended;
}

async function open(port: number): Promise<Socket> {
	const socket = connect({port, host: '127.0.0.1', noDelay: true});
	await once(socket, 'connect');
	return socket;
}

async function timed(work: () => Promise<void>): Promise<number> {
	const began = performance.now();
	await work();
	return performance.now() - began;
}

async function residentMiB({pid}: ChildProcess): Promise<number> {
	return (await usageOf(pid!))?.residentMiB ?? NaN;
}
