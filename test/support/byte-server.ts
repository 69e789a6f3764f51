/** A server that says byte by byte what a test wants it to say, and a connection to it. */
import {createServer as createTcpServer, type AddressInfo, type Socket} from 'node:net';
import type {ExecutionContext} from 'ava';
import type {Connection} from '../../source/cluster/connection.ts';
import {startServer} from './api-server.ts';

/** A connection to a server of plain bytes: `answer` gets all that came so far. */
export async function toBytes(t: ExecutionContext, answer: (all: string, socket: Socket) => void): Promise<Connection> {
	const server = createTcpServer(socket => {
		let all = '';
		socket.on('error', () => undefined).on('data', bytes => {
			all += bytes.toString();
			answer(all, socket);
		});
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	t.teardown(() => server.close());
	const tls = await startServer({});
	t.teardown(async () => tls.close());
	const cluster = await tls.cluster({cluster: {server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'certificate-authority-data': undefined}});
	const connection = await cluster.connect();
	t.teardown(() => {
		connection.close();
	});
	return connection;
}
