/** Konnectivity: agents on the nodes connect to a server, and dial what it asks for. */
import {once} from 'node:events';
import {createServer as createHttpServer} from 'node:http';
import type {Socket} from 'node:net';
import {createInterface} from 'node:readline';
import type {Duplex} from 'node:stream';
import {connect, createServer, type Server, type TLSSocket} from 'node:tls';
import type {KeyPair} from '../../certificates/issuer.ts';
import {resetSocket} from '../../wire/end-socket.ts';
import type {Metrics} from '../apiserver/non-resource-paths.ts';
import {abortableDelay, type Program} from '../containers/container.ts';
import type {AddressPlan, HostPort} from '../network/address-plan.ts';
import {joinStreams, noop} from '../network/join-streams.ts';
import {connectFrom, type Dial, DialError, goDialText} from './dial.ts';

/** `grpc` gives up; CONNECT has no timeout (measured on Konnectivity 0.36). */
const grpcDialTimeoutMs = 30_000;
/** Agents give up earlier than the apiserver (measured). */
const agentDialTimeoutMs = 5000;

const noAgent = 'No agent available';

type PendingDial = {agent: TLSSocket; resolve(stream: Duplex): void; reject(error: Error): void};

/**
Agents connect with TLS. The first line of a connection is 0 on the one that takes requests (`ID ADDRESS PORT`) and returns failures
(`ID MESSAGE`), and an ID on one that carries the bytes of a dial.
*/
export class KonnectivityServer {
	#listener: Server | null = null;
	readonly #agents = new Set<TLSSocket>();
	readonly #sockets = new Set<Socket>();
	readonly #dials = new Map<number, PendingDial>();
	#lastDial = 0;

	get agents(): number {
		return this.#agents.size;
	}

	/** Resolves to the port. */
	async start({address, port}: HostPort, pair: KeyPair, authority: string): Promise<number> {
		const listener = createServer(
			{cert: pair.chain, key: pair.key, ca: authority, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true},
			socket => {
				socket.on('error', noop).once('readable', () => {
					const chunk = (socket.read() as Buffer | null) ?? Buffer.of();
					const end = chunk.indexOf(10);
					socket.unshift(chunk.subarray(end + 1));
					this.#accept(socket, Number(chunk.subarray(0, end)));
				});
			},
		);
		listener.on('tlsClientError', noop).on('connection', (socket: Socket) => {
			this.#sockets.add(socket);
			socket.on('close', () => {
				this.#sockets.delete(socket);
			});
		});
		this.#listener = listener.listen({host: address, port});
		await once(listener, 'listening');
		return (listener.address() as HostPort).port;
	}

	stop(): void {
		this.#listener?.close();
		for (const socket of this.#sockets) {
			resetSocket(socket);
		}
	}

	/** Dials by a random agent, like the default proxy strategy. Rejects with the message of the agent. */
	async dial({address, port}: HostPort, timeoutMs: number | null): Promise<Duplex> {
		const agents = [...this.#agents];
		const agent = agents[Math.floor(Math.random() * agents.length)];
		if (!agent) {
			throw new Error(noAgent);
		}

		const {promise, resolve, reject} = Promise.withResolvers<Duplex>();
		const id = ++this.#lastDial;
		this.#dials.set(id, {agent, resolve, reject});
		agent.write(`${id} ${address} ${port}\n`);
		const timer =
			timeoutMs === null
				? undefined
				: setTimeout(() => {
						reject(new Error('dial timeout, backstop'));
					}, timeoutMs);
		try {
			return await promise;
		} finally {
			clearTimeout(timer);
			this.#dials.delete(id);
		}
	}

	#accept(socket: TLSSocket, id: number): void {
		if (id > 0) {
			const dial = this.#dials.get(id);
			if (dial) {
				dial.resolve(socket);
			} else {
				socket.destroy();
			}

			return;
		}

		this.#agents.add(socket);
		createInterface({input: socket})
			.on('error', noop)
			.on('line', line => {
				const [failed = '', ...message] = line.split(' ');
				this.#dials.get(Number(failed))?.reject(new Error(message.join(' ')));
			});
		socket.on('close', () => {
			this.#agents.delete(socket);
			for (const {agent, reject} of this.#dials.values()) {
				if (agent === socket) {
					reject(new Error('the tunnel is gone'));
				}
			}
		});
	}
}

/** In the texts of Konnectivity; nothing listens there. */
const socketPath = '/etc/srv/konnectivity.sock';

