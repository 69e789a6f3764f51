/** An apiserver over HTTP/1.1, or over TLS with HTTP/2, that reads log files as the kubelet does, and fails on demand. */
import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Http2ServerResponse} from 'node:http2';
import {setTimeout as delay} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import type {PodObject} from '../../source/cluster/targets/pod-object.ts';
import {type ByHand, type ScriptedServer, startServer} from './api-server.ts';
import {discovery} from './discovery.ts';

/** A record of a CRI log file. A partial one has no line feed. */
export type LogRecord = {time: string; text: string; partial?: boolean};

/** `port`: of the client. */
export type LogRequestSeen = {pod: string; container: string; query: Record<string, string>; at: number; port: number | undefined};

/** The fault of one response; queued in `faults`. */
export type Fault =
	/** Interrupts the response after some bytes: `cut` resets the connection, `close` closes it, `end-cleanly` ends the response properly. */
	| {kind: 'cut' | 'close' | 'end-cleanly'; afterBytes: number}
	| {kind: 'refuse'; status: number; body: string; headers?: Record<string, string>}
	/** Sends headers and the first bytes, then nothing, even if the log grows. */
	| {kind: 'freeze'; afterBytes: number}
	/** Sends nothing, not even headers. */
	| {kind: 'silence'}
	/** Over HTTP/2: REFUSED_STREAM. */
	| {kind: 'refuse-stream'}
	| {kind: 'kubelet-error'; text: string}
	| null;

export class ContainerLog {
	/** The newest file of each container instance. The kubelet does not read rotated files. */
	instances: LogRecord[][] = [[]];
	restarts = 0;
	state: 'running' | 'ended' | 'waiting' = 'running';
	exitCode = 0;
	readonly changed = new Set<() => void>();

	get file(): LogRecord[] {
		return this.instances.at(-1)!;
	}

	append(...records: LogRecord[]): void {
		this.file.push(...records);
		this.wake();
	}

	rotate(): void {
		this.instances[this.instances.length - 1] = [];
	}

	end(exitCode = 0): void {
		this.state = 'ended';
		this.exitCode = exitCode;
		this.wake();
	}

	restart(): void {
		this.instances.push([]);
		this.restarts++;
		this.state = 'running';
		this.wake();
	}

	wake(): void {
		for (const wake of this.changed) {
			wake();
		}
	}
}

export class LogServer {
	readonly seen: LogRequestSeen[] = [];
	readonly faults: Fault[] = [];
	/** Bytes of log bodies written to sockets. */
	sent = 0;
	openFollows = 0;
	mostAtOnce = 0;
	/** Milliseconds until the apiserver learns of a changed container state. */
	statusLagMs = 0;
	readyzSilent = false;
	podsRefused = false;
	restartPolicy = 'Always';
	readonly pods = new Map<string, {object: PodObject; containers: Map<string, ContainerLog>}>();
	readonly #server: ScriptedServer;
	readonly #events: Array<{version: number; event: object}> = [];
	readonly #eventListeners = new Set<(event: object) => void>();
	readonly #openWatches = new Set<() => void>();
	#version = 1;

	private constructor(server: ScriptedServer) {
		this.#server = server;
	}

	/** Without TLS, unless it speaks HTTP/2, as connections are shared only there. Stops with its test. */
	static async start(t?: Pick<ExecutionContext, 'teardown'>, {http2 = false} = {}): Promise<LogServer> {
		const request: ByHand = (asked, response) => server.#answer(asked, response).catch(() => response.destroy());
		const server: LogServer = new LogServer(await startServer({request}, {http2, plain: !http2}));
		t?.teardown(async () => server.stop());
		return server;
	}

	get url(): string {
		return this.#server.url;
	}

	async cluster(): Promise<ClusterClient> {
		return this.#server.cluster({flags: ['--namespace', 'demo']});
	}

	async stop(): Promise<void> {
		await this.#server.close();
	}

	cutEverything(): void {
		this.#server.cut();
	}

	/** Of a pod with one container. */
	addLog(name: string, ...records: readonly LogRecord[]): ContainerLog {
		const log = this.addPod(name).get('app')!;
		log.append(...records);
		return log;
	}

	addPod(
		name: string,
		{containers = ['app'], uid = `uid-${name}-${this.#version}`, owner}: {containers?: string[]; uid?: string; owner?: string} = {},
	): Map<string, ContainerLog> {
		const object: PodObject = {
			metadata: {
				name,
				namespace: 'demo',
				uid,
				resourceVersion: '1',
				labels: {app: 'web'},
				...(owner !== undefined && {ownerReferences: [{kind: owner, name: 'owner', uid: 'o', controller: true}]}),
			},
			spec: {nodeName: 'n1', containers: containers.map(container => ({name: container}))},
		};
		const logs = new Map(containers.map(container => [container, new ContainerLog()]));
		this.pods.set(name, {object, containers: logs});
		this.#emitEvent('ADDED', name);
		return logs;
	}

