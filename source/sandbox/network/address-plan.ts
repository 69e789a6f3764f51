/** Where nodes and pods of a sandbox live on loopback, so that several sandboxes do not meet. */
import {randomInt} from 'node:crypto';
import {createServer, type Server} from 'node:net';
import {platform} from 'node:process';

export type HostPort = {address: string; port: number};

export type AddressPlan = {
	/** The control plane's own address: connections that it makes itself come from here. */
	readonly controlPlane: string;
	nodeAddress(index: number): string;
	/** A pod's own address; only Linux gives it one that can be dialled as it is. */
	podAddress(): string;
	/** Where to listen so that `wanted` is reached; `port` 0 where the system has to choose. */
	listenAt(wanted: HostPort): HostPort;
	/** Tells where a listener for `wanted` came to stand. */
	stands(wanted: HostPort, at: HostPort): void;
	/** Where to connect for `wanted`. */
	locate(wanted: HostPort): HostPort;
	/** The source address for connections of whoever lives at `address`; `undefined` where the system knows only one. */
	sourceOf(address: string): string | undefined;
};

/**
On Linux the whole of 127.0.0.0/8 can be listened on, so every node and pod has an address of its own in a block 127.N.0.0/16
that nobody else uses. Elsewhere only 127.0.0.1 can: addresses are names then, and ports tell listeners apart.
*/
export async function makeAddressPlan(): Promise<AddressPlan> {
	let pods = 0;
	const nextPod = () => {
		pods++;
		return [10 + Math.floor(pods / 250), 1 + (pods % 250)] as const;
	};

	if (platform !== 'linux') {
		const stands = new Map<string, HostPort>();
		return {
			controlPlane: '127.0.0.1',
			nodeAddress: index => `10.99.0.${10 + index}`,
			podAddress: () => `10.244.${nextPod().join('.')}`,
			listenAt: () => ({address: '127.0.0.1', port: 0}),
			stands: (wanted, at) => void stands.set(`${wanted.address}:${wanted.port}`, at),
			locate: wanted => stands.get(`${wanted.address}:${wanted.port}`) ?? {address: '127.0.0.1', port: 9},
			sourceOf: () => undefined,
		};
	}

	const block = await freeBlock();
	return {
		controlPlane: `127.${block}.0.1`,
		nodeAddress: index => `127.${block}.0.${10 + index}`,
		podAddress: () => `127.${block}.${nextPod().join('.')}`,
		listenAt: wanted => wanted,
		stands() {},
		locate: wanted => wanted,
		sourceOf: address => address,
	};
}

/** A listener marks a block as taken for as long as this process lives. */
const markers: Server[] = [];

const markerPort = 47_613;

async function freeBlock(): Promise<number> {
	for (let attempt = 0; attempt < 50; attempt++) {
		const block = randomInt(16, 250);
		const marker = createServer();
		const taken = await new Promise<boolean>(resolve => {
			marker.once('error', () => {
				resolve(true);
			});
			marker.listen({host: `127.${block}.255.254`, port: markerPort}, () => {
				resolve(false);
			});
		});
		if (!taken) {
			marker.unref();
			markers.push(marker);
			return block;
		}
	}

	// Somebody holds the port on all addresses: two sandboxes then meet by chance only, and listeners that do are told.
	return randomInt(16, 250);
}
