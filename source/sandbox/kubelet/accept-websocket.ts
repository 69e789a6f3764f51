/** WebSocket upgrades with subprotocol negotiation. */
import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {WebSocketServer, type WebSocket} from 'ws';
import {noop} from '../network/noop.ts';

/**
Resolves to the socket and the first protocol of the client that is supported; `undefined`, without a response, if there is none.
Some protocol names of Kubernetes contain `/`, which RFC 6455 forbids and ws rejects, so ws does not get the header.
*/
export async function acceptWebSocket(
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
	supported: readonly string[],
): Promise<{client: WebSocket; protocol: string} | undefined> {
	const offered = (request.headers['sec-websocket-protocol'] ?? '')
		.split(',')
		.map(name => name.trim())
		.filter(Boolean);
	const protocol = offered.length === 0 ? '' : offered.find(name => supported.includes(name));
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