/** @see apiserver/pkg/server/egressselector/egress_selector.go and konnectivity-client pkg/client/client.go */
export function konnectivityDial(server: KonnectivityServer, mode: 'grpc' | 'http-connect', metrics: Metrics): Dial {
	const labels = {protocol: mode.replace('-', '_'), transport: 'uds'};
	const connections = 'konnectivity_network_proxy_client_client_connections';
	return async to => {
		metrics.add('apiserver_egress_dialer_dial_start_total', labels);
		let stream: Duplex;
		try {
			stream = await server.dial(to, mode === 'grpc' ? grpcDialTimeoutMs : null);
		} catch (error) {
			const {message} = error as Error;
			metrics.add('apiserver_egress_dialer_dial_failure_count', {...labels, stage: 'proxy'});
			throw new DialError(mode === 'grpc' ? message : connectText(to, message));
		}

		metrics.add('apiserver_egress_dialer_dial_duration_seconds_count', labels);
		if (mode === 'grpc') {
			metrics.add(connections, {status: 'ok'});
			stream.on('close', () => {
				metrics.add(connections, {status: 'ok'}, -1);
			});
		}

		return stream;
	};
}

function connectText({address, port}: HostPort, message: string): string {
	const answer =
		message === noAgent ? '500 Internal Server Error' : message.includes('i/o timeout') ? '504 Gateway Timeout' : '502 Bad Gateway';
	return `proxy error from ${socketPath} while dialing ${address}:${port}, code ${answer.slice(0, 3)}: ${answer}`;
}

type AgentConfig = {
	plan: AddressPlan;
	/** `null` while there is no server. */
	server: () => HostPort | null;
	pair: () => Promise<KeyPair>;
	authority: string;
	/** The connections for requests: frozen agents do not read them. */
	controls: Set<TLSSocket>;
	isFrozen: () => boolean;
};

/** The health port is plain HTTP without authentication, as in real agents. */
export function konnectivityAgent(config: AgentConfig): Program {
	return async ({address, stdout, listen, signal}) => {
		const open = new Set<Socket>();
		const health = createHttpServer((request, response) => {
			const metric = 'konnectivity_network_proxy_agent_open_endpoint_connections';
			response.end(request.url === '/metrics' ? `# TYPE ${metric} gauge\n${metric} ${Math.max(0, open.size - 1)}\n` : 'ok');
		});
		await listen(8093, socket => void health.emit('connection', socket));
		while (!signal.aborted) {
			const control = await connectToServer(config, open, address, 0).catch(() => null);
			if (control) {
				stdout('connected to the proxy server\n');
				createInterface({input: control})
					.on('error', noop)
					.on('line', line => {
						const [id = '', host = '', port = ''] = line.split(' ');
						dialTarget(config, open, address, Number(id), {address: host, port: Number(port)}).catch((error: unknown) => {
							control.write(`${id} ${(error as Error).message}\n`);
						});
					});
				config.controls.add(control);
				if (config.isFrozen()) {
					control.pause();
				}

				await once(control, 'close', {signal}).catch(noop);
				config.controls.delete(control);
				stdout('connection to the proxy server is gone\n');
				for (const socket of open) {
					resetSocket(socket);
				}
			}

			await abortableDelay(200, signal);
		}

		health.close();
		return 0;
	};
}

/** Adds the connection to `open` until it closes. */
async function connectToServer(
	{plan, server, pair, authority}: AgentConfig,
	open: Set<Socket>,
	from: string,
	id: number,
): Promise<TLSSocket> {
	const to = server();
	if (!to) {
		throw new Error('no proxy server');
	}

	const {chain, key} = await pair();
	const carrier = await connectFrom(plan, from, to, agentDialTimeoutMs);
	const secure = connect({socket: carrier, ca: authority, cert: chain, key, servername: 'konnectivity-server'});
	await once(secure, 'secureConnect');
	secure.write(`${id}\n`);
	open.add(carrier);
	carrier.on('close', () => {
		open.delete(carrier);
	});
	return secure.on('error', noop);
}

async function dialTarget(config: AgentConfig, open: Set<Socket>, from: string, id: number, to: HostPort): Promise<void> {
	const socket = await connectFrom(config.plan, from, to, agentDialTimeoutMs).catch((error: unknown) => {
		throw new Error(goDialText(to, error as NodeJS.ErrnoException), {cause: error});
	});
	try {
		joinStreams(await connectToServer(config, open, from, id), socket);
	} catch (error) {
		socket.destroy();
		throw error;
	}
}
