/** How do the frames of one side of a SPDY session go out, and what becomes of those that the other side does not take? */
import type {Duplex} from 'node:stream';
import process from 'node:process';
import {BoundedReplies} from './bounded-replies.ts';
import {HeaderBlockWriter, type SpdyHeaders} from './header-block.ts';
import {streamLostError} from './protocol-error.ts';
import {keepReadingAfterWriteError} from './read-after-write-error.ts';
import {dataFrameHead, goAwayFrame, pingFrame, rstStreamFrame, synReplyFrame, synStreamFrame} from './spdy-frame.ts';

/** Payload of one frame; spdystream allocates a frame's payload at once, and its peers use as much. */
const maxPayloadBytes = 32 * 1024;

/** Replies that the other side provokes. No peer has so many PINGs, or streams of its own, under way. */
const maxReplies = 64;

type OnSent = (error?: Error | null) => void;

/** Frames written in one turn of the event loop leave in one write. */
export class SpdySender {
	readonly #batch: FrameBatch;
	/** One for all header blocks of a direction: they are one zlib stream (SPDY/3 section 2.6.10.1). */
	readonly #headers = new HeaderBlockWriter();
	readonly #replies = new BoundedReplies<Buffer>(maxReplies, (frame, onSent) => {
		this.#write(frame, onSent);
	});

	#writeError: Error | undefined;
	#isStopped = false;

	constructor(carrier: Duplex) {
		this.#batch = new FrameBatch(carrier);
		keepReadingAfterWriteError(carrier, error => {
			this.#writeError = error;
		});
	}

	/** Why the other side takes nothing more, when it does not; what it said before is still read. */
	get writeError(): Error | undefined {
		return this.#writeError;
	}

	/** `fin`: the stream's own side ends with it. */
	synStream(streamId: number, headers: SpdyHeaders, fin: boolean): void {
		this.#write(synStreamFrame(streamId, this.#headers.write(headers), fin));
	}

	synReply(streamId: number, headers: SpdyHeaders): void {
		this.#write(synReplyFrame(streamId, this.#headers.write(headers), false));
	}

	/** `sent` comes once, with the last of the bytes. */
	data(streamId: number, bytes: Buffer, sent: OnSent): void {
		for (let at = 0; at < bytes.length; at += maxPayloadBytes) {
			const piece = bytes.subarray(at, at + maxPayloadBytes);
			this.#write(dataFrameHead(streamId, piece.length, false));
			this.#write(piece, at + maxPayloadBytes >= bytes.length ? sent : undefined);
		}

		if (bytes.length === 0) {
			sent();
		}
	}

	/** An empty data frame with FLAG_FIN (SPDY/3 section 2.2.2). */
	fin(streamId: number): void {
		this.#write(dataFrameHead(streamId, 0, true));
	}

	rstStream(streamId: number, status?: number): void {
		this.#write(rstStreamFrame(streamId, status));
	}

	ping(id: number): void {
		this.#write(pingFrame(id));
	}

	/** The other side's own PING comes back as it is. */
	pingReply(id: number): void {
		this.#replies.add(pingFrame(id));
	}

	/** For a stream that the other side opened, and that is not taken. */
	refusal(streamId: number, status: number): void {
		this.#replies.add(rstStreamFrame(streamId, status));
	}

	goAway(lastStreamId: number): void {
		this.#write(goAwayFrame(lastStreamId));
	}

	/** Nothing goes out any more: what is given from here on is lost. */
	stop(): void {
		this.#isStopped = true;
	}

	#write(bytes: Buffer, sent?: OnSent): void {
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

/** Small frames belong together: SYN_STREAM with the data behind it, a data frame's head with its payload. */
export class FrameBatch {
	readonly #carrier: Duplex;
	#corked = false;

	constructor(carrier: Duplex) {
		this.#carrier = carrier;
	}

	write(bytes: Buffer, sent?: (error?: Error | null) => void): void {
		if (!this.#corked) {
			this.#corked = true;
			this.#carrier.cork();
			// A microtask would come before what streams do in the same turn.
			process.nextTick(() => {
				this.#corked = false;
				this.#carrier.uncork();
			});
		}

		this.#carrier.write(bytes, sent);
	}
}
