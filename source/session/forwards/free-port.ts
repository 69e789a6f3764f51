/** Suggested and free local ports. */
import {createServer} from 'node:net';

/** Returns an unprivileged port that resembles the remote one. */
export function suggestLocalPort(port: number): number {
	return port < 1024 ? 8000 + port : port;
}

/** Returns `wanted` or the next free port above it on 127.0.0.1, or 0. */
export async function freePort(wanted: number): Promise<number> {
	if (await isFree(wanted, '127.0.0.1')) {
		return wanted;
	}

	return wanted < 65_000 ? freePort(wanted + 1) : 0;
}

export async function isFree(port: number, address: string): Promise<boolean> {
	const server = createServer();
	return new Promise(resolve => {
		server.once('error', () => {
			resolve(false);
		});
		server.listen(port, address, () => {
			server.close(() => {
				resolve(true);
			});
		});
	});
}
