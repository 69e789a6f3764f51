/** Which local port is free, from one that is wished for on. */
import {createServer} from 'node:net';

/** `wanted`, or the next one above it that 127.0.0.1 has free; 0 when there is none. */
export async function freePort(wanted: number): Promise<number> {
	const server = createServer();
	return new Promise(resolve => {
		server.once('error', () => {
			resolve(wanted < 65_000 ? freePort(wanted + 1) : Promise.resolve(0));
		});
		server.listen(wanted, '127.0.0.1', () => {
			server.close(() => {
				resolve(wanted);
			});
		});
	});
}
