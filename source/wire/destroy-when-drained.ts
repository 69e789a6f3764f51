/** Closing of ended connections. */
import type {Duplex} from 'node:stream';

/** The connection is destroyed if nothing was sent within this time. */
const drainCheckMs = 1000;

/** `unsentBytes`: of a stream over another one, including that one's. */
type EndedStream = Duplex & {readonly unsentBytes?: number};

/** Sends the remaining bytes as long as the other side reads, then destroys the stream. */
export function destroyWhenDrained(ended: EndedStream, leftBefore?: number): void {
	setTimeout(() => {
		// Lets pending writes complete first, in case only this process was busy.
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

/** Changes whenever the system accepts bytes, unlike Node's own count, which changes only when a whole write is done. */
export function unsentBytes(stream: EndedStream): number {
	const {_handle: handle} = stream as {_handle?: Handle | null};
	return stream.unsentBytes ?? stream.writableLength + ((handle?._parent ?? handle)?.writeQueueSize ?? 0);
}

/** libuv's queue; `_parent` is the socket below TLS (lib/internal/tls/wrap.js), because TLS counts its queue until all is sent. */
type Handle = {writeQueueSize?: number; _parent?: Handle | null};
