/** How does a forward get its local port, on every address that was asked for? */
import {createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {SpokeError} from '../../errors/spoke-error.ts';
import {resetSocket} from '../../wire/reset-socket.ts';
import type {BoundAddress} from './forward-event.ts';
import type {ListenAddress} from './listen-address.ts';

export type LocalListener = {
	bound: readonly BoundAddress[];
	/** Addresses that could be done without. */
	without: readonly SpokeError[];
	/** Calls `listener` with each connection, paused; those that came before the call are kept. */
	onConnection(listener: (socket: Socket) => void): void;
	close(): void;
};

/**
Binds `port` (0: a free one, the same on every address where that can be had) on `addresses`.
@throws SpokeError ERR_PORT_IN_USE that names port and family, when an address that is needed cannot be bound; nothing stays bound then.
*/
export async function listenLocally(port: number, addresses: readonly ListenAddress[]): Promise<LocalListener> {
	const servers: Server[] = [];
	const without: SpokeError[] = [];
	const early: Socket[] = [];
	let take = (socket: Socket): void => {
		early.push(socket);
	};

	const close = () => {
		for (const server of servers) {
			server.close();
		}

		for (const socket of early.splice(0)) {
			resetSocket(socket);
		}
	};

	let shared = port;
	for (const address of addresses) {
		try {
			const server = await bind(shared, address).catch(async (error: unknown) => {
				// A free port of one family may be taken in the other.
				if (port === 0 && shared !== 0) {
					return bind(0, address);
				}

				throw error;
			});
			server.on('connection', socket => {
				take(socket);
			});
			servers.push(server);
			shared = (server.address() as AddressInfo).port;
		} catch (error) {
			const told = bindError(error as NodeJS.ErrnoException, port, address);
			if (address.needed === 'yes') {
				close();
				throw told;
			}

			without.push(told);
		}
	}

	const first = without[0];
	if (servers.length === 0 && first) {
		throw without.length === 1 ? first : new SpokeError('ERR_PORT_IN_USE', without.map(({message}) => message).join('; '), {cause: first});
	}

	return {
		bound: servers.map(server => {
			const {address, family, port} = server.address() as AddressInfo;
			return {address, port, family: family as BoundAddress['family']};
		}),
		without,
		onConnection(listener) {
			take = listener;
			for (const socket of early.splice(0)) {
				listener(socket);
			}
		},
		close,
	};
}

async function bind(port: number, {address, family}: ListenAddress): Promise<Server> {
	const server = createServer({allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000});
	const {promise, resolve, reject} = Promise.withResolvers<Server>();
	server.once('error', reject);
	server.listen({port, host: address, ipv6Only: family === 'IPv6', backlog: 1024}, () => {
		resolve(server);
	});
	await promise;
	server.off('error', reject);
	// An accept that fails (no descriptors left) fails one connection, not the forward.
	server.on('error', () => undefined);
	return server;
}

const words: Readonly<Record<string, string>> = {
	EADDRINUSE: 'it is in use', EACCES: 'it needs privileges', EPERM: 'it needs privileges', EADDRNOTAVAIL: 'this host has no such address', EAFNOSUPPORT: 'this host does not speak the family',
};

function bindError(error: NodeJS.ErrnoException, port: number, {address, family}: ListenAddress): SpokeError {
	const place = family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
	return new SpokeError('ERR_PORT_IN_USE', `cannot listen on ${place} (${family}): ${words[error.code ?? ''] ?? error.message}`, {
		text: error.message, cause: error, ...error.code === 'EADDRNOTAVAIL' && {remedy: 'give an address of this host, or localhost'},
	});
}
