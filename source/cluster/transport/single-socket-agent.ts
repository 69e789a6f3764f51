/** HTTP agent with a single given socket. */
import process from 'node:process';
import type {Duplex} from 'node:stream';
import {keepAliveIdleMs} from './dial-tcp.ts';

// An `import` of node:http would also load its lazy exports (a WebSocket client): 25 ms at start.
const {Agent} = process.getBuiltinModule('node:http');

/** Requests fail when the socket closes. */
export class SingleSocketAgent extends Agent {
	#socket: Duplex | null;

	constructor(socket: Duplex) {
		// Node would reset the socket's keep-alive to 1 s after the first request; the socket would then fail after 10 s without a network.
		super({keepAlive: true, keepAliveMsecs: keepAliveIdleMs, maxSockets: 1, maxFreeSockets: 1});
		this.#socket = socket;
		socket.once('close', this.#failQueued);
	}

	/** Node fails only the first queued request. The others would wait forever, because timeouts need a socket. */
	readonly #failQueued = (): void => {
		for (const request of Object.values(this.requests).flatMap(queue => queue ?? [])) {
			request.destroy();
			request.emit('error', connectionGoneError());
		}
	};

	override createConnection(_: unknown, callback?: (error: Error | null, socket: Duplex) => void): Duplex | undefined {
		const socket = this.#socket;
		this.#socket = null;
		if (socket && !socket.destroyed) {
			return socket;
		}

		callback?.(connectionGoneError(), undefined as never);
		return undefined;
	}
}

function connectionGoneError(): Error {
	return Object.assign(new Error('the connection is gone'), {code: 'ECONNRESET'});
}
