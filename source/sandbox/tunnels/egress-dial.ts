/** Apiserver dials through Konnectivity. */
import {request} from 'node:http';
import {createConnection, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {Metrics} from '../apiserver/metrics.ts';
import {noop} from '../network/join-streams.ts';
import {type Dial, DialError} from './direct.ts';

/** @see apiserver/pkg/server/egressselector/egress_selector.go and konnectivity-client pkg/client/client.go */
export function grpcDial(socketPath: string, metrics: Metrics): Dial {
	const labels = {protocol: 'grpc', transport: 'uds'};
	const connections = 'konnectivity_network_proxy_client_client_connections';
	const packets = 'konnectivity_network_proxy_client_client_stream_packets_total';
	return async ({address, port}) => {
		metrics.add('apiserver_egress_dialer_dial_start_total', labels);
		const socket = createConnection({path: socketPath, allowHalfOpen: true});
		const fail = (text: string, stage: 'connect' | 'proxy'): never => {
			socket.destroy();
			metrics.add('apiserver_egress_dialer_dial_failure_count', {...labels, stage});
			metrics.add('konnectivity_network_proxy_client_client_dial_failure_total', {
				reason: text.startsWith('dial timeout') ? 'timeout' : 'endpoint',
			});
			throw new DialError(text);
		};

		metrics.add(packets, {segment: 'from_client', packet_type: 'DIAL_REQ'});
		let reply = '';
		try {
			reply = await exchangeLine(socket, `DIAL ${address} ${port}\n`);
		} catch (error) {
			fail(
				`context deadline exceeded: connection error: desc = "transport: Error while dialing: dial unix ${socketPath}: connect: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : 'connection refused'}"`,
				'connect',
			);
		}

		metrics.add(packets, {segment: 'to_client', packet_type: 'DIAL_RSP'});
		if (reply !== 'OK') {
			fail(reply.replace(/^ERROR /, ''), 'proxy');
		}

		metrics.add('apiserver_egress_dialer_dial_duration_seconds_count', labels);
		metrics.add(connections, {status: 'ok'});
		socket.on('close', () => {
			metrics.add(connections, {status: 'ok'}, -1);
			metrics.add(packets, {segment: 'from_client', packet_type: 'CLOSE_REQ'});
			metrics.add(packets, {segment: 'to_client', packet_type: 'CLOSE_RSP'});
		});
		return socket;
	};
}

export function httpConnectDial(socketPath: string, metrics: Metrics): Dial {
	const labels = {protocol: 'http_connect', transport: 'uds'};
	return async ({address, port}) => {
		metrics.add('apiserver_egress_dialer_dial_start_total', labels);
		const {promise, resolve, reject} = Promise.withResolvers<Duplex>();
		const connectRequest = request({socketPath, method: 'CONNECT', path: `${address}:${port}`});
		const fail = (text: string, stage: 'connect' | 'proxy') => {
			metrics.add('apiserver_egress_dialer_dial_failure_count', {...labels, stage});
			reject(new DialError(text));
		};

		connectRequest.on('connect', (answer, socket: Socket) => {
			if (answer.statusCode === 200) {
				metrics.add('apiserver_egress_dialer_dial_duration_seconds_count', labels);
				socket.on('error', noop);
				resolve(socket);
			} else {
				socket.destroy();
				fail(
					`proxy error from ${socketPath} while dialing ${address}:${port}, code ${answer.statusCode}: ${answer.statusCode} ${answer.statusMessage}`,
					'proxy',
				);
			}
		});
		connectRequest.on('error', (error: NodeJS.ErrnoException) => {
			fail(`dial unix ${socketPath}: connect: ${error.code === 'ENOENT' ? 'no such file or directory' : 'connection refused'}`, 'connect');
		});
		connectRequest.end();
		return promise;
	};
}

/** Leaves later bytes in the socket. */
async function exchangeLine(socket: Socket, line: string): Promise<string> {
	const {promise, resolve, reject} = Promise.withResolvers<string>();
	socket
		.once('connect', () => {
			socket.write(line);
		})
		.on('error', reject);
	let text = '';
	const onReadable = () => {
		for (let byte = socket.read(1) as Buffer | null; byte !== null; byte = socket.read(1) as Buffer | null) {
			if (byte[0] === 10) {
				socket.off('readable', onReadable);
				resolve(text);
				return;
			}

			text += String.fromCodePoint(byte[0]!);
		}
	};

	socket.on('readable', onReadable);
	socket.on('close', () => {
		reject(new DialError('tunnel closed'));
	});
	const reply = await promise;
	socket.off('error', reject).on('error', noop);
	return reply;
}
