/** Relay to the apiserver that can add latency, stall and disconnect. */
import {randomInt} from 'node:crypto';
import {createConnection, createServer, type Server, type Socket} from 'node:net';
import {Transform} from 'node:stream';
import {resetSocket} from '../../wire/end-socket.ts';

/** Relays FIN as FIN and RST as RST. */
export class FaultyLink {
	/** Latency in each direction. */
	latencyMs = 0;
	readonly #sockets = new Set<Socket>();
	#server: Server | null = null;
	#stalledChunks: Array<() => void> | null = null;

	/** `port` 0 uses a free one. Resolves to the port. */
	async open(port: number, target: () => {host: string; port: number}): Promise<number> {
		const server = createServer({allowHalfOpen: true, noDelay: true}, client => {
			const inner = createConnection({...target(), allowHalfOpen: true, noDelay: true});
			this.#relay(client, inner);
			this.#relay(inner, client);
		});
		const boundPort = port === 0 ? await listenAtLastingPort(server) : await listenAt(server, port);
		this.#server = server;
		return boundPort;
	}

	disconnect(): void {
		for (const socket of this.#sockets) {
			resetSocket(socket);
		}
	}

	/** Closes no connections. */
	stall(isStalled: boolean): void {
		if (isStalled) {
			this.#stalledChunks ??= [];
		} else {
			const waiting = this.#stalledChunks ?? [];
			this.#stalledChunks = null;
			for (const forward of waiting) {
				forward();
			}
		}
	}

	/** Resets all connections. A stall also applies after the next `open`. */
	close(): void {
		this.#server?.close();
		this.#server = null;
		this.#stalledChunks &&= [];
		this.disconnect();
	}

	#relay(from: Socket, to: Socket): void {
		this.#sockets.add(from);
		from.on('close', hadError => {
			this.#sockets.delete(from);
			if (hadError) {
				resetSocket(to);
			} else if (!to.destroyed && !from.readableEnded) {
				to.destroy();
			}
		});
		from.on('error', () => {
			resetSocket(to);
		});
		const delay = new Transform({
			transform: (chunk: Buffer, _encoding, done) => {
				const forward = () => {
					if (this.latencyMs > 0) {
						setTimeout(done, this.latencyMs, null, chunk);
					} else {
						done(null, chunk);
					}
				};

				if (this.#stalledChunks) {
					this.#stalledChunks.push(forward);
				} else {
					forward();
				}
			},
		});
		from.pipe(delay).pipe(to);
	}
}

/**
The port must still be free when the link is reopened, so it is outside the ephemeral range (from 32768 on Linux, from 49152 on macOS and in
RFC 6335 §6).
*/
async function listenAtLastingPort(server: Server): Promise<number> {
	for (let attempt = 0; attempt < 50; attempt++) {
		try {
			return await listenAt(server, randomInt(20_000, 30_000));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
				throw error;
			}
		}
	}

	return listenAt(server, 0);
}

async function listenAt(server: Server, port: number): Promise<number> {
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	server.once('error', reject).listen({host: '127.0.0.1', port}, resolve);
	try {
		await promise;
	} finally {
		server.off('error', reject).off('listening', resolve);
	}

	return (server.address() as {port: number}).port;
}
