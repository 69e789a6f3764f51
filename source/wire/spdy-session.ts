/** How do many streams share one connection (SPDY/3.1 as moby/spdystream speaks it, without flow control)? */
import {EventEmitter} from 'node:events';
import type {Duplex} from 'node:stream';
import {asSpokeError, SpokeError} from '../errors/spoke-error.ts';
import {destroyOnceStill} from './destroy-once-still.ts';
import {FrameBatch} from './frame-batch.ts';
import {HeaderBlockReader, HeaderBlockWriter, type SpdyHeaders} from './header-block.ts';
import {resetStatus, streamLost, StreamReset} from './protocol-error.ts';
import {readOnAfterRefusedWrite} from './refused-write.ts';
import {dataFrameHead, goAwayFrame, pingFrame, rstStreamFrame, synReplyFrame, synStreamFrame, type ControlFrame} from './spdy-frame.ts';
import {SpdyFrameDecoder} from './spdy-frame-decoder.ts';
import {SpdyPings} from './spdy-pings.ts';
import {SpdyStream, type StreamOwner} from './spdy-stream.ts';

export type SpdySessionOptions = {
	/** The side that upgraded is the client and uses odd ids. Default client. */
	role?: 'client' | 'server';
	/** Interval of PINGs, milliseconds; 0 (the default) sends none. The answer comes from the far end of the session, past any tunnel. */
	pingEveryMs?: number;
	/** The session is lost when a PING is unanswered and nothing at all was heard for so long. Default 30 s. */
	silenceMs?: number;
	/** Bytes that one stream may hold unread before reading from the connection stops; at least 64 KiB. Default 256 KiB. */
	streamBufferBytes?: number;
	/** Streams at once. Default 4096. */
	maxStreams?: number;
};

type SessionEvents = {
	/** The other side opened a stream; answer with `reply()` or `reset()`. */
	stream: [SpdyStream];
	/** Round trip of a PING, milliseconds. */
	roundTrip: [number];
	/** Once, last; `null` after our own `end()` or the other side's orderly end with no stream left. */
	close: [SpokeError | null];
};

/** Payload of one frame; spdystream allocates a frame's payload at once, and its peers use as much. */
const maxPayload = 32 * 1024;

/** Frames written in one turn of the event loop leave in one write. All waits and retries belong to the owner. */
export class SpdySession extends EventEmitter<SessionEvents> {
	/** May be changed at any time. */
	streamBufferBytes: number;
	readonly #carrier: Duplex;
	readonly #batch: FrameBatch;
	readonly #role: 'client' | 'server';
	readonly #maxStreams: number;
	readonly #streams = new Map<number, SpdyStream>();
	readonly #full = new Set<SpdyStream>();
	readonly #writer = new HeaderBlockWriter();
	readonly #reader = new HeaderBlockReader();
	readonly #decoder: SpdyFrameDecoder;
	readonly #pings: SpdyPings;
	#lastOwnId: number;
	#lastTheirId = 0;
	#goneAway = false;
	#ended = false;
	/** The other side takes nothing more; what it said before is still read. */
	#refused: Error | undefined;

