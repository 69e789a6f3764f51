/** How local clients use a forward: its name, and TLS of the remote port. */
import {joinHostPort} from '../cluster/transport/server-url.ts';
import type {ForwardEvent} from '../streams/port-forward/forward-event.ts';
import {isBelowLocalhost, loopbackAddressOf} from '../streams/port-forward/listen-host.ts';

type ReadyEvent = Extract<ForwardEvent, {event: 'ready'}>;

/** Lines for a person. Empty for a forward that needs no words. */
export function describeListenerUse(ready: ReadyEvent): readonly string[] {
	return [...describeName(ready), ...describeRemoteTls(ready)];
}

/** `localhost`, or the first address if it does not answer there. */
export function hostOfListener(addresses: readonly string[]): string {
	const [first = 'localhost'] = addresses;
	return addresses.some(address => localhostAddresses.has(address)) ? 'localhost' : first;
}

/** The last two are wildcard addresses. */
const localhostAddresses = new Set(['localhost', '127.0.0.1', '0.0.0.0', '::']);

/** By convention: only a client that tries knows whether it does. */
export function usuallySpeaksTls(port: number, name: string | null): boolean {
	return [443, 6443, 8443].includes(port) || (name !== null && /^https(?:-|$)/.test(name));
}

/** spoke writes nothing to the hosts file. */
function describeName({host, listen: [first]}: ReadyEvent): string[] {
	if (host === null || first === undefined) {
		return [];
	}

	const line = `${first.address} ${host}`;
	if (isBelowLocalhost(host)) {
		return [`browsers, curl and systemd-resolved find ${host} by themselves; for other programs, the line of /etc/hosts is: ${line}`];
	}

	const own = loopbackAddressOf(host);
	return [
		`for ${host}, add this line to /etc/hosts: ${line}`,
		...(first.address === own
			? []
			: [`this system has only 127.0.0.1 for it; \`sudo ifconfig lo0 alias ${own}\` adds an address of its own for the next start`]),
	];
}

/** curl verifies the name that the certificate has, and connects to the forward. */
function describeRemoteTls({remotePort, remotePortName, target, listen: [first]}: ReadyEvent): string[] {
	if (first === undefined || !usuallySpeaksTls(remotePort, remotePortName)) {
		return [];
	}

	const [, service] = /^(?:svc|services?)\/(.+)$/.exec(target.asked) ?? [];
	const name = service === undefined ? 'NAME' : `${service}.${target.namespace}.svc`;
	const where = service === undefined ? ', with a NAME of its certificate' : '';
	const endpoint = joinHostPort(first.address, first.port);
	return [`if port ${remotePort} speaks TLS${where}: curl --connect-to ${name}:${remotePort}:${endpoint} https://${name}:${remotePort}/`];
}
