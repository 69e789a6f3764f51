/** Where a TLS socket that dials itself reads to: for whoever takes its reads straight into their memory, for the stream else. */
import type {OnReadOpts, Socket} from 'node:net';
import type {Duplex} from 'node:stream';

/** Takes what a socket reads, instead of its stream. */
export type ReadSink = {
	/** Where the next read goes; after each one it may be another place. */
	readonly buffer: Buffer;
	/** `length` bytes were read, and stand at the beginning of `place`, until the next read. */
	onRead(source: Buffer, length: number): void;
};

const sinks = new WeakMap<Duplex, ReadSink>();
/** Every read of a stream is copied out of it before there is another one. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/**
For one socket. Of each read Node makes a piece of memory and an event of a stream, and a followed log has a TLS record a line: that costs more than all that is done with the line.
*/
export function onreadOptions(): OnReadOpts {
	let current: Buffer | undefined;
	let sink: ReadSink | undefined;
	return {
		/** Asked at first and after each read; where it gives nothing the place stays. */
		buffer() {
			const next = sink?.buffer ?? shared;
			const isSame = next === current;
			current = next;
			return (isSame ? undefined : next)!;
		},
		callback(this: Socket, length: number) {
			const source = current!;
			sink = sinks.get(this);
			if (!sink) {
				return this.push(Buffer.from(source.subarray(0, length)));
			}

			sink.onRead(source, length);
			return true;
		},
	};
}

/** Until the function that it returns is called `taker` gets what the socket reads; what was read before is the stream's. Without effect on a socket that has no direct reads. */
export function interceptReads(socket: Duplex, sink: ReadSink): () => void {
	sinks.set(socket, sink);
	return () => {
		sinks.delete(socket);
	};
}
