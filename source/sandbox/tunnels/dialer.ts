/** How a route is used: one connection at a time, and what a failure of it says. */
import type {Duplex} from 'node:stream';
import type {HostPort} from '../network/address-plan.ts';

/** @throws DialError */
export type Dial = (to: HostPort) => Promise<Duplex>;

/** The words that a real apiserver uses for the failure. */
export class DialError extends Error {}

/** Go's words for a failed dial. @see net/dial.go, net.OpError */
export function goDialText({address, port}: HostPort, error: NodeJS.ErrnoException): string {
	const words: Readonly<Record<string, string>> = {
		ECONNREFUSED: 'connect: connection refused',
		EHOSTUNREACH: 'connect: no route to host',
		ENETUNREACH: 'connect: network is unreachable',
		ETIMEDOUT: 'i/o timeout',
	};
	return `dial tcp ${address}:${port}: ${words[error.code ?? ''] ?? error.message}`;
}
