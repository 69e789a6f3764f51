/** Where a TLS socket that dials itself reads to: for whoever takes its reads straight into their memory, for the stream else. */
import type {OnReadOpts, Socket} from 'node:net';
import type {Duplex} from 'node:stream';

/** Takes what a socket reads, instead of its stream. */
export type ReadSink = {
	/** Where the next read goes; after each one it may be another place. */
	readonly buffer: Buffer;
	/** `length` bytes were read, and stand at the beginning of `place`, until the next read. */
	onRead(place: Buffer, length: number): void;
};

const takers = new WeakMap<Duplex, ReadSink>();
/** Every read of a stream is copied out of it before there is another one. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/**
For one socket. Of each read Node makes a piece of memory and an event of a stream, and a followed log has a TLS record a line: that costs more than all that is done with the line.
*/
export function onreadOptions(): OnReadOpts {
	let area: Buffer | undefined;
	let taker: ReadSink | undefined;
	return {
		/** Asked at first and after each read; where it gives nothing the place stays. */
		buffer() {
			const next = taker?.buffer ?? shared;
			const isSame = next === area;
			area = next;
			return (isSame ? undefined : next)!;
		},
		callback(this: Socket, length: number) {
			const place = area!;
			taker = takers.get(this);
			if (!taker) {
				return this.push(Buffer.from(place.subarray(0, length)));
			}

			taker.onRead(place, length);
			return true;
		},
	};
}

/** Until the function that it returns is called `taker` gets what the socket reads; what was read before is the stream's. Without effect on a socket that has no direct reads. */
export function interceptReads(socket: Duplex, taker: ReadSink): () => void {
	takers.set(socket, taker);
	return () => {
		takers.delete(socket);
	};
}
