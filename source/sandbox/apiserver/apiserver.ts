/** The apiserver that clients reach: one process after another behind one address. */
import type {IncomingMessage} from 'node:http';
import {createServer, type Server} from 'node:https';
import type {Socket} from 'node:net';
import type {KeyPair} from '../certificates/issuer.ts';
import type {FaultyLink} from '../network/faulty-link.ts';
import {noop} from '../network/noop.ts';
import {ApiserverProcess, type ProcessConfig} from './apiserver-process.ts';
import {authenticate} from './authenticate.ts';
import {sendFailure} from './exchange.ts';
import {handleRequest, handleUpgrade} from './handle-request.ts';
import {ApiFailure} from './status.ts';
import {users} from './users.ts';

export type ApiserverConfig = Omit<ProcessConfig, 'posture' | 'listen'> & {
	serving: KeyPair;
	tokens: ReadonlyMap<string, string>;
	wire: FaultyLink;
};

export class Apiserver {
	/** Seconds to say in Retry-After, with 429 for everything but health; 0 is off. */
	retryAfter = 0;
	process: ApiserverProcess | null = null;
	port = 0;
	readonly #setting: ApiserverConfig;
	#server: Server | null = null;
	readonly #sockets = new Set<Socket>();

	constructor(setting: ApiserverConfig) {
		this.#setting = setting;
	}

	/** Starts a process; `port` 0 takes a free one. */
	async start(posture: ProcessConfig['posture'], port: number): Promise<void> {
		const {serving, authority, wire} = this.#setting;
		const server = createServer({
			cert: serving.chain,
			key: serving.key,
			ca: authority,
			requestCert: true,
			rejectUnauthorized: false,
			ALPNProtocols: ['http/1.1'],
			keepAliveTimeout: 120_000,
			requestTimeout: 0,
			headersTimeout: 60_000,
		});
		server.on('connection', (socket: Socket) => {
			this.#sockets.add(socket);
			socket.on('close', () => {
				this.#sockets.delete(socket);
			});
		});
		server.on('tlsClientError', noop);
		const {promise, resolve, reject} = Promise.withResolvers<void>();
		server.once('error', reject).listen({host: '127.0.0.1', port: 0}, resolve);
		await promise;
		const inner = (server.address() as {port: number}).port;
		this.#server = server;
		try {
			this.port = await wire.open(port, () => ({host: '127.0.0.1', port: inner}));
		} catch (error) {
			server.close();
			throw error;
		}

		this.process = this.#answerWith(
			server,
			new ApiserverProcess({...this.#setting, posture, listen: {address: '127.0.0.1', port: this.port}}),
		);
	}

	#answerWith(server: Server, process: ApiserverProcess): ApiserverProcess {
		const groupsOf = (name: string): readonly string[] => users.find(row => row.name === name)?.groups ?? [];
		const identify = (request: IncomingMessage) => authenticate(request, this.#setting.tokens, groupsOf);
		server.on('request', (request, response) => {
			if (this.retryAfter > 0 && !request.url?.startsWith('/healthz')) {
				sendFailure(
					{response},
					new ApiFailure(429, 'TooManyRequests', 'too many requests, please try again later', {
						headers: {'retry-after': String(this.retryAfter)},
						details: {retryAfterSeconds: this.retryAfter},
					}),
				);
				return;
			}

			void handleRequest(request, response, process, identify);
		});
		server.on('upgrade', (request, socket, head) => {
			void handleUpgrade(request, socket, head, process, identify);
		});
		return process;
	}

	/** Ends the process and every connection to it. */
	stop(): void {
		this.#setting.wire.close();
		this.#server?.close();
		for (const socket of this.#sockets) {
			socket.destroy();
		}

		this.process = null;
	}
}
