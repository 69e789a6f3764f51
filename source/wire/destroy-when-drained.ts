/** Closing of ended connections. */
import type {Duplex} from 'node:stream';
import {unsentBytes} from './node-internals.ts';

/** The connection is destroyed if it sent nothing within this time. */
const drainCheckMs = 1000;

/** `unsentBytes` of a WebSocket includes those of its socket. */
type EndedStream = Duplex & {readonly unsentBytes?: number};

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
