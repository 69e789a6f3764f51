/** TCP reset. */
import type {Socket} from 'node:net';

/**
While a FIN is being sent, libuv cannot reset (`uv_tcp_close_reset` returns EINVAL) and Node would leak the handle, so this destroys the
socket. With queued bytes it resets, so that the peer does not take a FIN for the end of the data.
`writer`: the TLS socket above `socket`, if there is one.
*/
export function resetSocket(socket: Socket, writer: Socket = socket): void {
	const finUnderWay = writer.writableEnded && !writer.writableFinished && writer.writableLength === 0;
	// On a destroyed socket, `resetAndDestroy` makes an error with a stack trace.
	if (finUnderWay || socket.destroyed) {
		socket.destroy();
	} else {
		socket.resetAndDestroy();
	}
}
