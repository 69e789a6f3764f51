/** A server scripted byte by byte. */
import {createServer as createTcpServer, type AddressInfo, type Socket} from 'node:net';
import {createServer as createTlsServer} from 'node:tls';
import type {ExecutionContext} from 'ava';
import type {Connection} from '../../source/cluster/connection.ts';
import {startServer} from './api-server.ts';
import {authority, issue} from './certificates.ts';
import {listenOnLoopback} from './listen-on-loopback.ts';

/** `answer` gets all bytes so far. Over TLS each of its writes is a record. */
export async function toBytes(
	t: ExecutionContext,
	answer: (all: string, socket: Socket) => void,
	over: 'TCP' | 'TLS' = 'TCP',
): Promise<Connection> {
	const ca = await authority('bytes-ca');
	const {key, certificate} = await issue({commonName: 'bytes', ip: ['127.0.0.1']}, ca);
	const serve = (socket: Socket) => {
		let all = '';
		socket
			.on('error', () => undefined)
			.on('data', bytes => {
				all += bytes.toString();
				answer(all, socket);
			});
	};

	const server = over === 'TCP' ? createTcpServer(serve) : createTlsServer({key, cert: certificate}, serve);
	await listenOnLoopback(server);
	t.teardown(() => server.close());
	const files = await startServer({});
	t.teardown(async () => files.close());
	const {port} = server.address() as AddressInfo;
	const cluster = await files.cluster({
		cluster:
			over === 'TCP'
				? {server: `http://127.0.0.1:${port}`, 'certificate-authority-data': undefined}
				: {server: `https://127.0.0.1:${port}`, 'certificate-authority-data': Buffer.from(ca.certificate).toString('base64')},
	});
	const connection = await cluster.connect();
	t.teardown(() => {
		connection.close();
	});
	return connection;
}
