/** A container across its restarts, its log, and what its program gets. */
import {randomBytes} from 'node:crypto';
import {EventEmitter, once} from 'node:events';
import {createServer, type Socket} from 'node:net';
import {addAbortSignal, PassThrough, type Readable} from 'node:stream';
import type {V1Container, V1ContainerState} from '@kubernetes/client-node';
import {performance} from 'node:perf_hooks';
import {setTimeout} from 'node:timers/promises';
import type {AddressPlan} from '../network/address-plan.ts';
import {apiTime, type KubeJson} from '../objects/kube-object.ts';
import {noop} from '../network/sockets.ts';

type ContainerEvents = {output: [OutputStream, Buffer]; ended: []};

export type ContainerSpec = KubeJson<V1Container>;

/** Without a program, its image cannot be pulled. */
type ContainerConfig = {spec: ContainerSpec; program: Program | null; env: Record<string, string>; address: string; plan: AddressPlan};

type OutputStream = 'stdout' | 'stderr';

type LogRecord = {
	/** RFC 3339 with nanoseconds (CRI). */
	time: string;
	timeMs: number;
	/** Text of the record without its newline. */
	text: Buffer;
	/** The record does not end its line (CRI tag P). */
	partial: boolean;
};

export type ReadOptions = {
	follow: boolean;
	/** Number of records; `undefined` means all. */
	tail?: number | undefined;
	/** Milliseconds since 1970. */
	since?: number | undefined;
	timestamps: boolean;
	limitBytes?: number | undefined;
	signal: AbortSignal;
};

type Generation = {records: LogRecord[]; bytes: number};

const rotateAtBytes = 2 * 1024 * 1024;
const maxRecordBytes = 16_384;

const newline = Buffer.from('\n');

/** By absolute path; `null` is a directory. */
export type Files = Map<string, Buffer | null>;

export type ProcessIo = {
	args: readonly string[];
	files: Files;
	env: Readonly<Record<string, string>>;
	address: string;
	/** Whole lines become log records. */
	stdout(bytes: string | Uint8Array): void;
	stderr(bytes: string | Uint8Array): void;
	stdin: Readable;
	/** Attached clients change it. */
	terminal: TerminalSize | null;
	/** Listens on the pod's address until the container stops. */
	listen(port: number, onConnection: (socket: Socket) => void): Promise<void>;
	signal: AbortSignal;
};

export type TerminalSize = {columns: number; rows: number};

/** Resolves to the exit code. */
export type Program = (io: ProcessIo) => Promise<number>;

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
	/** Of this instance: those of the image, and what copies have written. */
	files: Files = new Map();
	stdin = new PassThrough();
	readonly terminal: TerminalSize = {columns: 80, rows: 24};
	#stop = new AbortController();
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
		const startedAt = apiTime();
		const {program, spec, env, address} = this.config;
		this.files = imageFiles(env['HOSTNAME']!);
		void program!({
			args: spec.args ?? [],
			files: this.files,
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
			listen: async (port, onConnection) => this.#listen(port, onConnection),
			signal: this.instanceSignal,
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
			this.log.append(Buffer.concat([...this.#unfinished[stream].splice(0), bytes.subarray(start, end)]));
			start = end + 1;
		}

		if (start < bytes.length) {
			this.#unfinished[stream].push(bytes.subarray(start));
		}
	}

	async #listen(port: number, onConnection: (socket: Socket) => void): Promise<void> {
		const {instanceSignal: signal} = this;
		const {address, plan} = this.config;
		const server = createServer({allowHalfOpen: true}, socket => {
			addAbortSignal(signal, socket).on('error', noop);
			onConnection(socket);
		});
		await plan.listen(server, {address, port});
		signal.addEventListener('abort', () => server.close());
	}
}

export function imageFiles(host: string): Files {
	const texts = {
		...{'/': null, '/app': null, '/bin': null, '/etc': null, '/etc/app': null, '/tmp': null},
		'/bin/sh': '',
		'/etc/hostname': `${host}\n`,
		'/etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost\n',
		'/etc/os-release': 'NAME="spoke sandbox"\nID=spoke-sandbox\nPRETTY_NAME="a container of the spoke sandbox"\n',
		'/etc/app/config.yaml': 'listen: 8080\nlogLevel: info\nupstream: http://api:8080\n',
		'/app/README': 'This container exists only inside the sandbox: nothing here is a real cluster.\n',
		'/app/server': '',
	};
	return new Map(Object.entries(texts).map(([path, text]) => [path, text === null ? null : Buffer.from(text)]));
}

/** Only the newest generation can be read; a follower continues from the old one (cri-client/pkg/logs). */
export class LogFile {
	#current: Generation = {records: [], bytes: 0};
	#closed = false;
	readonly #changes = new EventEmitter().setMaxListeners(0);
	#lastNanoseconds = 0n;

	append(line: Buffer): void {
		for (let start = 0; start === 0 || start < line.length; start += maxRecordBytes) {
			const text = line.subarray(start, start + maxRecordBytes);
			if (this.#current.bytes > rotateAtBytes) {
				this.#current = {records: [], bytes: 0};
			}

			this.#current.records.push({...this.#now(), text, partial: start + maxRecordBytes < line.length});
			this.#current.bytes += text.length + 100;
		}

		this.#changes.emit('change');
	}

	rotate(): void {
		this.#current = {records: [], bytes: 0};
		this.#changes.emit('change');
	}

	close(): void {
		this.#closed = true;
		this.#changes.emit('change');
	}

	async *read({follow, tail, since, timestamps, limitBytes = Infinity, signal}: ReadOptions): AsyncGenerator<Buffer> {
		let remaining = limitBytes;
		let lineStart = true;
		let file = this.#current;
		let index = tail === undefined ? 0 : Math.max(0, file.records.length - tail);
		while (!signal.aborted) {
			const batch: Buffer[] = [];
			for (; index < file.records.length && batch.length < 512; index++) {
				const record = file.records[index]!;
				if (since !== undefined && record.timeMs < since) {
					continue;
				}

				batch.push(...(timestamps && lineStart ? [Buffer.from(`${record.time} `)] : []), record.text, ...(record.partial ? [] : [newline]));
				lineStart = !record.partial;
			}

			if (batch.length > 0) {
				const chunk = Buffer.concat(batch);
				yield remaining < chunk.length ? chunk.subarray(0, remaining) : chunk;
				remaining -= chunk.length;
				if (remaining <= 0) {
					return;
				}
			} else if (file !== this.#current) {
				file = this.#current;
				index = 0;
			} else if (!follow || this.#closed) {
				return;
			} else {
				await once(this.#changes, 'change', {signal}).catch(noop);
			}
		}
	}

	#now(): {time: string; timeMs: number} {
		const precise = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
		this.#lastNanoseconds = precise > this.#lastNanoseconds ? precise : this.#lastNanoseconds + 1n;
		const milliseconds = Number(this.#lastNanoseconds / 1_000_000n);
		const time = `${new Date(milliseconds).toISOString().slice(0, 19)}.${String(this.#lastNanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
		return {time, timeMs: Number(this.#lastNanoseconds / 1000n) / 1000};
	}
}

/** Resolves after `ms`, or when `signal` is aborted. */
export async function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
	await setTimeout(ms, undefined, {signal}).catch(noop);
}

export async function aborted(signal: AbortSignal): Promise<void> {
	await (signal.aborted || once(signal, 'abort'));
}

/** `--name=value`. */
export function option(args: readonly string[], name: string): string | undefined {
	return args.find(argument => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
}
