/** Relay to the apiserver that can add latency, stall and disconnect. */
import {randomInt} from 'node:crypto';
import {createConnection, createServer, type Server, type Socket} from 'node:net';
import {Transform} from 'node:stream';
import {resetSocket} from '../../wire/end-socket.ts';
import type {HostPort} from './address-plan.ts';
import {listen} from './sockets.ts';

const address = '127.0.0.1';

/** Relays FIN as FIN and RST as RST. */
export class FaultyLink {
	/** Latency in each direction. */
	latencyMs = 0;
	readonly #sockets = new Set<Socket>();
	#server: Server | null = null;
	#stalled: PromiseWithResolvers<void> | null = null;

	/** `port` 0 uses a free one. Resolves to the port. */
	async open(port: number, target: HostPort): Promise<number> {
		const server = createServer({allowHalfOpen: true, noDelay: true}, client => {
			const inner = createConnection({host: address, port: target.port, allowHalfOpen: true, noDelay: true});
			this.#relay(client, inner);
			this.#relay(inner, client);
		});
		const at = port === 0 ? await listenAtLastingPort(server) : await listen(server, {address, port});
		this.#server = server;
		return at.port;
	}

	disconnect(): void {
		for (const socket of this.#sockets) {
			resetSocket(socket);
		}
	}

	/** Closes no connections. */
	stall(isStalled: boolean): void {
		if (isStalled) {
			this.#stalled ??= Promise.withResolvers();
		} else {
			this.#stalled?.resolve();
			this.#stalled = null;
		}
	}

	/** Resets all connections. A stall also applies after the next `open`. */
	close(): void {
		this.#server?.close();
		this.#server = null;
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

				if (this.#stalled) {
					void this.#stalled.promise.then(forward);
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
async function listenAtLastingPort(server: Server): Promise<HostPort> {
	for (let attempt = 0; attempt < 50; attempt++) {
		try {
			return await listen(server, {address, port: randomInt(20_000, 30_000)});
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
				throw error;
			}
		}
	}

	return listen(server, {address, port: 0});
}