	constructor(carrier: Duplex, options: SpdySessionOptions = {}) {
		super();
		this.#carrier = carrier;
		this.#batch = new FrameBatch(carrier);
		this.#role = options.role ?? 'client';
		this.#maxStreams = options.maxStreams ?? 4096;
		this.streamBufferBytes = options.streamBufferBytes ?? (256 * 1024);
		this.#lastOwnId = this.#role === 'client' ? -1 : 0;
		this.#decoder = new SpdyFrameDecoder({
			control: frame => {
				this.#onControl(frame);
			},
			data: (streamId, piece, fin) => {
				this.#onData(streamId, piece, fin);
			},
		});
		this.#pings = new SpdyPings({
			firstId: this.#role === 'client' ? 1 : 2,
			everyMs: options.pingEveryMs ?? 0,
			silenceMs: options.silenceMs ?? 30_000,
			send: id => {
				this.#write(pingFrame(id));
			},
			excused: () => this.#full.size > 0 || carrier.writableLength > 0,
			onRoundTrip: milliseconds => this.emit('roundTrip', milliseconds),
			onSilence: milliseconds => {
				this.destroy(streamLost(`nothing was heard from the other side for ${Math.round(milliseconds / 1000)} s`));
			},
		});
		readOnAfterRefusedWrite(carrier, error => {
			this.#refused = error;
		});
		carrier.on('data', (chunk: Buffer) => {
			this.#onBytes(chunk);
		});
		carrier.on('end', () => {
			this.#onCarrierEnd();
		});
		carrier.on('error', error => {
			this.#finish(error instanceof SpokeError ? error : lostBy(this.#refused ?? error));
		});
		carrier.on('close', () => {
			this.#onCarrierEnd();
		});
	}

	/** May a stream be opened now? */
	get usable(): boolean {
		return !this.#ended && !this.#goneAway && !this.#refused && this.#streams.size < this.#maxStreams && this.#lastOwnId < 0x7F_FF_FF_00;
	}

	/** Streams that are not yet over, both sides counted. */
	get streamCount(): number {
		return this.#streams.size;
	}

	/** Streams whose readers are so far behind that nothing is read from the connection. */
	get congestedStreams(): ReadonlySet<SpdyStream> {
		return this.#full;
	}

	/** When anything last came from the other side; `performance.now()`. */
	get lastHeardAt(): number {
		return this.#pings.lastHeardAt;
	}

	/**
	Opens a stream; data may be written at once, behind SYN_STREAM in the same write. `fin` ends our own side right away.
	@throws SpokeError ERR_STREAM_LOST when the session is not usable.
	*/
	open(headers: SpdyHeaders, {fin = false}: {fin?: boolean} = {}): SpdyStream {
		if (!this.usable) {
			throw streamLost('the session takes no new streams');
		}

		this.#lastOwnId += 2;
		const stream = this.#adopt(this.#lastOwnId, headers);
		this.#write(synStreamFrame(stream.id, this.#writer.write(headers), fin));
		if (fin) {
			stream.ownEnded = true;
			stream.end();
		}

		return stream;
	}

	/** Sends a PING now, beside those of the interval. */
	ping(): void {
		this.#pings.send();
	}

	/** Says GOAWAY and ends the connection. Streams still open are lost, so it comes last. */
	end(): void {
		if (this.#ended) {
			return;
		}

		this.#write(goAwayFrame(this.#lastTheirId));
		this.#carrier.end();
		this.#finish(null);
	}

	/** Ends the connection at once. */
	destroy(error: SpokeError | null = null): void {
		this.#finish(error);
		this.#carrier.destroy();
	}

	#adopt(id: number, headers: SpdyHeaders): SpdyStream {
		const stream = new SpdyStream(this.#owner, id, headers);
		this.#streams.set(id, stream);
		return stream;
	}

	#forgetWhenOver(stream: SpdyStream): void {
		if (stream.ownEnded && stream.theirsEnded) {
			this.#streams.delete(stream.id);
		}
	}

	readonly #owner: StreamOwner = {
		sendData: (stream, bytes, sent) => {
			this.#pings.sentData();
			for (let at = 0; at < bytes.length; at += maxPayload) {
				const piece = bytes.subarray(at, at + maxPayload);
				this.#write(dataFrameHead(stream.id, piece.length, false));
				this.#write(piece, at + maxPayload >= bytes.length ? sent : undefined);
			}

			if (bytes.length === 0) {
				sent();
			}
		},
		sendFin: stream => {
			if (!stream.ownEnded && this.#streams.has(stream.id)) {
				stream.ownEnded = true;
				this.#write(dataFrameHead(stream.id, 0, true));
			}

			this.#forgetWhenOver(stream);
		},
		sendReply: (stream, headers) => {
			this.#write(synReplyFrame(stream.id, this.#writer.write(headers), false));
		},
		release: (stream, status) => {
			if (this.#streams.delete(stream.id)) {
				this.#write(rstStreamFrame(stream.id, status));
			}

			this.#flows(stream);
		},
		readOn: stream => {
			this.#flows(stream);
		},
	};

	#flows(stream: SpdyStream): void {
		if (!this.#full.delete(stream)) {
			return;
		}

		if (this.#full.size === 0) {
			this.#carrier.resume();
		}

		stream.emit('flowing');
	}

	#write(bytes: Buffer, sent?: (error?: Error | null) => void): void {
		if (this.#ended) {
			sent?.(streamLost('the connection is gone'));
			return;
		}

		this.#batch.write(bytes, sent && (error => {
			sent(this.#refused ?? error);
		}));
	}

	#onBytes(chunk: Buffer): void {
		if (this.#ended) {
			return;
		}

		this.#pings.heard();
		try {
			this.#decoder.push(chunk);
		} catch (error) {
			this.destroy(asSpokeError(error));
		}
	}

	#onData(streamId: number, piece: Buffer, fin: boolean): void {
		const stream = this.#streams.get(streamId);
		// A reset stream may still get what was under way.
		if (!stream || stream.theirsEnded) {
			return;
		}

		if (piece.length > 0) {
			stream.receive(piece);
			if (stream.readableLength > this.streamBufferBytes && !this.#full.has(stream)) {
				this.#full.add(stream);
				this.#carrier.pause();
				stream.emit('congested');
			}
		}

		if (fin) {
			this.#onTheirEnd(stream);
		}
	}

	#onTheirEnd(stream: SpdyStream): void {
		stream.theirsEnded = true;
		this.#forgetWhenOver(stream);
		stream.receiveEnd();
	}

	#onControl(frame: ControlFrame): void {
		switch (frame.type) {
			case 'syn-stream': {
				this.#onSynStream(frame);
				break;
			}

			case 'syn-reply': {
				const stream = this.#streams.get(frame.streamId);
				if (stream) {
					stream.replied = true;
					stream.emit('reply');
					if (frame.fin) {
						this.#onTheirEnd(stream);
					}
				}

				break;
			}

			case 'rst-stream': {
				const stream = this.#streams.get(frame.streamId);
				if (stream) {
					this.#streams.delete(frame.streamId);
					stream.fail(new StreamReset(frame.status));
				}

				break;
			}

			case 'ping': {
				if (!this.#pings.answered(frame.id)) {
					this.#write(pingFrame(frame.id));
				}

				break;
			}

			case 'go-away': {
				this.#goneAway = true;
				break;
			}

			case 'headers': {
				const stream = this.#streams.get(frame.streamId);
				if (this.#role === 'server') {
					this.#reader.read(frame.block);
				}

				if (stream && frame.fin) {
					this.#onTheirEnd(stream);
				}

				break;
			}

			case 'ignored': {
				break;
			}
		}
	}

	/** A client's own peers never open streams, and their header blocks say nothing that it needs: they are left compressed. */
	#onSynStream(frame: ControlFrame & {type: 'syn-stream'}): void {
		if (this.#role === 'client') {
			this.#write(rstStreamFrame(frame.streamId, resetStatus.refused));
			return;
		}

		const headers = this.#reader.read(frame.block);
		if (frame.streamId % 2 === 0 || frame.streamId <= this.#lastTheirId) {
			this.#write(rstStreamFrame(frame.streamId, resetStatus.protocolError));
			return;
		}

		this.#lastTheirId = frame.streamId;
		if (this.#streams.size >= this.#maxStreams) {
			this.#write(rstStreamFrame(frame.streamId, resetStatus.refused));
			return;
		}

		const stream = this.#adopt(frame.streamId, headers);
		this.emit('stream', stream);
		if (frame.fin) {
			this.#onTheirEnd(stream);
		}
	}

	#onCarrierEnd(): void {
		const orderly = this.#streams.size === 0 && this.#decoder.atBoundary;
		this.#finish(orderly ? null : (this.#refused ? lostBy(this.#refused) : streamLost('the other side ended the connection')));
		this.#carrier.end();
	}

	#finish(error: SpokeError | null): void {
		if (this.#ended) {
			return;
		}

		this.#ended = true;
		this.#pings.stop();
		const streams = [...this.#streams.values()];
		this.#streams.clear();
		for (const stream of streams) {
			stream.fail(error ?? streamLost('the session was ended'));
		}

		// Reading goes on, so that the connection's own end is seen.
		this.#full.clear();
		this.#carrier.resume();
		destroyOnceStill(this.#carrier);
		this.emit('close', error);
	}
}

function lostBy(error: Error): SpokeError {
	return streamLost(`the connection was lost: ${error.message}`, error);
}
