/** Read buffers of a TLS socket that dials itself. */
import type {OnReadOpts, Socket} from 'node:net';
import type {Duplex} from 'node:stream';

export type ReadSink = {
	/** May change after each read. */
	readonly buffer: Buffer;
	/** The bytes are valid until the next read. */
	onRead(source: Buffer, length: number): void;
};

const sinks = new WeakMap<Duplex, ReadSink>();
/** Each read is copied out before the next one. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** Otherwise Node emits an event per read, which costs more than processing a log line: a followed log has a TLS record per line. */
export function onreadOptions(): OnReadOpts {
	let current: Buffer | undefined;
	let sink: ReadSink | undefined;
	return {
		/** `undefined` keeps the buffer. */
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
Passes reads to the callback until the returned function is called; earlier reads stay in the stream. No effect without onread buffers.
*/
export function interceptReads(socket: Duplex, sink: ReadSink): () => void {
	sinks.set(socket, sink);
	return () => {
		sinks.delete(socket);
	};
}
