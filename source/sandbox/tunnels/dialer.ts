/** Dial function of a route, and its errors. */
import type {Duplex} from 'node:stream';
import type {HostPort} from '../network/address-plan.ts';

/** @throws DialError */
export type Dial = (to: HostPort) => Promise<Duplex>;

/** Has the message of a real apiserver. */
export class DialError extends Error {}

/** The message of Go for a failed dial. @see net/dial.go, net.OpError */
export function goDialText({address, port}: HostPort, error: NodeJS.ErrnoException): string {
	const texts: Readonly<Record<string, string>> = {
		ECONNREFUSED: 'connect: connection refused',
		EHOSTUNREACH: 'connect: no route to host',
		ENETUNREACH: 'connect: network is unreachable',
		ETIMEDOUT: 'i/o timeout',
	};
	return `dial tcp ${address}:${port}: ${texts[error.code ?? ''] ?? error.message}`;
}
