/** What is one stream of a SPDY session, seen as Node sees a duplex? */
import {Duplex} from 'node:stream';
import type {SpdyHeaders} from './header-block.ts';
import {streamLostError} from './protocol-error.ts';

/** What a stream asks of its session. */
export type StreamOwner = {
	sendData(stream: SpdyStream, bytes: Buffer, sent: (error?: Error | null) => void): void;
	sendFin(stream: SpdyStream): void;
	/** Sends SYN_REPLY; only for a stream that the other side opened. */
	sendReply(stream: SpdyStream, headers: SpdyHeaders): void;
	/** The stream is destroyed; RST_STREAM goes out unless both sides had ended. */
	release(stream: SpdyStream, status: number | undefined): void;
	/** Less than 64 KiB are left unread. */
	resumeReading(stream: SpdyStream): void;
};

/**
Bytes both ways, each way ended on its own: `end()` sends FIN, the other side's FIN is `'end'`.
`destroy()` before both ways have ended sends RST_STREAM (CANCEL).
The other side's RST_STREAM is an `'error'` with a `StreamResetError`, the session's loss one with a `SpokeError`;
both come after the bytes that were received before.
`'reply'` comes with the other side's SYN_REPLY; nothing needs to wait for it.
`'congested'`: the reader is so far behind that reading stopped for all streams of the session; `'flowing'`: this one holds it up no more.
*/
export class SpdyStream extends Duplex {
	readonly id: number;
	readonly headers: SpdyHeaders;
	hasReply = false;
	/** Payload bytes, as counted on the wire. */
	bytesReceived = 0;
	bytesSent = 0;
	/** For the session: which side has sent FIN. */
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

	/** Accepts a stream that the other side opened. */
	reply(headers: SpdyHeaders = {}): void {
		this.hasReply = true;
		this.#owner.sendReply(this, headers);
	}

	/** Ends both ways at once: RST_STREAM with `status`, CANCEL when none is given. Nothing is thrown or emitted but 'close'. */
	reset(status?: number): void {
		this.#resetStatus = status;
		this.destroy();
	}

	/** For the session: payload has come. */
	receive(piece: Buffer): void {
		this.bytesReceived += piece.length;
		this.push(piece);
	}

	/** For the session: the other side's FIN has come. */
	receiveEnd(): void {
		this.push(null);
	}

	/** For the session: the stream ends with `error` once what was received is read. */
	fail(error: Error): void {
		if (this.remoteEnded && !this.readableEnded) {
			// Their end came first, so it is read first; what is still written is dropped.
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

	// The type of Node's own method.
	// eslint-disable-next-line @typescript-eslint/no-explicit-any
	override read(size?: number): any {
		const chunk: unknown = super.read(size);
		if (this.remoteEnded && this.readableLength < this.readableHighWaterMark) {
			// Node asks an ended stream for nothing more, and it may have been behind when it ended.
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
				// Node would end both ways now, and what has come is still to be read: it is told with the stream's end.
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
		this.#pendingWrite?.(error ?? streamLostError('the stream was ended before it took these bytes'));
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

	/** `stream` holds more than it may. */
	add(stream: SpdyStream): void {
		if (!this.#full.has(stream)) {
			this.#full.add(stream);
			this.#carrier.pause();
			stream.emit('congested');
		}
	}

	/** Its reader came along, or it is gone. */
	release(stream: SpdyStream): void {
		if (!this.#full.delete(stream)) {
			return;
		}

		if (this.#full.size === 0) {
			this.#carrier.resume();
		}

		stream.emit('flowing');
	}

	/** The session is over: reading goes on, so that the connection's own end is seen. */
	end(): void {
		this.#full.clear();
		this.#carrier.resume();
	}
}
