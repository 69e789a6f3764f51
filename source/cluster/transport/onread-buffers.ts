/** Read buffers of a TLS socket that dials itself. */
import type {OnReadOpts, Socket} from 'node:net';
import type {Duplex} from 'node:stream';

/** Receives a socket's reads instead of its stream. */
export type ReadSink = {
	/** Buffer for the next read; may change after each one. */
	readonly buffer: Buffer;
	/** `length` bytes are at the start of `source`, until the next read. */
	onRead(source: Buffer, length: number): void;
};

const sinks = new WeakMap<Duplex, ReadSink>();
/** Each read is copied out before the next one. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/**
For one socket. Node allocates memory and emits an event per read, and a followed log has a TLS record per line:
that costs more than processing the line.
*/
export function onreadOptions(): OnReadOpts {
	let current: Buffer | undefined;
	let sink: ReadSink | undefined;
	return {
		/** Node calls it first and after each read; `undefined` keeps the buffer. */
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

/**
Passes reads to `sink` until the returned function is called; earlier reads stay in the stream.
No effect on a socket without onread buffers.
*/
export function interceptReads(socket: Duplex, sink: ReadSink): () => void {
	sinks.set(socket, sink);
	return () => {
		sinks.delete(socket);
	};
}
