/** SPDY/3.1 session of a client, as in moby/spdystream, without flow control. */
import {EventEmitter} from 'node:events';
import type {Duplex} from 'node:stream';
import type {MonotonicClock} from '../base/async/clock.ts';
import {isSpokeError, type SpokeError, toSpokeError} from '../base/errors/spoke-error.ts';
import {CongestedStreams, SpdyStream, type StreamOwner} from './spdy-stream.ts';
import {destroyWhenDrained} from './end-socket.ts';
import {streamLostBecause, silenceError, resetStatus, streamLostError, StreamResetError} from './protocol-error.ts';
import {type ControlFrame, type SpdyHeaders, SpdyFrameDecoder} from './spdy-frame.ts';
import {SpdyPings} from './pings.ts';
import {SpdySender} from './spdy-sender.ts';

export type SpdySessionOptions = {
	/** 0 (the default) sends none. Answers come from the far end, beyond any tunnel. */
	pingIntervalMs?: number;
	/** The session is lost after this time without an answer or any byte. Default 30 s. */
	silenceMs?: number;
	/** Unread bytes of one stream at which reading from the connection stops; at least 64 KiB. Default 256 KiB. */
	streamBufferBytes?: number;
	/** Default 4096. */
	maxStreams?: number;
	clock?: MonotonicClock;
};

type SessionEvents = {
	/** Only of the sandbox's server, which answers with `reply()` or `reset()`. */
	stream: [SpdyStream];
	/** Milliseconds. */
	roundTrip: [number];
	/** Milliseconds without an answered PING. */
	pingOverdue: [number];
	/** Once, last; `null` after a regular end. */
	close: [SpokeError | null];
};

/** 31 bits, odd for a client, not reused (SPDY/3 section 2.3.2). */
const maxId = 0x7f_ff_ff_00;

/** What is protected is for the server of the sandbox. */
export class SpdySession extends EventEmitter<SessionEvents> {
	streamBufferBytes: number;
	readonly #carrier: Duplex;
	protected readonly sender: SpdySender;
	protected readonly maxStreams: number;
	/** Of the other side. */
	protected lastAcceptedId = 0;
	readonly #streams = new Map<number, SpdyStream>();
	readonly #congested: CongestedStreams;
	readonly #decoder: SpdyFrameDecoder;
	readonly #pings: SpdyPings;
	#lastId = -1;
	#sentWrites = 0;
	#didReceiveGoAway = false;
	#ended = false;

