/**
 * A relay to a distant server: bytes arrive later by a fixed time, at full speed, so that round trips cost as much as over a long distance.
 */
import {createServer, connect, type AddressInfo, type Socket} from 'node:net';

export type FarRelay = {port: number; close: () => void};

/** `oneWayMs` each way; the handshake of TCP itself takes none. */
export async function startFarRelay(host: string, port: number, oneWayMs: number): Promise<FarRelay> {
	const sockets = new Set<Socket>();
	const server = createServer({allowHalfOpen: true, noDelay: true}, near => {
		const far = connect({host, port, allowHalfOpen: true, noDelay: true});
		for (const [from, to] of [
			[near, far],
			[far, near],
		] as const) {
			sockets.add(from);
			// After an error, too, the other side gets the bytes before it first. It sees a FIN instead of the RST.
			from.on('error', () => setTimeout(() => to.destroySoon(), oneWayMs)).once('close', () => sockets.delete(from));
			from.on('data', bytes => {
				setTimeout(() => to.write(bytes), oneWayMs);
			});
			from.on('end', () => {
				setTimeout(() => to.end(), oneWayMs);
			});
		}
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		close() {
			server.close();
			for (const socket of sockets) {
				socket.destroy();
			}
		},
	};
}
