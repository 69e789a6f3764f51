/** Konnectivity server with HTTP CONNECT, or a text protocol instead of gRPC. */
import {createServer as createHttpServer, type IncomingMessage, type Server as HttpServer} from 'node:http';
import {createServer, type Server, type Socket} from 'node:net';
import {once} from 'node:events';
import type {Duplex} from 'node:stream';
import {createServer as createTlsServer, type Server as TlsServer} from 'node:tls';
import type {KeyPair} from '../../certificates/issuer.ts';
import type {HostPort} from '../network/address-plan.ts';
import {joinStreams, noop} from '../network/join-streams.ts';
import {AgentConnection} from './agent-connection.ts';

export type ServerConfig = {mode: 'grpc' | 'http-connect'; socketPath: string; agentAddress: HostPort; pair: KeyPair; authority: string};

/** CONNECT has none (measured on Konnectivity 0.36). */
const grpcDialTimeoutMs = 30_000;

export class KonnectivityServer {
	agentPort = 0;
	readonly #config: ServerConfig;
	readonly #agents = new Set<AgentConnection>();
	readonly #sockets = new Set<Duplex>();
	#agentListener: TlsServer | null = null;
	#frontend: Server | HttpServer | null = null;

	constructor(config: ServerConfig) {
		this.#config = config;
	}

	get agents(): number {
		return this.#agents.size;
	}

	async start(): Promise<void> {
		const {mode, socketPath, agentAddress, pair, authority} = this.#config;
		this.#agentListener = createTlsServer(
			{cert: pair.chain, key: pair.key, ca: authority, requestCert: true, rejectUnauthorized: true},
			socket => {
				const agent = new AgentConnection(socket);
				this.#agents.add(agent);
				socket.on('close', () => {
					this.#agents.delete(agent);
				});
			},
		);
		this.#agentListener.on('tlsClientError', noop);
		this.#agentListener.listen({host: agentAddress.address, port: agentAddress.port});
		await once(this.#agentListener, 'listening');
		this.agentPort = (this.#agentListener.address() as HostPort).port;
		this.#frontend = mode === 'grpc' ? this.#createTextFrontend() : this.#createConnectFrontend();
		this.#frontend.on('connection', (socket: Socket) => {
			this.#sockets.add(socket);
			socket.on('close', () => {
				this.#sockets.delete(socket);
			});
		});
		this.#frontend.listen(socketPath);
		await once(this.#frontend, 'listening');
	}

	stop(): void {
		this.#agentListener?.close();
		this.#frontend?.close();
		for (const agent of this.#agents) {
			agent.destroy();
		}

		for (const socket of this.#sockets) {
			socket.destroy();
		}
	}

	/** `DIAL ADDRESS PORT`; the response is `OK` or `ERROR MESSAGE`. */
	#createTextFrontend(): Server {
		return createServer({allowHalfOpen: true}, socket => {
			socket.on('error', noop);
			socket.once('data', (line: Buffer) => {
				const [, address = '', port = '0'] = line.toString().trim().split(' ', 3);
				this.#dial(address, Number(port), grpcDialTimeoutMs).then(
					stream => {
						socket.write('OK\n');
						joinStreams(socket, stream);
					},
					(error: unknown) => {
						socket.end(`ERROR ${(error as Error).message}\n`);
					},
				);
			});
		});
	}

	#createConnectFrontend(): HttpServer {
		const server = createHttpServer();
		server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
			socket.on('error', noop);
			const at = (request.url ?? '').lastIndexOf(':');
			this.#dial(request.url!.slice(0, at), Number(request.url!.slice(at + 1)), null).then(
				stream => {
					socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
					stream.write(head);
					joinStreams(socket, stream);
				},
				(error: unknown) => {
					const {message} = error as Error;
					const [code, text] =
						message === noAgent
							? [500, 'Internal Server Error']
							: message.includes('i/o timeout')
								? [504, 'Gateway Timeout']
								: [502, 'Bad Gateway'];
					socket.end(`HTTP/1.1 ${code} ${text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
				},
			);
		});
		return server;
	}

	/** Dials by a random agent, like the default proxy strategy. */
	async #dial(address: string, port: number, timeoutMs: number | null): Promise<Duplex> {
		const agents = [...this.#agents];
		const agent = agents[Math.floor(Math.random() * agents.length)];
		if (!agent) {
			throw new Error(noAgent);
		}

		if (timeoutMs === null) {
			return agent.dial(address, port);
		}

		const {promise, reject} = Promise.withResolvers<never>();
		const timer = setTimeout(() => {
			reject(new Error('dial timeout, backstop'));
		}, timeoutMs);
		return Promise.race([agent.dial(address, port), promise]).finally(() => {
			clearTimeout(timer);
		});
	}
}

const noAgent = 'No agent available';
