import {once} from 'node:events';
import {createServer} from 'node:net';
import {isFree} from '../../source/session/forwards/free-port.ts';
import {listenOnLoopback} from './listen-on-loopback.ts';

/** A local port on which nothing listens. */
export async function unusedPort(): Promise<number> {
	const server = createServer();
	const port = await listenOnLoopback(server);
	server.close();
	await once(server, 'close');
	return port;
}

/** The first of several ports in a row on which nothing listens. */
export async function unusedPorts(count: number): Promise<number> {
	for (let first = await unusedPort(), next = 1; ; next++) {
		if (next === count) {
			return first;
		}

		if (!(await isFree(first + next, '127.0.0.1'))) {
			[first, next] = [await unusedPort(), 0];
		}
	}
}
