/** The wire between clients and the apiserver, which can be slowed, stalled and cut. */
import {randomInt} from 'node:crypto';
import {createConnection, createServer, type Server, type Socket} from 'node:net';
import {Transform} from 'node:stream';
import {resetSocket} from '../../wire/reset-socket.ts';

/** A relay of bytes: FIN stays FIN, RST stays RST. */
export class FaultyLink {
	/** Milliseconds added each way. */
	latencyMs = 0;
	readonly #sockets = new Set<Socket>();
	#server: Server | null = null;
	#stalled: Array<() => void> | null = null;

	/** Takes connections at `port` (0: a free one) and carries them to `target`. Resolves to the port. */
	async open(port: number, target: () => {host: string; port: number}): Promise<number> {
		const server = createServer({allowHalfOpen: true, noDelay: true}, client => {
			const inner = createConnection({...target(), allowHalfOpen: true, noDelay: true});
			this.#carry(client, inner);
			this.#carry(inner, client);
		});
		const taken = port === 0 ? await listenAtLastingPort(server) : await listenAt(server, port);
		this.#server = server;
		return taken;
	}

	/** Resets every connection of now. */
	disconnect(): void {
		for (const socket of this.#sockets) {
			resetSocket(socket);
		}
	}

	/** Nothing is carried any more, in either way, and nothing is said about it; or everything goes on. */
	stall(on: boolean): void {
		if (on) {
			this.#stalled ??= [];
		} else {
			const waiting = this.#stalled ?? [];
			this.#stalled = null;
			for (const go of waiting) {
				go();
			}
		}
	}

	/** Takes no more connections and cuts those of now. A stall holds on for those that come when it is opened again. */
	close(): void {
		this.#server?.close();
		this.#server = null;
		this.#stalled &&= [];
		this.disconnect();
	}

	#carry(from: Socket, to: Socket): void {
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
		const wire = new Transform({
			transform: (chunk: Buffer, _encoding, done) => {
				const go = () => {
					if (this.latencyMs > 0) {
						setTimeout(done, this.latencyMs, null, chunk);
					} else {
						done(null, chunk);
					}
				};

				if (this.#stalled) {
					this.#stalled.push(go);
				} else {
					go();
				}
			},
		});
		from.pipe(wire).pipe(to);
	}
}

/**
A wire that was closed comes back to its port, which nobody may have taken meanwhile: so it is none of those that systems hand
out to outgoing connections and to listeners that ask for any (from 32768 on Linux, from 49152 on macOS and in RFC 6335 §6).
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
