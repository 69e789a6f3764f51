/** Coalescer of a socket's reads in one event loop turn. */
import type {Duplex} from 'node:stream';
import type {OnReadOpts, Socket} from 'node:net';
import {countRelayedBytes} from '../../wire/node-internals.ts';

/** Maximum of a TLS record (RFC 8446 §5.1). */
const maxReadBytes = 16 * 1024;
/** The first 16 KiB of a slab are the area that the socket reads into; the rest collects. */
const collectBytes = 64 * 1024;
const maxTurnBytes = 64 * 1024;
/** Every turn has a fixed cost: after this much, a pause lets data accumulate. */
const busyTurnBytes = 4 * 1024;
const busyTurnPauseMs = 4;

type ReadSink = {
	/** May change after each read. */
	readonly buffer: Buffer;
	/** The bytes are valid until the next read. */
	onRead(source: Buffer, length: number): void;
};

const sinks = new WeakMap<Duplex, ReadSink>();
/** Each read is copied out before the next one. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

export class ReadCoalescer implements ReadSink {
	readonly #socket: Duplex;
	readonly #onBytes: (bytes: Buffer) => void;
	readonly #isInteractive: boolean;
	/** Passes on each read at once. */
	isImmediate = false;
	readonly #endReads: () => void;
	#slab!: Buffer;
	buffer!: Buffer;
	#from!: number;
	#to!: number;
	#turn: NodeJS.Immediate | undefined;
	#busyTimer: NodeJS.Timeout | undefined;
	#inThisTurn = 0;
	#wantsData = true;
	#hasEnded = false;

	/** `onBytes` may keep and overwrite the bytes that it gets. `isInteractive` bounds the bytes per turn, so that keys are handled. */
	constructor(socket: Duplex, onBytes: (bytes: Buffer) => void, {isInteractive}: {isInteractive: boolean}) {
		this.#socket = socket;
		this.#onBytes = onBytes;
		this.#isInteractive = isInteractive;
		this.#startSlab();
		this.#endReads = interceptReads(socket, this);
		socket.on('data', this.#onData);
	}

	onRead(source: Buffer, length: number): void {
		if (this.#slab.length - this.#to < length) {
			this.flush();
			this.#startSlab();
		}

		if (source === this.buffer) {
			this.#slab.copyWithin(this.#to, 0, length);
		} else {
			source.copy(this.#slab, this.#to, 0, length);
		}

		this.#to += length;
		this.#received(length);
	}

	flush(): void {
		clearImmediate(this.#turn);
		this.#turn = undefined;
		if (this.#to > this.#from) {
			const bytes = this.#slab.subarray(this.#from, this.#to);
			this.#from = this.#to;
			this.#onBytes(bytes);
		}
	}

	pause(): void {
		this.#wantsData = false;
		this.#socket.pause();
	}

	resume(): void {
		this.#wantsData = true;
		this.#resumeSocket();
	}

	/** Leaves the socket paused, so that its next reader gets what follows. */
	end(): void {
		this.#hasEnded = true;
		clearImmediate(this.#turn);
		clearTimeout(this.#busyTimer);
		this.#endReads();
		this.#socket.off('data', this.#onData).pause();
	}

	/** Receives data of a socket without onread buffers. */
	readonly #onData = (bytes: Buffer): void => {
		if (bytes.length <= maxReadBytes) {
			this.onRead(bytes, bytes.length);
			return;
		}

		this.flush();
		this.#received(bytes.length);
		this.#onBytes(bytes);
	};

	#received(length: number): void {
		countRelayedBytes(length);
		if (this.isImmediate) {
			this.flush();
			return;
		}

		this.#turn ??= setImmediate(this.#nextTurn);
		this.#inThisTurn += length;
		if (this.#isFull && !this.#hasEnded) {
			this.#socket.pause();
		}
	}

	readonly #nextTurn = (): void => {
		const received = this.#inThisTurn;
		this.#inThisTurn = 0;
		this.flush();
		if (this.#isInteractive && received >= busyTurnBytes && received < maxTurnBytes && !this.#hasEnded) {
			this.#socket.pause();
			this.#busyTimer = setTimeout(this.#endBusyPause, busyTurnPauseMs);
		} else {
			this.#resumeSocket();
		}
	};

	readonly #endBusyPause = (): void => {
		this.#busyTimer = undefined;
		this.#resumeSocket();
	};

	#resumeSocket(): void {
		// Called every turn, and the socket is rarely paused.
		if (this.#socket.isPaused() && this.#wantsData && this.#busyTimer === undefined && !this.#isFull && !this.#hasEnded) {
			this.#socket.resume();
		}
	}

	get #isFull(): boolean {
		return this.#isInteractive && this.#inThisTurn >= maxTurnBytes;
	}

	#startSlab(): void {
		this.#slab = Buffer.allocUnsafeSlow(maxReadBytes + collectBytes);
		this.buffer = this.#slab.subarray(0, maxReadBytes);
		this.#from = maxReadBytes;
		this.#to = maxReadBytes;
	}
}

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
