/** Binds the local port of a forward on every address. */
import {once} from 'node:events';
import {createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {listenOn} from '../../wire/node-internals.ts';
import {resetSocket} from '../../wire/end-socket.ts';
import type {BoundAddress} from './forward-event.ts';
import type {ListenAddress} from './listen-address.ts';

export type LocalListener = {
	bound: readonly BoundAddress[];
	skipped: readonly SpokeError[];
	/** Sockets are paused. Connections from before the call are passed too. */
	onConnection(listener: (socket: Socket) => void): void;
	close(): void;
};

/**
Port 0: a free port, if possible the same on every address.
@throws SpokeError ERR_PORT_IN_USE if a required address cannot be bound; nothing stays bound
*/
export async function listenLocally(port: number, addresses: readonly ListenAddress[]): Promise<LocalListener> {
	const listener = new Listener();
	try {
		await listener.bindAll(port, addresses);
		return listener;
	} catch (error) {
		listener.close();
		throw error;
	}
}

class Listener implements LocalListener {
	/** Stored because a closed server has no address. */
	readonly bound: BoundAddress[] = [];
	readonly skipped: SpokeError[] = [];
	readonly #servers: Server[] = [];
	readonly #pending: Socket[] = [];
	#onSocket = (socket: Socket): void => {
		this.#pending.push(socket);
	};

	/** @throws SpokeError if a required address, or every address, cannot be bound */
	async bindAll(port: number, addresses: readonly ListenAddress[]): Promise<void> {
		let sharedPort = port;
		for (const address of addresses) {
			try {
				sharedPort = this.#add(await bindShared(sharedPort, address, {acceptsAnyPort: port === 0}));
			} catch (error) {
				const isInUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
				const failure = bindError(error as NodeJS.ErrnoException, port, address);
				if (address.needed === 'yes' || (isInUse && address.needed === 'if-available')) {
					throw failure;
				}

				this.skipped.push(failure);
			}
		}

		const [first, ...more] = this.skipped;
		if (this.#servers.length === 0 && first) {
			throw more.length === 0
				? first
				: new SpokeError('ERR_PORT_IN_USE', this.skipped.map(({message}) => message).join('; '), {cause: first});
		}
	}

	onConnection(listener: (socket: Socket) => void): void {
		this.#onSocket = listener;
		for (const socket of this.#pending.splice(0)) {
			listener(socket);
		}
	}

	close(): void {
		for (const server of this.#servers) {
			server.close();
		}

		for (const socket of this.#pending.splice(0)) {
			resetSocket(socket);
		}
	}

	#add(server: Server): number {
		server.on('connection', socket => {
			this.#onSocket(socket);
		});
		this.#servers.push(server);
		const {address, family, port} = server.address() as AddressInfo;
		this.bound.push({address, port, family: family as BoundAddress['family']});
		return port;
	}
}

/** `acceptsAnyPort`: binds another port if this one fails. */
async function bindShared(port: number, address: ListenAddress, {acceptsAnyPort}: {acceptsAnyPort: boolean}): Promise<Server> {
	try {
		return await bind(port, address);
	} catch (error) {
		if (acceptsAnyPort && port !== 0) {
			return bind(0, address);
		}

		throw error;
	}
}

async function bind(port: number, {address, family}: ListenAddress): Promise<Server> {
	const server = createServer({allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000});
	listenOn(server, {address, family, port, backlog: 1024});
	await once(server, 'listening');
	// Affects one connection, not the forward.
	server.on('error', () => undefined);
	return server;
}

const reasons: Readonly<Record<string, string>> = {
	EADDRINUSE: 'the port is in use',
	EACCES: 'this requires privileges',
	EPERM: 'this requires privileges',
	EADDRNOTAVAIL: 'this host has no such address',
	EAFNOSUPPORT: 'this host does not support the address family',
};

function bindError(error: NodeJS.ErrnoException, port: number, {address, family}: ListenAddress): SpokeError {
	return new SpokeError(
		'ERR_PORT_IN_USE',
		`cannot listen on ${joinHostPort(address, port)} (${family}): ${reasons[error.code ?? ''] ?? error.message}`,
		{
			text: error.message,
			cause: error,
			...(error.code === 'EADDRNOTAVAIL' && {remedy: 'use an address of this host, or localhost'}),
		},
	);
}
