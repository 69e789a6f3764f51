/** SPDY/3.1 and WebSocket upgrades. */
import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {type WebSocket, WebSocketServer} from 'ws';
import {noop} from '../network/join-streams.ts';
import {SpdyServerSession} from './spdy-server-session.ts';

/** Returns `undefined` if it refused the upgrade, with the text of k8s.io/streaming httpstream.Handshake. */
export function acceptSpdy(
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
	supported: readonly string[],
): {session: SpdyServerSession; protocol: string} | undefined {
	const offered = String(request.headers['x-stream-protocol-version'] ?? '')
		.split(',')
		.map(name => name.trim())
		.filter(Boolean);
	const protocol = offered.find(name => supported.includes(name));
	if (protocol === undefined) {
		const text = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`;
		socket.end(
			`HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
		);
		return undefined;
	}

	socket.write(
		`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
	);
	if (head.length > 0) {
		socket.unshift(head);
	}

	return {session: new SpdyServerSession(socket), protocol};
}

/**
Resolves to the socket and the first protocol of the client that is supported. If none is, sends no response and resolves to `undefined`.
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
