/** How long is a connection kept that we have ended? */
import type {Duplex} from 'node:stream';

/** Within this the other side takes some of what is left for it, or ends. */
const drainCheckMs = 1000;

/** `unsentBytes`: of a stream that is carried by another one, with what that holds. */
type EndedStream = Duplex & {readonly unsentBytes?: number};

/** What was said last goes out for as long as it is taken; a side that neither takes it nor ends is not waited for. */
export function destroyWhenDrained(ended: EndedStream, leftBefore?: number): void {
	setTimeout(() => {
		// What can be taken by now is handed over first: the other side may be waiting, and only we were busy.
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

/** 0 once the system has taken all; until then another number whenever it takes some. Node's own count stays the same until a write is taken whole, however long it is. */
export function unsentBytes(stream: EndedStream): number {
	const {_handle: handle} = stream as {_handle?: Handle | null};
	return stream.unsentBytes ?? stream.writableLength + ((handle?._parent ?? handle)?.writeQueueSize ?? 0);
}

/** As libuv's queue shows it, of a TLS socket on the socket below (lib/internal/tls/wrap.js): TLS takes its whole queue for unsent until all of it is. */
type Handle = {writeQueueSize?: number; _parent?: Handle | null};
