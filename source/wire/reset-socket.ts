/** Ends a TCP connection at once, with RST wherever that can be. */
import type {Socket} from 'node:net';

/**
While a FIN is on its way out, libuv refuses to reset (`uv_tcp_close_reset` gives EINVAL) and Node then leaves the handle open for good:
such a socket is only destroyed, all its bytes being with the kernel. One that was ended with bytes still queued is reset, since their reader would take a FIN for their end.
*/
export function resetSocket(socket: Socket): void {
	const finUnderWay = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
	if (finUnderWay) {
		socket.destroy();
	} else {
		socket.resetAndDestroy();
	}
}
