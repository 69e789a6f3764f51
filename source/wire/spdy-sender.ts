/** Sender of one side of a SPDY session. */
import type {Duplex} from 'node:stream';
import {BoundedReplies} from './byte-collector.ts';
import {streamLostError} from './protocol-error.ts';
import {keepReadingAfterWriteError} from './node-internals.ts';
import {dataFrameHead, goAwayFrame, HeaderBlockWriter, pingFrame, rstStreamFrame, synStreamFrame, type SpdyHeaders} from './spdy-frame.ts';

/** As in spdystream, which allocates a frame's payload at once. */
const maxPayloadBytes = 32 * 1024;

/** No regular peer has so many PINGs or streams pending. */
const maxReplies = 64;

type OnSent = (error?: Error | null) => void;

export class SpdySender {
	readonly #batch: FrameBatch;
	/** The header blocks of a direction are one zlib stream (SPDY/3 section 2.6.10.1). */
	readonly #headers = new HeaderBlockWriter();
	readonly #replies = new BoundedReplies<Buffer>(maxReplies, (frame, onSent) => {
		this.write(frame, onSent);
	});

	#writeError: Error | undefined;
	#isStopped = false;

	constructor(carrier: Duplex) {
		this.#batch = new FrameBatch(carrier);
		keepReadingAfterWriteError(carrier, error => {
			this.#writeError = error;
		});
	}

	/** Data received before is still read. */
	get writeError(): Error | undefined {
		return this.#writeError;
	}

	/** `fin`: this side sends nothing. */
	synStream(streamId: number, headers: SpdyHeaders): void {
		this.write(synStreamFrame(streamId, this.#headers.write(headers), false));
	}

	/** `sent` is called once. */
	data(streamId: number, bytes: Buffer, sent: OnSent): void {
		for (let at = 0; at < bytes.length; at += maxPayloadBytes) {
			const piece = bytes.subarray(at, at + maxPayloadBytes);
			this.write(dataFrameHead(streamId, piece.length, false));
			this.write(piece, at + maxPayloadBytes >= bytes.length ? sent : undefined);
		}

		if (bytes.length === 0) {
			sent();
		}
	}

	/** An empty data frame with FLAG_FIN (SPDY/3 section 2.2.2). */
	fin(streamId: number): void {
		this.write(dataFrameHead(streamId, 0, true));
	}

	rstStream(streamId: number, status?: number): void {
		this.write(rstStreamFrame(streamId, status));
	}

	ping(id: number): void {
		this.write(pingFrame(id));
	}

	pingReply(id: number): void {
		this.#replies.add(pingFrame(id));
	}

	refusal(streamId: number, status: number): void {
		this.#replies.add(rstStreamFrame(streamId, status));
	}

	goAway(lastStreamId: number): void {
		this.write(goAwayFrame(lastStreamId));
	}

	stop(): void {
		this.#isStopped = true;
	}

	write(bytes: Buffer, sent?: OnSent): void {
		if (this.#isStopped) {
			sent?.(streamLostError('the connection is gone'));
			return;
		}

		this.#batch.write(
			bytes,
			sent &&
				(error => {
					sent(this.#writeError ?? error);
				}),
		);
	}
}

/** Joins all frames of one event loop turn in one write. */
class FrameBatch {
	readonly #carrier: Duplex;
	#corked = false;

	constructor(carrier: Duplex) {
		this.#carrier = carrier;
	}

	write(bytes: Buffer, sent?: (error?: Error | null) => void): void {
		if (!this.#corked) {
			this.#corked = true;
			this.#carrier.cork();
			// `process.nextTick` would write after each local socket's read: 10,000 connections would take a tenth longer.
			setImmediate(() => {
				this.#corked = false;
				this.#carrier.uncork();
			});
		}

		this.#carrier.write(bytes, sent);
	}
}
