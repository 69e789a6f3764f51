/** A container across its restarts. */
import {randomBytes} from 'node:crypto';
import {EventEmitter} from 'node:events';
import {createServer, type Server, type Socket} from 'node:net';
import {PassThrough} from 'node:stream';
import type {V1Container, V1ContainerState} from '@kubernetes/client-node';
import type {AddressPlan} from '../network/address-plan.ts';
import {apiTime, type KubeJson} from '../objects/kube-object.ts';
import {noop} from '../network/join-streams.ts';
import {LogFile, type OutputStream} from './log-file.ts';
import type {Program, TerminalSize} from './program.ts';

export type ContainerEvents = {output: [OutputStream, Buffer]; ended: []};

export type ContainerSpec = KubeJson<V1Container>;

export type ContainerConfig = {spec: ContainerSpec; program: Program; env: Record<string, string>; address: string; plan: AddressPlan};

export class Container extends EventEmitter<ContainerEvents> {
	readonly config: ContainerConfig;
	readonly name: string;
	log = new LogFile();
	previousLog: LogFile | null = null;
	restarts = 0;
	/** `status.containerStatuses[].state`. */
	state: KubeJson<V1ContainerState> = {waiting: {reason: 'ContainerCreating'}};
	lastState: KubeJson<V1ContainerState> = {};
	id = '';
	stdin = new PassThrough();
	readonly terminal: TerminalSize = {columns: 80, rows: 24};
	#stop = new AbortController();
	readonly #servers = new Set<Server>();
	readonly #sockets = new Set<Socket>();
	readonly #unfinished: Record<OutputStream, Buffer[]> = {stdout: [], stderr: []};

	constructor(config: ContainerConfig) {
		super();
		this.config = config;
		this.name = config.spec.name;
		this.setMaxListeners(0);
	}

	get isRunning(): boolean {
		return this.state.running !== undefined;
	}

	/** Aborted when the instance ends, which also ends its exec processes. */
	get instanceSignal(): AbortSignal {
		return this.#stop.signal;
	}

	start(): void {
		if (this.id !== '') {
			this.previousLog = this.log;
			this.log = new LogFile();
			this.lastState = this.state;
			this.restarts++;
		}

		this.id = randomBytes(32).toString('hex');
		this.#stop = new AbortController();
		this.stdin = new PassThrough();
		this.state = {running: {startedAt: apiTime()}};
		const {signal} = this.#stop;
		const startedAt = apiTime();
		const {program, spec, env, address, plan} = this.config;
		void program({
			args: spec.args ?? [],
			env,
			address,
			stdin: this.stdin,
			terminal: spec.tty ? this.terminal : null,
			stdout: bytes => {
				this.#write('stdout', bytes);
			},
			stderr: bytes => {
				this.#write('stderr', bytes);
			},
			listen: async (port, onConnection) => this.#listen({address, port}, plan, onConnection),
			signal,
		})
			.catch((error: unknown) => {
				this.#write('stderr', `panic: ${String(error)}\n`);
				return 2;
			})
			.then(code => {
				this.#end(code, startedAt);
			});
	}

	/** Ends the program as SIGTERM does. */
	stop(): void {
		this.#stop.abort();
	}

	#end(exitCode: number, startedAt: string): void {
		this.#stop.abort();
		for (const stream of ['stdout', 'stderr'] as const) {
			if (this.#unfinished[stream].length > 0) {
				this.#write(stream, '\n');
			}
		}

		for (const socket of this.#sockets) {
			socket.destroy();
		}

		for (const server of this.#servers) {
			server.close();
		}

		this.#servers.clear();
		this.log.close();
		const reason = exitCode === 0 ? 'Completed' : 'Error';
		this.state = {terminated: {exitCode, reason, startedAt, finishedAt: apiTime(), containerID: `containerd://${this.id}`}};
		this.emit('ended');
	}

	#write(stream: OutputStream, text: string | Uint8Array): void {
		const bytes = typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength);
		this.emit('output', stream, bytes);
		let start = 0;
		for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
			this.log.append(stream, Buffer.concat([...this.#unfinished[stream].splice(0), bytes.subarray(start, end)]));
			start = end + 1;
		}

		if (start < bytes.length) {
			this.#unfinished[stream].push(bytes.subarray(start));
		}
	}

	async #listen(wanted: {address: string; port: number}, plan: AddressPlan, onConnection: (socket: Socket) => void): Promise<void> {
		const server = createServer({allowHalfOpen: true}, socket => {
			this.#sockets.add(socket);
			socket
				.on('close', () => {
					this.#sockets.delete(socket);
				})
				.on('error', noop);
			onConnection(socket);
		});
		const {address: host, port} = plan.listenAt(wanted);
		const {promise, resolve, reject} = Promise.withResolvers<void>();
		server.once('error', reject).listen({host, port}, resolve);
		await promise;
		plan.register(wanted, server.address() as {address: string; port: number});
		this.#servers.add(server);
	}
}
