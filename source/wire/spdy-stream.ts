/** Stream of a SPDY session. */
import {Duplex} from 'node:stream';
import type {SpdyHeaders} from './spdy-frame.ts';
import {streamLostError} from './protocol-error.ts';

/** What holds up the frames of a stream, because all streams share one connection. */
export type SessionLoad = {
	/** Some stream has too much unread data. */
	isReadingPaused: boolean;
	hasUnsentBytes: boolean;
	/** Writes of all streams that the connection has taken. */
	sentWrites: number;
};

export type StreamOwner = {
	load(): SessionLoad;
	sendData(stream: SpdyStream, bytes: Buffer, sent: (error?: Error | null) => void): void;
	sendFin(stream: SpdyStream): void;
	/** Sends RST_STREAM unless both sides have ended. */
	release(stream: SpdyStream, status: number | undefined): void;
	/** Less than 64 KiB are unread. */
	resumeReading(stream: SpdyStream): void;
};

/**
`end()` sends FIN, the other side's FIN is `'end'`. `destroy()` before both sends RST_STREAM (CANCEL). The other side's RST_STREAM is a
`StreamResetError`, the loss of the session a `SpokeError`; both follow the bytes received before. Nothing needs to wait for `'reply'`
(SYN_REPLY). `'congested'`: unread data stops reading for the whole session; `'flowing'`: no longer.
*/
export class SpdyStream extends Duplex {
	readonly id: number;
	readonly headers: SpdyHeaders;
	/** Payload bytes on the wire. */
	bytesReceived = 0;
	bytesSent = 0;
	/** Which side has sent FIN. */
	localEnded = false;
	remoteEnded = false;
	readonly #owner: StreamOwner;
	#failure: Error | undefined;
	#resetStatus: number | undefined;
	#pendingWrite: ((error: Error) => void) | undefined;

	constructor(owner: StreamOwner, id: number, headers: SpdyHeaders) {
		super({allowHalfOpen: true, readableHighWaterMark: 65_536, writableHighWaterMark: 65_536});
		this.#owner = owner;
		this.id = id;
		this.headers = headers;
	}

	get sessionLoad(): SessionLoad {
		return this.#owner.load();
	}

	/** CANCEL by default. Emits only 'close'. */
	reset(status?: number): void {
		this.#resetStatus = status;
		this.destroy();
	}

	receive(piece: Buffer): void {
		this.bytesReceived += piece.length;
		this.push(piece);
	}

	/** The other side's FIN. */
	receiveEnd(): void {
		this.push(null);
	}

	/** Ends with `error` after the received data is read. */
	fail(error: Error): void {
		if (this.remoteEnded && !this.readableEnded) {
			// FIN was first; later writes are dropped.
			this.#failure ??= error;
			this.once('end', () => {
				this.destroy(error);
			});
		} else if (this.readableLength === 0) {
			this.destroy(error);
		} else {
			this.#failure ??= error;
		}
	}

	override read(size?: number): ReturnType<Duplex['read']> {
		const chunk: unknown = super.read(size);
		if (this.remoteEnded && this.readableLength < this.readableHighWaterMark) {
			// Node does not call _read after the end.
			this.#owner.resumeReading(this);
		}

		if (this.#failure && !this.remoteEnded && this.readableLength === 0) {
			this.destroy(this.#failure);
		}

		return chunk;
	}

	override _read(): void {
		this.#owner.resumeReading(this);
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		if (this.#failure) {
			callback();
			return;
		}

		this.bytesSent += chunk.length;
		this.#owner.sendData(this, chunk, error => {
			if (error) {
				// Calling back now would destroy the stream with unread data.
				this.#pendingWrite = callback;
			} else {
				callback();
			}
		});
	}

	override _final(callback: (error?: Error | null) => void): void {
		if (!this.#failure) {
			this.#owner.sendFin(this);
		}

		callback();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#owner.release(this, this.#resetStatus);
		this.#pendingWrite?.(error ?? streamLostError('the stream ended before these bytes were sent'));
		callback(error);
	}
}

export class CongestedStreams {
	readonly #carrier: Duplex;
	readonly #full = new Set<SpdyStream>();

	constructor(carrier: Duplex) {
		this.#carrier = carrier;
	}

	get all(): ReadonlySet<SpdyStream> {
		return this.#full;
	}

	add(stream: SpdyStream): void {
		if (!this.#full.has(stream)) {
			this.#full.add(stream);
			this.#carrier.pause();
			stream.emit('congested');
		}
	}

	release(stream: SpdyStream): void {
		if (!this.#full.delete(stream)) {
			return;
		}

		if (this.#full.size === 0) {
			this.#carrier.resume();
		}

		stream.emit('flowing');
	}

	/** Reads on, to see the end of the connection. */
	end(): void {
		this.#full.clear();
		this.#carrier.resume();
	}
}
