/** Dial functions, and the direct route. */
import {createConnection, type Socket} from 'node:net';
import type {AddressPlan, HostPort} from '../network/address-plan.ts';
import {noop} from '../network/join-streams.ts';
import type {Duplex} from 'node:stream';

const dialTimeoutMs = 30_000;

export function directDial(plan: AddressPlan, from: string): Dial {
	return async to => {
		try {
			return await connectFrom(plan, from, to, dialTimeoutMs);
		} catch (error) {
			throw new DialError(goDialText(to, error as NodeJS.ErrnoException));
		}
	};
}

/** Rejects with the system's error, or ETIMEDOUT. */
export async function connectFrom(plan: AddressPlan, from: string, to: HostPort, timeoutMs: number): Promise<Socket> {
	const {address: host, port} = plan.locate(to);
	const localAddress = plan.sourceOf(from);
	const socket = createConnection({host, port, allowHalfOpen: true, ...(localAddress !== undefined && {localAddress})});
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const timer = setTimeout(() => {
		reject(Object.assign(new Error('timeout'), {code: 'ETIMEDOUT'}));
	}, timeoutMs);
	socket.once('connect', resolve).once('error', reject);
	try {
		await promise;
	} catch (error) {
		socket.destroy();
		throw error;
	} finally {
		clearTimeout(timer);
	}

	socket.setNoDelay(true);
	socket.off('error', reject).on('error', noop);
	return socket;
}

/** @throws DialError */
export type Dial = (to: HostPort) => Promise<Duplex>;

/** A failed dial, with the text that a real apiserver prints. */
export class DialError extends Error {}

/** @see net/dial.go, net.OpError */
export function goDialText({address, port}: HostPort, error: NodeJS.ErrnoException): string {
	const texts: Readonly<Record<string, string>> = {
		ECONNREFUSED: 'connect: connection refused',
		EHOSTUNREACH: 'connect: no route to host',
		ENETUNREACH: 'connect: network is unreachable',
		ETIMEDOUT: 'i/o timeout',
	};
	return `dial tcp ${address}:${port}: ${texts[error.code ?? ''] ?? error.message}`;
}
