/** Loopback hosts. */
import {BlockList, isIP} from 'node:net';

/** As Go's net.IP.IsLoopback, or exactly `localhost`. False for any other name, because its address depends on the resolver. */
export function isLoopback(host: string): boolean {
	const address = host.replace(/^\[(.*)\]$/, '$1');
	const family = isIP(address);
	return family === 0 ? host === 'localhost' : loopbackAddresses().check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function loopbackAddresses(): BlockList {
	const list = new BlockList();
	list.addSubnet('127.0.0.0', 8, 'ipv4');
	list.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');
	list.addAddress('::1', 'ipv6');
	return list;
}
