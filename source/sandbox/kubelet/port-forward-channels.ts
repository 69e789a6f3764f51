/** Port-forward over `v4.channel.k8s.io` WebSockets: a data and an error channel per port. */
import type {IncomingMessage} from 'node:http';
import {createConnection, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {WebSocket} from 'ws';
import {acceptWebSocket} from './accept-upgrade.ts';
import type {ForwardTarget} from './port-forward.ts';

/**
Each channel starts with its port, as two bytes in little-endian order. There is no half-close.
@see k8s.io/cri-streaming pkg/streaming/portforward/websocket.go
*/
export async function servePortForwardChannels(
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
	ports: readonly number[],
	{locate}: ForwardTarget,
): Promise<boolean> {
	const accepted = await acceptWebSocket(request, socket, head, ['v4.channel.k8s.io']);
	if (!accepted) {
		return false;
	}

	const {client} = accepted;
	const targets = ports.map((port, index) => connectPort(client, {port, data: index * 2}, locate));
	client.on('message', (message: Buffer) => {
		const target = message[0]! % 2 === 0 ? targets[message[0]! / 2] : undefined;
		if (!target || target.destroyed || target.write(message.subarray(1))) {
			return;
		}

		client.pause();
		target.once('drain', () => {
			client.resume();
		});
	});
	client.on('close', () => {
		for (const target of targets) {
			target.destroy();
		}
	});
	return true;
}

/** Sends output on the channel `data`, errors on the next one. */
function connectPort(client: WebSocket, {port, data}: {port: number; data: number}, locate: ForwardTarget['locate']): Socket {
	const send = (channel: number, bytes: Uint8Array) => {
		client.send(Buffer.concat([Buffer.of(channel), bytes]));
	};

	const {address, port: at} = locate(port);
	const target = createConnection({host: address, port: at});
	for (const channel of [data, data + 1]) {
		send(channel, Buffer.of(port & 0xff, port >> 8));
	}

	target.on('data', bytes => {
		send(data, bytes);
	});
	target.on('error', () => {
		send(data + 1, Buffer.from(`error forwarding port ${port}: connection refused`));
	});
	target.on('close', () => {
		client.close(1000);
	});
	return target;
}
