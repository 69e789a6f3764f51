/** Which local port stands for a remote one, and which is free? */
import {createServer} from 'node:net';

/** A local port that needs no right of its own, and shows which one it is for. */
export function suggestLocalPort(port: number): number {
	return port < 1024 ? 8000 + port : port;
}

/** `wanted`, or the next one above it that 127.0.0.1 has free; 0 when there is none. */
export async function freePort(wanted: number): Promise<number> {
	if (await isFree(wanted, '127.0.0.1')) {
		return wanted;
	}

	return wanted < 65_000 ? freePort(wanted + 1) : 0;
}

/** Whether it can be listened on now. */
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
