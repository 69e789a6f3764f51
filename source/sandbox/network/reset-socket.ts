/** Ends a TCP connection at once, with RST where that can be. */
import type {Socket} from 'node:net';

/**
While a FIN is on its way out, libuv refuses to reset (uv_tcp_close_reset gives EINVAL) and Node then leaves the handle open for good:
such a socket is only destroyed.
*/
export function resetSocket(socket: Socket): void {
	if (socket.writableEnded && !socket.writableFinished) {
		socket.destroy();
	} else {
		socket.resetAndDestroy();
	}
}
