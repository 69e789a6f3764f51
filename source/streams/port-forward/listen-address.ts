/** Parses the local addresses of a forward. */
import {isIP} from 'node:net';
import {SpokeError} from '../../errors/spoke-error.ts';

export type ListenAddress = {
	address: string;
	family: 'IPv4' | 'IPv6';
	/**
	Whether the address must be bound. `any-of-these`: of the addresses of `localhost`, one is enough. `if-available`: one is enough if the
	host lacks the other, but not if another program listens on the port there.
	*/
	needed: 'any-of-these' | 'if-available' | 'yes';
};

/**
`localhost` is 127.0.0.1 and ::1; an address that is also listed itself must be bound.
@throws SpokeError ERR_USAGE
@see https://github.com/kubernetes/client-go/blob/v0.36.3/tools/portforward/portforward.go parseAddresses
*/
export function parseListenAddresses(input: readonly string[]): readonly ListenAddress[] {
	const found = new Map<string, ListenAddress>();
	for (const address of input) {
		if (address === 'localhost') {
			for (const [loopback, family] of [
				['127.0.0.1', 'IPv4'],
				['::1', 'IPv6'],
			] as const) {
				if (!found.has(loopback)) {
					found.set(loopback, {address: loopback, family, needed: 'any-of-these'});
				}
			}
		} else if (isIP(address) === 0) {
			throw new SpokeError('ERR_USAGE', `${JSON.stringify(address)} is not a valid IP address`, {
				remedy: 'specify IP addresses or localhost, separated by commas',
			});
		} else {
			found.set(address, {address, family: isIP(address) === 4 ? 'IPv4' : 'IPv6', needed: 'yes'});
		}
	}

	if (found.size === 0) {
		throw new SpokeError('ERR_USAGE', 'you must specify at least 1 address', {remedy: 'specify IP addresses or localhost'});
	}

	return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}
