/** Keeps all requests of one connection on the one socket that it was made with. */
import process from 'node:process';
import type {Duplex} from 'node:stream';
import {keepAliveIdleMs} from './dial-tcp.ts';

// An `import` of node:http would also load everything behind its lazy exports (a WebSocket client): 25 ms at start.
const {Agent} = process.getBuiltinModule('node:http');

/** Requests queue up and run one after the other. When the socket is gone they fail: there is never a second one. */
export class SingleSocketAgent extends Agent {
	#socket: Duplex | null;

	constructor(socket: Duplex) {
		// Node would set the socket's own keep-alive to a second behind the first request, and with it cut it after ten without a network.
		super({keepAlive: true, keepAliveMsecs: keepAliveIdleMs, maxSockets: 1, maxFreeSockets: 1});
		this.#socket = socket;
		socket.once('close', this.#failQueued);
	}

	/** Node tells the first of those that wait, and leaves the others to wait for good: without a socket not even their limits end them. */
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
