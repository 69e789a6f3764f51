/** Binds the local port of a forward on every address. */
import {once} from 'node:events';
import {createServer, type AddressInfo, type Server, type Socket, isIP} from 'node:net';
import {createHash} from 'node:crypto';
import {networkInterfaces} from 'node:os';
import process from 'node:process';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {listenOn} from '../../wire/node-internals.ts';
import {resetSocket} from '../../wire/end-socket.ts';
import type {BoundAddress} from './forward-event.ts';

export type LocalEnd = {host: string | null; addresses: readonly ListenAddress[]};

export type ListenAddress = {
	address: string;
	family: 'IPv4' | 'IPv6';
	/** Of the addresses of `localhost`, one is enough. */
	needed: 'any-of-these' | 'yes';
};

/** RFC 1035 section 2.3.4, without the final dot. */
const maxNameLength = 253;
const labelPattern = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;

/**
Port 0: a free port, if possible the same on every address.
@throws SpokeError ERR_PORT_IN_USE if a required address cannot be bound; nothing stays bound
*/
export async function listenLocally(port: number, addresses: readonly ListenAddress[]): Promise<LocalListener> {
	const listener = new LocalListener();
	try {
		await listener.bindAll(port, addresses);
		return listener;
	} catch (error) {
		listener.close();
		throw error;
	}
}

export class LocalListener {
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
				// With port 0, one that is free on an earlier address can be in use on this one.
				const binding = bind(sharedPort, address);
				sharedPort = this.#add(await (port === 0 && sharedPort !== 0 ? binding.catch(async () => bind(0, address)) : binding));
			} catch (error) {
				const failure = bindError(error as NodeJS.ErrnoException, port, address);
				if (address.needed === 'yes') {
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

	/** Sockets are paused. Connections from before the call are passed too. */
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

/** The name in lower case. @throws SpokeError ERR_USAGE unless it is a DNS name */
function parseListenHost(input: string): string {
	const name = input.toLowerCase();
	const labels = name.split('.');
	if (name.length > maxNameLength || !labels.every(label => labelPattern.test(label)) || /^\d+$/.test(labels.at(-1)!)) {
		throw new SpokeError('ERR_USAGE', `--host: ${JSON.stringify(input)} is not a DNS name`, {remedy: 'use a name such as db.shop.test'});
	}

	return name;
}

/**
Where a forward listens: on the addresses of its host, on those that are given, or on localhost.
@throws SpokeError ERR_USAGE, also for a host and addresses
*/
export function parseLocalEnd({
	addresses,
	host,
}: {
	/** `null`: localhost, or that of the host. */
	addresses: readonly string[] | null;
	host: string | null;
}): LocalEnd {
	if (host === null) {
		return {host, addresses: parseListenAddresses(addresses ?? ['localhost'])};
	}

	if (addresses !== null) {
		throw new SpokeError('ERR_USAGE', '--host cannot be used with --address, because the name decides the address');
	}

	const name = parseListenHost(host);
	return {host: name, addresses: listenAddressesOf(name)};
}

/** Programs resolve these names to localhost by themselves (RFC 6761 section 6.3), whatever the hosts file says. */
export function isBelowLocalhost(host: string): boolean {
	return host === 'localhost' || host.endsWith('.localhost');
}

/**
An address that no other name has, as far as the system has such addresses: Linux has all of 127.0.0.0/8, macOS and BSD have 127.0.0.1 and
those that root adds.
*/
export function listenAddressesOf(
	host: string,
	{platform = process.platform, existing = ownAddresses()}: {platform?: string; existing?: readonly string[]} = {},
): readonly ListenAddress[] {
	const address = loopbackAddressOf(host);
	return isBelowLocalhost(host)
		? parseListenAddresses(['localhost'])
		: parseListenAddresses([platform === 'linux' || existing.includes(address) ? address : '127.0.0.1']);
}

/** Always the same for a name. Not in 127.0.0.0/16, where systemd-resolved (127.0.0.53) and Debian (127.0.1.1) have addresses. */
export function loopbackAddressOf(host: string): string {
	const [second, third, fourth] = createHash('sha256').update(host).digest();
	return `127.${1 + (second! % 254)}.${third}.${1 + (fourth! % 254)}`;
}

function ownAddresses(): readonly string[] {
	return Object.values(networkInterfaces()).flatMap(addresses => addresses?.map(({address}) => address) ?? []);
}

/**
`localhost` is 127.0.0.1 and ::1; an address that is also listed itself must be bound.
@throws SpokeError ERR_USAGE
@see https://github.com/kubernetes/client-go/blob/v0.36.3/tools/portforward/portforward.go parseAddresses
*/
export function parseListenAddresses(input: readonly string[]): readonly ListenAddress[] {
	const own = input.filter(address => address !== 'localhost').map(address => requiredAddress(address));
	const found = new Map([...(input.includes('localhost') ? localhostAddresses : []), ...own].map(one => [one.address, one]));
	if (found.size === 0) {
		throw new SpokeError('ERR_USAGE', 'you must specify at least 1 address', {remedy: 'specify IP addresses or localhost'});
	}

	return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}

const localhostAddresses: readonly ListenAddress[] = [
	{address: '127.0.0.1', family: 'IPv4', needed: 'any-of-these'},
	{address: '::1', family: 'IPv6', needed: 'any-of-these'},
];

function requiredAddress(address: string): ListenAddress {
	const version = isIP(address);
	if (version === 0) {
		throw new SpokeError('ERR_USAGE', `${JSON.stringify(address)} is not a valid IP address`, {
			remedy: 'specify IP addresses or localhost, separated by commas',
		});
	}

	return {address, family: version === 4 ? 'IPv4' : 'IPv6', needed: 'yes'};
}