	constructor(carrier: Duplex, options: SpdySessionOptions = {}) {
		super();
		this.#carrier = carrier;
		this.sender = new SpdySender(carrier);
		this.#congested = new CongestedStreams(carrier);
		this.maxStreams = options.maxStreams ?? 4096;
		this.streamBufferBytes = options.streamBufferBytes ?? 256 * 1024;
		this.#decoder = new SpdyFrameDecoder({
			onControl: frame => {
				this.#onControl(frame);
			},
			onData: (streamId, piece, fin) => {
				this.#onData(streamId, piece, fin);
			},
		});
		this.#pings = new SpdyPings({
			intervalMs: options.pingIntervalMs ?? 0,
			silenceMs: options.silenceMs ?? 30_000,
			send: id => {
				this.sender.ping(id);
			},
			isSilenceExcused: () => this.#congested.all.size > 0 || carrier.writableLength > 0,
			onRoundTrip: milliseconds => this.emit('roundTrip', milliseconds),
			onPingOverdue: milliseconds => this.emit('pingOverdue', milliseconds),
			isPaused: () => this.#congested.all.size > 0,
			clock: options.clock,
			onSilence: milliseconds => {
				this.destroy(silenceError(milliseconds));
			},
		});
		carrier.on('data', (chunk: Buffer) => {
			this.#onBytes(chunk);
		});
		carrier.on('end', () => {
			this.#onCarrierEnd();
		});
		carrier.on('error', error => {
			this.#finish(isSpokeError(error) ? error : streamLostBecause(this.sender.writeError ?? error));
		});
		carrier.on('close', () => {
			this.#onCarrierEnd();
		});
		carrier.resume();
	}

	get usable(): boolean {
		return (
			!this.#ended && !this.#didReceiveGoAway && !this.sender.writeError && this.#streams.size < this.maxStreams && this.#lastId < maxId
		);
	}

	get streamCount(): number {
		return this.#streams.size;
	}

	/** Nothing is read from the connection meanwhile. */
	get congestedStreams(): ReadonlySet<SpdyStream> {
		return this.#congested.all;
	}

	/** Time of the last received byte, by the session's clock. */
	get lastReceivedAt(): number {
		return this.#pings.lastReceivedAt;
	}

	/**
	Data can be written at once.
	@throws SpokeError ERR_STREAM_LOST if the session is not usable
	*/
	open(headers: SpdyHeaders): SpdyStream {
		if (!this.usable) {
			throw streamLostError('the session accepts no new streams');
		}

		this.#lastId += 2;
		const stream = this.addStream(this.#lastId, headers);
		this.sender.synStream(stream.id, headers);
		return stream;
	}

	/** Sends GOAWAY. Open streams are lost. */
	end(): void {
		if (this.#ended) {
			return;
		}

		this.sender.goAway(this.lastAcceptedId);
		this.#carrier.end();
		this.#finish(null);
	}

	destroy(error: SpokeError | null = null): void {
		this.#finish(error);
		this.#carrier.destroy();
	}

	protected addStream(id: number, headers: SpdyHeaders): SpdyStream {
		const stream = new SpdyStream(this.#owner, id, headers);
		this.#streams.set(id, stream);
		return stream;
	}

	#deleteWhenEnded(stream: SpdyStream): void {
		if (stream.localEnded && stream.remoteEnded) {
			this.#streams.delete(stream.id);
		}
	}

	readonly #owner: StreamOwner = {
		load: () => ({
			isReadingPaused: this.#congested.all.size > 0,
			hasUnsentBytes: this.#carrier.writableLength > 0,
			sentWrites: this.#sentWrites,
		}),
		sendData: (stream, bytes, sent) => {
			this.#pings.onDataSent();
			this.sender.data(stream.id, bytes, error => {
				this.#sentWrites++;
				sent(error);
			});
		},
		sendFin: stream => {
			if (!stream.localEnded && this.#streams.has(stream.id)) {
				stream.localEnded = true;
				this.sender.fin(stream.id);
			}

			this.#deleteWhenEnded(stream);
		},
		release: (stream, status) => {
			if (this.#streams.delete(stream.id)) {
				this.sender.rstStream(stream.id, status);
			}

			this.#congested.release(stream);
		},
		resumeReading: stream => {
			this.#congested.release(stream);
		},
	};

	#onBytes(chunk: Buffer): void {
		if (this.#ended) {
			return;
		}

		this.#pings.onBytes();
		try {
			this.#decoder.push(chunk);
		} catch (error) {
			this.destroy(toSpokeError(error));
		}
	}

	#onData(streamId: number, piece: Buffer, fin: boolean): void {
		const stream = this.#streams.get(streamId);
		// Data of a reset stream can still arrive.
		if (!stream || stream.remoteEnded) {
			return;
		}

		if (piece.length > 0) {
			stream.receive(piece);
			if (stream.readableLength > this.streamBufferBytes) {
				this.#congested.add(stream);
			}
		}

		if (fin) {
			this.endRemote(stream);
		}
	}

	protected endRemote(stream: SpdyStream): void {
		stream.remoteEnded = true;
		this.#deleteWhenEnded(stream);
		stream.receiveEnd();
	}

	#onControl(frame: ControlFrame): void {
		switch (frame.type) {
			case 'syn-stream': {
				this.acceptStream(frame);
				break;
			}

			case 'syn-reply': {
				const stream = this.#streams.get(frame.streamId);
				if (stream) {
					stream.emit('reply');
					if (frame.fin) {
						this.endRemote(stream);
					}
				}

				break;
			}

			case 'rst-stream': {
				const stream = this.#streams.get(frame.streamId);
				if (stream) {
					this.#streams.delete(frame.streamId);
					stream.fail(new StreamResetError(frame.status));
				}

				break;
			}

			case 'ping': {
				this.acceptPing(frame.id);
				break;
			}

			case 'go-away': {
				this.#didReceiveGoAway = true;
				break;
			}

			case 'headers': {
				const stream = this.#streams.get(frame.streamId);
				this.readHeaders(frame.block);
				if (stream && frame.fin) {
					this.endRemote(stream);
				}

				break;
			}

			case 'ignored': {
				break;
			}
		}
	}

	/** A client's peers never open streams. */
	protected acceptStream(frame: ControlFrame & {type: 'syn-stream'}): void {
		this.sender.refusal(frame.streamId, resetStatus.refused);
	}

	/** A client does not decompress the blocks of a server. */
	protected readHeaders(_block: Buffer): void {}

	protected acceptPing(id: number): void {
		if (!this.#pings.acceptPong(id)) {
			this.sender.pingReply(id);
		}
	}

	#onCarrierEnd(): void {
		const isOrderly = this.#streams.size === 0 && this.#decoder.isAtFrameBoundary;
		this.#finish(isOrderly ? null : this.#lossError());
		this.#carrier.end();
	}

	#lossError(): SpokeError {
		const {writeError} = this.sender;
		return writeError ? streamLostBecause(writeError) : streamLostError('the other side ended the connection');
	}

	#finish(error: SpokeError | null): void {
		if (this.#ended) {
			return;
		}

		this.#ended = true;
		this.sender.stop();
		this.#pings.stop();
		const streams = [...this.#streams.values()];
		this.#streams.clear();
		for (const stream of streams) {
			stream.fail(error ?? streamLostError('the session was ended'));
		}

		this.#congested.end();
		destroyWhenDrained(this.#carrier);
		this.emit('close', error);
	}
}
