/** Accepts a WebSocket with one of the subprotocols that a server knows. */
import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {WebSocketServer, type WebSocket} from 'ws';
import {noop} from '../network/noop.ts';

/**
Answers 101 and resolves to the socket and the first protocol of the client's list that is supported; `undefined` when there is none,
and nothing was answered then. Kubernetes' own names have a `/` in them, which RFC 6455 forbids and ws refuses, so the header is kept from it.
*/
export async function acceptWebSocket(
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
	supported: readonly string[],
): Promise<{client: WebSocket; protocol: string} | undefined> {
	const asked = (request.headers['sec-websocket-protocol'] ?? '')
		.split(',')
		.map(name => name.trim())
		.filter(Boolean);
	const protocol = asked.length === 0 ? '' : asked.find(name => supported.includes(name));
	if (protocol === undefined) {
		return undefined;
	}

	const server = new WebSocketServer({noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: 32 * 1024 * 1024});
	delete request.headers['sec-websocket-protocol'];
	if (protocol !== '') {
		server.on('headers', headers => {
			headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
		});
	}

	const {promise, resolve} = Promise.withResolvers<WebSocket>();
	server.handleUpgrade(request, socket, head, resolve);
	const client = await promise;
	client.on('error', noop);
	return {client, protocol};
}
