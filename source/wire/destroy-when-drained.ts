/** Closing of ended connections. */
import type {Duplex} from 'node:stream';

/** The connection is destroyed if it sent nothing within this time. */
const drainCheckMs = 1000;

/** `unsentBytes` of a WebSocket includes those of its socket. */
type EndedStream = Duplex & {readonly unsentBytes?: number};

/** Sends the remaining bytes as long as the other side reads. */
export function destroyWhenDrained(ended: EndedStream, leftBefore?: number): void {
	setTimeout(() => {
		// If this process was too busy to send, pending writes complete first.
		setImmediate(() => {
			const left = unsentBytes(ended);
			if (left > 0 && left !== leftBefore) {
				destroyWhenDrained(ended, left);
			} else {
				ended.destroy();
			}
		});
	}, drainCheckMs).unref();
}

/** Changes whenever the system accepts bytes, which Node's `writableLength` does not. */
export function unsentBytes(stream: EndedStream): number {
	const {_handle: handle} = stream as {_handle?: Handle | null};
	return stream.unsentBytes ?? stream.writableLength + ((handle?._parent ?? handle)?.writeQueueSize ?? 0);
}

/** libuv's write queue. A TLS handle's own queue shrinks only when all is sent, so its socket counts (lib/internal/tls/wrap.js). */
type Handle = {writeQueueSize?: number; _parent?: Handle | null};
