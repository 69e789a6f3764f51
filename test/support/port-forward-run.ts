/** A run of `spoke port-forward -o json`, validated against the schema. */
import {spawn, type ChildProcess} from 'node:child_process';
import {connect, type Socket} from 'node:net';
import {once} from 'node:events';
import process from 'node:process';
import {createInterface} from 'node:readline';
import type {ExecutionContext} from 'ava';
import {collected} from './duplex-sides.ts';
import {builtProgram} from './run-spoke.ts';
import {schemaFaults} from './schemas.ts';
import {until as untilHolds} from './until.ts';

type PodFacts = {asked: string; namespace: string; name: string; uid: string};

/** The schema says which event has which fields; tests ask only for those of their event. */
export type EventLine = Record<string, unknown> & {
	event: string;
	forward: string | null;
	target: PodFacts;
	from: PodFacts;
	to: PodFacts;
	outageMs: number;
	totals: {connections: number; failed: number};
	error: {code: string; leg: number; text: string; remedy: string | null};
	path: {target: PodFacts; phase: string; line: string; legs: Array<{route: {state: string}}>};
};

export type PortForwardRun = {
	readonly events: readonly EventLine[];
	readonly stderr: () => string;
	readonly child: ChildProcess;
	/** Includes past events. */
	until(fits: (event: EventLine) => boolean, limitMs?: number): Promise<EventLine>;
	/** Waits until all are ready. */
	port(number?: number): Promise<number>;
	ended: Promise<number | null>;
	faults(): string[];
	/** So far. */
	of(event: string): EventLine[];
};

export type PortForwardRunOptions = {env: NodeJS.ProcessEnv; command?: readonly string[]};

/** Ends with `t`, if given. */
export async function runPortForward(
	args: readonly string[],
	{env, command = [process.execPath, builtProgram]}: PortForwardRunOptions,
	t?: Pick<ExecutionContext, 'teardown'>,
): Promise<PortForwardRun> {
	const child = spawn(command[0]!, [...command.slice(1), 'port-forward', '-o', 'json', ...args], {env, stdio: ['ignore', 'pipe', 'pipe']});
	t?.teardown(() => {
		child.kill('SIGKILL');
	});
	const events: EventLine[] = [];
	const broken: string[] = [];
	let stderr = '';
	child.stderr.on('data', (chunk: Buffer) => {
		stderr += chunk.toString();
	});
	createInterface({input: child.stdout}).on('line', line => {
		const event = JSON.parse(line) as EventLine;
		broken.push(...schemaFaults(event).map(fault => `${line.slice(0, 200)}: ${fault}`));
		events.push(event);
	});
	const ended = once(child, 'close').then(([status]) => status as number | null);
	const until = async (fits: (event: EventLine) => boolean, limitMs = 40_000): Promise<EventLine> =>
		untilHolds(
			() => events.find(event => fits(event)),
			() => `${events.map(({event}) => event).join(', ')}; stderr: ${stderr}`,
			limitMs,
		);
	return {
		events,
		child,
		ended,
		until,
		stderr: () => stderr,
		async port(number = 1) {
			const ready = await until(({event, forward}) => event === 'ready' && forward === `f${number}`);
			return (ready['listen'] as Array<{port: number}>)[0]!.port;
		},
		of: name => events.filter(({event}) => event === name),
		faults: () => [...broken, ...contractFaults(events)],
	};
}

/** `ready` once per forward and before its connections, `all-ready` once, one closed or failed for each opened, `ended` last. */
function contractFaults(events: readonly EventLine[]): string[] {
	const faults: string[] = [];
	const ready = new Set<string>();
	const open = new Set<string>();
	for (const event of events) {
		const connection = event['connection'] as string;
		if (event.event === 'ready') {
			faults.push(...(ready.has(event.forward!) ? [`${event.forward} is ready twice`] : []));
			ready.add(event.forward!);
		} else if (event.event === 'connection-opened') {
			faults.push(
				...(ready.has(event.forward!) ? [] : [`${connection} before ready`]),
				...(open.has(connection) ? [`${connection} opened twice`] : []),
			);
			open.add(connection);
		} else if ((event.event === 'connection-closed' || event.event === 'connection-failed') && !open.delete(connection)) {
			faults.push(`${connection} ended without being open`);
		}
	}

	const last = events.at(-1);
	faults.push(...(last?.event === 'ended' ? [] : ['ended is not the last']), ...[...open].map(connection => `${connection} never ended`));
	if (ready.size > 0 && events.filter(({event}) => event === 'all-ready').length > 1) {
		faults.push('all-ready more than once');
	}

	return faults;
}

export async function dial(port: number): Promise<Socket> {
	const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
	await once(socket, 'connect');
	// A run that ends resets open connections.
	socket.on('error', () => undefined);
	return socket;
}

/** What the echo server of the pod sends back. */
export async function echoes(port: number, text = 'hello'): Promise<string> {
	const socket = await dial(port);
	socket.write(text);
	const [chunk] = (await once(socket, 'data')) as [Buffer];
	socket.destroy();
	return chunk.toString();
}

export async function readToEnd(socket: Socket): Promise<{bytes: Buffer; end: 'FIN' | 'RST'}> {
	const bytes = collected(socket);
	const end = await once(socket, 'end').then(
		() => 'FIN' as const,
		() => 'RST' as const,
	);
	return {bytes: bytes(), end};
}

/** Whether a reset followed the end. A half-closed connection would first accept what is written. */
export async function isReset(socket: Socket): Promise<boolean> {
	return new Promise(resolve => {
		socket.write('.', error => {
			resolve(Boolean(error));
		});
	});
}
