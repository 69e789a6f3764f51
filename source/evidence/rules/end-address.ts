/** The address at which a connection ends, as evidence of the server there. */
import type {SocketFacts} from '../evidence.ts';

/** `null` if it says nothing about the server: through a proxy, and on loopback, where a port can be forwarded to any server. */
export function endAddress({proxy, remoteAddress, isMarkedAsSandbox}: SocketFacts): string | null {
	return proxy || remoteAddress === null || (isLoopback(hostOf(remoteAddress)) && !isMarkedAsSandbox) ? null : remoteAddress;
}

/** Of `ip:port`; an IPv6 address keeps its brackets. */
export function hostOf(address: string): string {
	return address.replace(/:\d+$/, '');
}

export function isLoopback(host: string): boolean {
	return /^(127\.\d+\.\d+\.\d+|\[?(::1|::ffff:127\.\d+\.\d+\.\d+)\]?|localhost)$/i.test(host);
}
