/** When is nothing read from a connection, since the reader of one of its streams is behind? Without flow control (SPDY/3 has WINDOW_UPDATE, moby/spdystream does not use it) one holds up all. */
import type {Duplex} from 'node:stream';
import type {SpdyStream} from './spdy-stream.ts';

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
