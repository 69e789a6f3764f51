/** An apiserver over HTTP/1.1, or over TLS with HTTP/2, that reads log files as the kubelet does, and fails on demand. */
import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Http2ServerResponse} from 'node:http2';
import {setTimeout as delay} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import type {PodObject} from '../../source/cluster/targets/pod-object.ts';
import {answerFrom, type ByHand, refuse, reply, type ScriptedServer, startServer} from './api-server.ts';
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
	#changed = Promise.withResolvers<void>();

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

	/** The next one. */
	get change(): Promise<void> {
		return this.#changed.promise;
	}

	wake(): void {
		this.#changed.resolve();
		this.#changed = Promise.withResolvers();
	}
}

export class LogServer {
	readonly seen: LogRequestSeen[] = [];
	readonly faults: Fault[] = [];
	/** Bytes of log bodies written to sockets. */
	sent = 0;
	openFollows = 0;
	mostAtOnce = 0;
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
		const server: LogServer = new LogServer(await startServer({request: (...asked) => server.#answer(...asked)}, {http2, plain: !http2}));
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

	#answer(...asked: Parameters<ByHand>): unknown {
		const path = asked[0].url!.split('?')[0]!;
		const [, name = '', log] = /^\/api\/v1\/namespaces\/demo\/pods\/([^/]+)(\/log)?$/.exec(path) ?? [];
		if (this.pods.has(name)) {
			return log === undefined
				? reply(200, {apiVersion: 'v1', kind: 'Pod', ...this.#podObject(name)})(...asked)
				: this.#log(name, ...asked);
		}

		return answerFrom({
			...discovery,
			'/readyz': (_, response) => this.readyzSilent || response.end('ok'),
			'/api/v1/namespaces/demo/pods': (...asked) => this.#listOrWatch(...asked),
			'/apis/apps/v1/namespaces/demo/deployments/web': {
				kind: 'Deployment',
				metadata: {name: 'web'},
				spec: {selector: {matchLabels: {app: 'web'}}},
			},
			'*': refuse(404, `pods "${name}" not found`, 'NotFound'),
		})(...asked);
	}

	get openWatches(): number {
		return this.#openWatches.size;
	}

	endWatches(): void {
		for (const end of this.#openWatches) {
			end();
		}
	}

	#listOrWatch(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): unknown {
		if (this.podsRefused) {
			return refuse(401, 'Unauthorized', 'Unauthorized')(request, response, query);
		}

		if (query.get('watch') !== 'true') {
			return reply(200, {
				kind: 'PodList',
				metadata: {resourceVersion: String(this.#version)},
				items: [...this.pods.keys()].map(name => this.#podObject(name)),
			})(request, response, query);
		}

		const tell = (event: object) => response.write(`${JSON.stringify(event)}\n`);
		response.writeHead(200, {'content-type': 'application/json'}).flushHeaders();
		const since = Number(query.get('resourceVersion') ?? 0);
		for (const {event} of this.#events.filter(({version}) => since > 0 && version > since)) {
			tell(event);
		}

		this.#eventListeners.add(tell);
		const end = () => response.end();
		this.#openWatches.add(end);
		return response.on('close', () => {
			this.#eventListeners.delete(tell);
			this.#openWatches.delete(end);
		});
	}

	#log(pod: string, ...[request, response, parameters]: Parameters<ByHand>): unknown {
		const query = Object.fromEntries(parameters);
		const {container = 'app'} = query;
		this.seen.push({pod, container, query, at: Date.now(), port: request.socket.remotePort});
		const log = this.pods.get(pod)!.containers.get(container);
		const fault = this.faults.shift() ?? null;
		const answer = (by: ByHand) => by(request, response, parameters);
		switch (fault?.kind) {
			case 'silence': {
				return;
			}

			case 'refuse-stream': {
				return (response as unknown as Http2ServerResponse).stream.close(7);
			}

			case 'refuse': {
				return answer(reply(fault.status, fault.body, {'content-type': 'application/json', ...fault.headers}));
			}
		}

		if (!log) {
			return answer(refuse(400, `container ${container} is not valid for pod ${pod}`, 'BadRequest'));
		}

		if (query['previous'] === 'true' && log.instances.length < 2) {
			return answer(refuse(400, `previous terminated container "${container}" in pod "${pod}" not found`, 'BadRequest'));
		}

		if (log.state === 'waiting' && query['previous'] !== 'true') {
			return answer(refuse(400, `container "${container}" in pod "${pod}" is waiting to start: ContainerCreating`, 'BadRequest'));
		}

		return sendLog({server: this, log, query, response, fault}).catch(() => response.destroy());
	}
}

type AskedLog = {server: LogServer; log: ContainerLog; query: Record<string, string>; response: ServerResponse; fault: Fault};

/** One response of the kubelet's log reader. @see k8s.io/cri-client/pkg/logs ReadLogs */
async function sendLog({server, log, query, response, fault}: AskedLog): Promise<void> {
	const {sinceTime, sinceSeconds} = query;
	const isFollow = query['follow'] === 'true';
	let isClosed = false;
	response.on('close', () => {
		isClosed = true;
		server.openFollows -= isFollow ? 1 : 0;
		log.wake();
	});
	server.openFollows += isFollow ? 1 : 0;
	server.mostAtOnce = Math.max(server.mostAtOnce, server.openFollows);
	let left = fault && 'afterBytes' in fault ? fault.afterBytes : Infinity;
	let isNewLine = true;
	for await (const {time, text, partial = false} of recordsOf(log, query, () => isFollow && !isClosed && fault?.kind !== 'kubelet-error')) {
		if (isClosed) {
			return;
		}

		const stamp = query['timestamps'] === 'true' && isNewLine ? `${time} ` : '';
		isNewLine = !partial;
		if (
			(sinceTime !== undefined && Date.parse(time) < Date.parse(sinceTime)) ||
			(sinceSeconds !== undefined && Date.parse(time) < Date.now() - Number(sinceSeconds) * 1000)
		) {
			continue;
		}

		const bytes = Buffer.from(`${stamp}${text}${partial ? '' : '\n'}`, 'latin1');
		if (bytes.length >= left) {
			response.write(bytes.subarray(0, left));
			await interrupt(response, fault!.kind);
			return;
		}

		left -= bytes.length;
		server.sent += bytes.length;
		if (!response.write(bytes)) {
			await drainedOrClosed(response);
		}
	}

	response.end(fault?.kind === 'kubelet-error' ? fault.text : '');
}

async function interrupt(response: ServerResponse, how: NonNullable<Fault>['kind']): Promise<void> {
	if (how === 'freeze') {
		await once(response, 'close');
	} else if (how === 'end-cleanly') {
		response.end();
	} else {
		// Written bytes must arrive before the interruption.
		await delay(5);
		response.socket?.[how === 'close' ? 'destroy' : 'resetAndDestroy']();
	}
}

/** Of a file, and what is written to it while the read goes on. */
async function* recordsOf(
	log: ContainerLog,
	{previous, tailLines}: Record<string, string>,
	goesOn: () => boolean,
): AsyncGenerator<LogRecord> {
	let file = previous === 'true' ? log.instances.at(-2)! : log.file;
	const index = log.instances.indexOf(file);
	let next = tailLines === undefined ? 0 : Math.max(0, file.length - Number(tailLines));
	for (;;) {
		for (; next < file.length; next++) {
			yield file[next]!;
		}

		if (!goesOn() || log.instances.length - 1 !== index || log.state !== 'running') {
			return;
		}

		await log.change;
		// The kubelet switches to the newest file without draining the old one.
		if (log.instances[index] !== file) {
			file = log.instances[index]!;
			next = 0;
		}
	}
}

async function drainedOrClosed(response: ServerResponse): Promise<void> {
	const over = new AbortController();
	await Promise.race(['drain', 'close'].map(async event => once(response, event, over)));
	over.abort();
}
