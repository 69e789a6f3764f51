/** The tunnel's server on the control plane's side: agents dial in by TLS, the apiserver asks over a unix socket, as CONNECT or in our own words. */
import {createServer as createHttpServer, type IncomingMessage, type Server as HttpServer} from 'node:http';
import {createServer, type Server, type Socket} from 'node:net';
import {once} from 'node:events';
import type {Duplex} from 'node:stream';
import {createServer as createTlsServer, type Server as TlsServer} from 'node:tls';
import type {KeyPair} from '../certificates/issuer.ts';
import type {HostPort} from '../network/address-plan.ts';
import {noop} from '../network/noop.ts';
import {joinStreams} from '../network/join-streams.ts';
import {AgentConnection} from './agent-connection.ts';

export type ServerConfig = {mode: 'grpc' | 'http-connect'; socketPath: string; agentPlace: HostPort; pair: KeyPair; authority: string};

/** Past it a dial in gRPC mode is given up; CONNECT has no limit (measured on Konnectivity 0.36). */
const backstopMs = 30_000;

export class KonnectivityServer {
	/** Where agents dial in. */
	agentPort = 0;
	readonly #setting: ServerConfig;
	readonly #agents = new Set<AgentConnection>();
	readonly #sockets = new Set<Duplex>();
	#agentListener: TlsServer | null = null;
	#frontend: Server | HttpServer | null = null;

	constructor(setting: ServerConfig) {
		this.#setting = setting;
	}

	get agents(): number {
		return this.#agents.size;
	}

	async start(): Promise<void> {
		const {mode, socketPath, agentPlace, pair, authority} = this.#setting;
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
		this.#agentListener.listen({host: agentPlace.address, port: agentPlace.port});
		await once(this.#agentListener, 'listening');
		this.agentPort = (this.#agentListener.address() as HostPort).port;
		this.#frontend = mode === 'grpc' ? this.#ownWords() : this.#connect();
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

	/** `DIAL ADDRESS PORT`, answered by `OK` or `ERROR` and why. */
	#ownWords(): Server {
		return createServer({allowHalfOpen: true}, socket => {
			socket.on('error', noop);
			socket.once('data', (line: Buffer) => {
				const [, address = '', port = '0'] = line.toString().trim().split(' ', 3);
				this.#dial(address, Number(port), backstopMs).then(
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

	#connect(): HttpServer {
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

	/** By any agent, as the default strategy chooses. */
	async #dial(address: string, port: number, limitMs: number | null): Promise<Duplex> {
		const agents = [...this.#agents];
		const agent = agents[Math.floor(Math.random() * agents.length)];
		if (!agent) {
			throw new Error(noAgent);
		}

		if (limitMs === null) {
			return agent.dial(address, port);
		}

		const {promise, reject} = Promise.withResolvers<never>();
		const limit = setTimeout(() => {
			reject(new Error('dial timeout, backstop'));
		}, limitMs);
		return Promise.race([agent.dial(address, port), promise]).finally(() => {
			clearTimeout(limit);
		});
	}
}

const noAgent = 'No agent available';
