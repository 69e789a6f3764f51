/** Loopback hosts. */
import {BlockList, isIP} from 'node:net';

/** As Go's net.IP.IsLoopback, or exactly `localhost`. False for any other name, because its address depends on the resolver. */
export function isLoopback(host: string): boolean {
	const address = host.replace(/^\[(.*)\]$/, '$1');
	switch (isIP(address)) {
		case 4: {
			return address.startsWith('127.');
		}

		case 6: {
			return address === '::1' || ipv6Loopback().check(address, 'ipv6');
		}

		default: {
			return host === 'localhost';
		}
	}
}

function ipv6Loopback(): BlockList {
	const list = new BlockList();
	list.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');
	list.addAddress('::1', 'ipv6');
	return list;
}
