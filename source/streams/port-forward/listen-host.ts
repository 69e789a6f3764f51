/** Names for local ports: `--host`. */
import {createHash} from 'node:crypto';
import {networkInterfaces} from 'node:os';
import process from 'node:process';
import {SpokeError} from '../../errors/spoke-error.ts';
import {type ListenAddress, parseListenAddresses} from './listen-address.ts';

export type LocalEnd = {host: string | null; addresses: readonly ListenAddress[]};

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

/** RFC 1035 section 2.3.4, without the final dot. */
const maxNameLength = 253;
const labelPattern = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;

function ownAddresses(): readonly string[] {
	return Object.values(networkInterfaces()).flatMap(addresses => addresses?.map(({address}) => address) ?? []);
}
