/** TCP reset. */
import type {Socket} from 'node:net';

/**
While a FIN is being sent, libuv cannot reset (`uv_tcp_close_reset` returns EINVAL) and Node would leak the handle, so this destroys the
socket. With queued bytes it resets, so that the peer does not take a FIN for the end of the data.
*/
export function resetSocket(socket: Socket): void {
	const finUnderWay = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
	if (finUnderWay) {
		socket.destroy();
	} else {
		socket.resetAndDestroy();
	}
}
