/** Closing of ended connections. */
import type {Duplex} from 'node:stream';

/** Destroys the connection if it sent nothing within this time. */
const drainCheckMs = 1000;

/** `unsentBytes` includes the stream below. */
type EndedStream = Duplex & {readonly unsentBytes?: number};

/** Sends the remaining bytes as long as the other side reads. */
export function destroyWhenDrained(ended: EndedStream, leftBefore?: number): void {
	setTimeout(() => {
		// Only this process may be busy: pending writes complete first.
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

/** Unlike Node's count, changes whenever the system accepts bytes. */
export function unsentBytes(stream: EndedStream): number {
	const {_handle: handle} = stream as {_handle?: Handle | null};
	return stream.unsentBytes ?? stream.writableLength + ((handle?._parent ?? handle)?.writeQueueSize ?? 0);
}

/** libuv's queue. TLS counts its own until all is sent; `_parent` is the socket below it (lib/internal/tls/wrap.js). */
type Handle = {writeQueueSize?: number; _parent?: Handle | null};