	removePod(name: string): void {
		this.#emitEvent('DELETED', name);
		const pod = this.pods.get(name)!;
		this.pods.delete(name);
		for (const log of pod.containers.values()) {
			log.end();
		}
	}

	#emitEvent(type: string, name: string): void {
		this.#version++;
		const event = {type, object: this.#podObject(name)};
		this.#events.push({version: this.#version, event});
		for (const tell of this.#eventListeners) {
			tell(event);
		}
	}

	#podObject(name: string): PodObject {
		const {object, containers} = this.pods.get(name)!;
		return {
			...object,
			metadata: {...object.metadata, resourceVersion: String(this.#version)},
			spec: {...object.spec, restartPolicy: this.restartPolicy},
			status: {
				phase: 'Running',
				containerStatuses: [...containers].map(([container, log]) => ({
					name: container,
					restartCount: log.restarts,
					containerID: `cri://${name}-${container}-${log.restarts}`,
					state:
						log.state === 'running'
							? {running: {}}
							: log.state === 'ended'
								? {
										terminated: {
											exitCode: log.exitCode,
											reason: log.exitCode === 0 ? 'Completed' : 'Error',
											containerID: `cri://${name}-${container}-${log.restarts}`,
										},
									}
								: {waiting: {reason: 'ContainerCreating'}},
					...(log.restarts > 0 && {
						lastState: {
							terminated: {exitCode: log.exitCode, reason: 'Error', containerID: `cri://${name}-${container}-${log.restarts - 1}`},
						},
					}),
				})),
			},
		};
	}

	async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const url = new URL(request.url!, this.url);
		const parts = url.pathname.split('/').slice(1);
		const discovered = discovery[url.pathname];
		if (discovered) {
			respond(response, 200, discovered);
		} else if (url.pathname === '/readyz') {
			if (!this.readyzSilent) {
				response.end('ok');
			}
		} else if (url.pathname === '/api/v1/namespaces/demo/pods') {
			this.#listOrWatch(url, response);
		} else if (url.pathname === '/apis/apps/v1/namespaces/demo/deployments/web') {
			respond(response, 200, {kind: 'Deployment', metadata: {name: 'web'}, spec: {selector: {matchLabels: {app: 'web'}}}});
		} else if (!this.pods.has(parts[5] ?? '')) {
			respond(response, 404, {kind: 'Status', message: `pods "${parts[5]}" not found`, reason: 'NotFound'});
		} else if (parts[6] === 'log') {
			await this.#log(parts[5]!, Object.fromEntries(url.searchParams), {response, port: request.socket.remotePort});
		} else {
			const object = this.#podObject(parts[5]!);
			if (this.statusLagMs > 0) {
				await delay(this.statusLagMs);
			}

			respond(response, 200, {apiVersion: 'v1', kind: 'Pod', ...object});
		}
	}

	get openWatches(): number {
		return this.#openWatches.size;
	}

	endWatches(): void {
		for (const end of this.#openWatches) {
			end();
		}
	}

	#listOrWatch(url: URL, response: ServerResponse): void {
		if (this.podsRefused) {
			respond(response, 401, {kind: 'Status', message: 'Unauthorized', reason: 'Unauthorized', code: 401});
			return;
		}

		if (url.searchParams.get('watch') !== 'true') {
			respond(response, 200, {
				kind: 'PodList',
				metadata: {resourceVersion: String(this.#version)},
				items: [...this.pods.keys()].map(name => this.#podObject(name)),
			});
			return;
		}

		const tell = (event: object) => response.write(`${JSON.stringify(event)}\n`);
		response.writeHead(200, {'content-type': 'application/json'}).flushHeaders();
		const since = Number(url.searchParams.get('resourceVersion') ?? 0);
		for (const {event} of this.#events.filter(({version}) => since > 0 && version > since)) {
			tell(event);
		}

		this.#eventListeners.add(tell);
		const end = () => response.end();
		this.#openWatches.add(end);
		response.on('close', () => {
			this.#eventListeners.delete(tell);
			this.#openWatches.delete(end);
		});
	}

	async #log(
		pod: string,
		query: Record<string, string>,
		{response, port}: {response: ServerResponse; port: number | undefined},
	): Promise<void> {
		const {container = 'app'} = query;
		this.seen.push({pod, container, query, at: Date.now(), port});
		const log = this.pods.get(pod)!.containers.get(container);
		const fault = this.faults.length > 0 ? this.faults.shift()! : null;
		if (fault?.kind === 'silence') {
			return;
		}

		if (fault?.kind === 'refuse-stream') {
			(response as unknown as Http2ServerResponse).stream.close(7);
			return;
		}

		if (fault?.kind === 'refuse') {
			response.writeHead(fault.status, {'content-type': 'application/json', ...fault.headers}).end(fault.body);
			return;
		}

		if (!log || (query['previous'] === 'true' && log.instances.length < 2)) {
			respond(response, 400, {
				kind: 'Status',
				message: log
					? `previous terminated container "${container}" in pod "${pod}" not found`
					: `container ${container} is not valid for pod ${pod}`,
				reason: 'BadRequest',
			});
			return;
		}

		if (log.state === 'waiting' && query['previous'] !== 'true') {
			respond(response, 400, {
				kind: 'Status',
				message: `container "${container}" in pod "${pod}" is waiting to start: ContainerCreating`,
				reason: 'BadRequest',
			});
			return;
		}

		await new LogAnswer(this, log, query, response, fault).run();
	}
}

/** One response of the kubelet's log reader. @see k8s.io/cri-client/pkg/logs ReadLogs */
class LogAnswer {
	readonly #server: LogServer;
	readonly #log: ContainerLog;
	readonly #query: Record<string, string>;
	readonly #response: ServerResponse;
	readonly #fault: Fault;
	#bytes = 0;
	#frozen = false;
	#newLine = true;

