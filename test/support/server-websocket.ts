/** The server's side of a WebSocket. */
import {IncomingMessage} from 'node:http';
import {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {WebSocketServer, type WebSocket} from 'ws';

/** On a socket whose upgrade is over. */
export function serverWebSocket(socket: Duplex): WebSocket {
	const request = new IncomingMessage(new Socket());
	request.method = 'GET';
	request.headers = {upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': Buffer.alloc(16).toString('base64')};
	let accepted: WebSocket | undefined;
	// The other side does not expect the response that ws writes.
	socket.write = () => true;
	new WebSocketServer({noServer: true, perMessageDeflate: false}).handleUpgrade(request, socket, Buffer.alloc(0), webSocket => {
		accepted = webSocket;
	});
	Reflect.deleteProperty(socket, 'write');
	accepted!.on('error', () => undefined);
	return accepted!;
}
