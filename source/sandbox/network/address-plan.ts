/** Loopback addresses of nodes and pods. */
import {randomInt} from 'node:crypto';
import {createServer, type Server} from 'node:net';
import {platform} from 'node:process';
import {listen} from './sockets.ts';

export type HostPort = {address: string; port: number};

export type AddressPlan = {
	/** Source address of the control plane's connections. */
	readonly controlPlane: string;
	nodeAddress(index: number): string;
	/** Can be dialed directly only on Linux. */
	podAddress(): string;
	/** Resolves to the address that others dial. Rejects with the system's error. */
	listen(server: Server, wanted: HostPort): Promise<HostPort>;
	locate(wanted: HostPort): HostPort;
	/** Local address for connections from `address`; `undefined` if the system has only one. */
	sourceOf(address: string): string | undefined;
	/** Frees the addresses for other sandboxes. */
	release(): void;
};

/**
On Linux, 127.0.0.0/8 is local, so every node and pod has an address in 127.N.0.0/16. Elsewhere only 127.0.0.1 is: addresses are names, and
listeners differ by port.
*/
export async function createAddressPlan(): Promise<AddressPlan> {
	let pods = 0;
	const nextPod = () => {
		pods++;
		return [10 + Math.floor(pods / 250), 1 + (pods % 250)] as const;
	};

	if (platform !== 'linux') {
		const listeners = new Map<string, HostPort>();
		return {
			controlPlane: '127.0.0.1',
			nodeAddress: index => `10.99.0.${10 + index}`,
			podAddress: () => `10.244.${nextPod().join('.')}`,
			async listen(server, wanted) {
				listeners.set(`${wanted.address}:${wanted.port}`, await listen(server, {address: '127.0.0.1', port: 0}));
				return wanted;
			},
			locate: wanted => listeners.get(`${wanted.address}:${wanted.port}`) ?? {address: '127.0.0.1', port: 9},
			sourceOf: () => undefined,
			release() {},
		};
	}

	const {block, marker} = await reserveBlock();
	return {
		controlPlane: `127.${block}.0.1`,
		nodeAddress: index => `127.${block}.0.${10 + index}`,
		podAddress: () => `127.${block}.${nextPod().join('.')}`,
		listen,
		locate: wanted => wanted,
		sourceOf: address => address,
		release: () => void marker?.close(),
	};
}

/** A listener on it reserves an address block. */
const markerPort = 47_613;

async function reserveBlock(): Promise<{block: number; marker?: Server}> {
	for (let attempt = 0; attempt < 50; attempt++) {
		const block = randomInt(16, 250);
		const marker = createServer();
		try {
			await listen(marker, {address: `127.${block}.255.254`, port: markerPort});
			return {block, marker: marker.unref()};
		} catch {
			// Another sandbox has it.
		}
	}

	// The port is in use on all addresses: a collision of two sandboxes is unlikely, and causes an error.
	return {block: randomInt(16, 250)};
}
