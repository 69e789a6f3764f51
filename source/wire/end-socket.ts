/** TCP reset. */
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {unsentBytes} from './node-internals.ts';

/** The connection is destroyed if it sent nothing within this time. */
const drainCheckMs = 1000;

/** `unsentBytes` of a WebSocket includes those of its socket. */
type EndedStream = Duplex & {readonly unsentBytes?: number};

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

/** Sends the remaining bytes as long as the other side reads. */
export function destroyWhenDrained(ended: EndedStream, leftBefore?: number): void {
	setTimeout(() => {
		// If this process was too busy to send, pending writes complete first.
		setImmediate(() => {
			const left = ended.unsentBytes ?? unsentBytes(ended);
			if (left > 0 && left !== leftBefore) {
				destroyWhenDrained(ended, left);
			} else {
				ended.destroy();
			}
		});
	}, drainCheckMs).unref();
}