	constructor(server: LogServer, log: ContainerLog, query: Record<string, string>, response: ServerResponse, fault: Fault) {
		this.#server = server;
		this.#log = log;
		this.#query = query;
		this.#response = response;
		this.#fault = fault;
	}

	async run(): Promise<void> {
		const follow = this.#query['follow'] === 'true';
		const instance = this.#query['previous'] === 'true' ? this.#log.instances.at(-2)! : this.#log.file;
		const index = this.#log.instances.indexOf(instance);
		let closed = false;
		this.#response.on('close', () => {
			closed = true;
			if (follow) {
				this.#server.openFollows--;
			}

			this.#log.wake();
		});
		if (follow) {
			this.#server.openFollows++;
			this.#server.mostAtOnce = Math.max(this.#server.mostAtOnce, this.#server.openFollows);
		}

		let file = instance;
		let next = this.#query['tailLines'] === undefined ? 0 : Math.max(0, instance.length - Number(this.#query['tailLines']));
		while (!closed) {
			for (; next < file.length && !closed; next++) {
				if (!(await this.#writeRecord(file[next]!))) {
					return;
				}
			}

			if (this.#frozen) {
				await once(this.#response, 'close');
				return;
			}

			const over = !follow || this.#log.instances.length - 1 !== index || this.#log.state !== 'running';
			if (over || this.#fault?.kind === 'kubelet-error') {
				break;
			}

			await new Promise<void>(resolve => {
				const wake = () => {
					this.#log.changed.delete(wake);
					resolve();
				};

				this.#log.changed.add(wake);
			});
			// The kubelet switches to the newest file without draining the old one.
			if (this.#log.instances[index] !== file) {
				file = this.#log.instances[index]!;
				next = 0;
			}
		}

		this.#response.end(this.#fault?.kind === 'kubelet-error' ? this.#fault.text : '');
	}

	/** Returns false if the fault ended the response. */
	async #writeRecord({time, text, partial = false}: LogRecord): Promise<boolean> {
		const {sinceTime, sinceSeconds} = this.#query;
		if (
			(sinceTime !== undefined && Date.parse(time) < Date.parse(sinceTime)) ||
			(sinceSeconds !== undefined && Date.parse(time) < Date.now() - Number(sinceSeconds) * 1000)
		) {
			this.#newLine = !partial;
			return true;
		}

		const stamp = this.#query['timestamps'] === 'true' && this.#newLine ? `${time} ` : '';
		this.#newLine = !partial;
		return this.#write(Buffer.from(`${stamp}${text}${partial ? '' : '\n'}`, 'latin1'));
	}

	async #write(bytes: Buffer): Promise<boolean> {
		const fault = this.#fault;
		if (this.#frozen) {
			return true;
		}

		if (fault && 'afterBytes' in fault && this.#bytes + bytes.length >= fault.afterBytes) {
			this.#response.write(bytes.subarray(0, fault.afterBytes - this.#bytes));
			if (fault.kind === 'freeze') {
				this.#frozen = true;
				return true;
			}

			if (fault.kind === 'end-cleanly') {
				this.#response.end();
			} else {
				// Written bytes must arrive before the interruption.
				await delay(5);
				this.#response.socket?.[fault.kind === 'close' ? 'destroy' : 'resetAndDestroy']();
			}

			return false;
		}

		this.#bytes += bytes.length;
		this.#server.sent += bytes.length;
		if (!this.#response.write(bytes)) {
			await drainedOrClosed(this.#response);
		}

		return true;
	}
}

async function drainedOrClosed(response: ServerResponse): Promise<void> {
	await new Promise<void>(resolve => {
		const done = () => {
			response.off('drain', done).off('close', done);
			resolve();
		};

		response.on('drain', done).on('close', done);
	});
}

function respond(response: ServerResponse, status: number, body: object): void {
	response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
}
