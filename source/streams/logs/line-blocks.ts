/** Splits a response body into blocks of whole lines, with backpressure. */
import type {Readable} from 'node:stream';
import {setImmediate as turn, setTimeout as sleep} from 'node:timers/promises';
import {SpokeError} from '../../errors/spoke-error.ts';
import {readAvailable, watchReadable} from './readable-watch.ts';
import {lineFeed} from './log-lines.ts';

/** More than this at once is a flood: to hold it back would hold up the server. */
const floodBytes = 16 * 1024;
/** A followed line is held until it is whole. */
const maxLineBytes = 256 * 1024 * 1024;

export type BlocksResult = {
	/** What stood behind the last line feed. */
	remainder: Buffer;
	/** `null`: the answer came to its end cleanly, which proves nothing about the container. */
	error: Error | null;
};

/** The connection is open, but the response has stalled. */
export class ResponseStalledError extends Error {
	constructor(silenceTimeoutMs: number) {
		super(`no more data for ${silenceTimeoutMs / 1000} s`);
	}
}

/** So long the answer of a read that does not follow may pause before it counts as cut. */
export const readSilenceTimeoutMs = 30_000;

/**
Gives blocks to `take` one after the other and reads on only when it is done, so that a slow reader slows the server.
`silenceTimeoutMs`: an answer of which nothing more comes for so long, while it is waited for, ends with an `AnswerStopped`; 0 is no
limit, as a follow needs it.
`gatherMs`: lines that come one soon after the other are gathered for so long, unless they come in floods; the first one after a pause
waits for nothing.
Never rejects for what the body does; what `take` throws is passed on.
*/
export async function readLineBlocks(
	body: Readable,
	onBlock: (block: Buffer) => Promise<void> | void,
	{gatherMs = 0, silenceTimeoutMs = 0}: {gatherMs?: number; silenceTimeoutMs?: number} = {},
): Promise<BlocksResult> {
	const watch = watchReadable(body);
	const partialLine = new PartialLine();
	let [lastChunkAt, length] = [-Infinity, 0];
	try {
		for (;;) {
			const chunk = readAvailable(body);
			if (chunk === null) {
				if (watch.ended) {
					return {remainder: partialLine.endWith(empty), error: watch.error};
				}

				await watch.next(silenceTimeoutMs);
				if (silenceTimeoutMs > 0 && !watch.ended && body.readableLength === 0) {
					return {remainder: partialLine.endWith(empty), error: new ResponseStalledError(silenceTimeoutMs)};
				}

				// A follow comes in one record a line; what has arrived by now is taken together.
				await (body.readableLength > 0 && length < floodBytes && performance.now() - lastChunkAt < 5 * gatherMs ? sleep(gatherMs) : turn());
				continue;
			}

			lastChunkAt = performance.now();
			length = chunk.length;
			const end = chunk.lastIndexOf(lineFeed) + 1;
			if (end > 0) {
				await onBlock(partialLine.endWith(chunk.subarray(0, end)));
			}

			partialLine.add(chunk.subarray(end));
		}
	} finally {
		watch.close();
	}
}

const empty = Buffer.alloc(0);
const bufferThresholdBytes = 1024 * 1024;

/** The beginning of a line whose end has not come. A long one is kept in one growing piece, so that it is never held twice. */
class PartialLine {
	#chunks: Buffer[] = [];
	#length = 0;
	#buffer: Buffer | null = null;

	add(chunk: Buffer): void {
		if (chunk.length === 0) {
			return;
		}

		if (this.#length + chunk.length > maxLineBytes) {
			throw new SpokeError('ERR_PROTOCOL', `a line is longer than ${maxLineBytes / 1024 / 1024} MiB: it cannot be followed`, {
				leg: 3,
				remedy: 'read the log without -f',
			});
		}

		if (this.#length + chunk.length <= bufferThresholdBytes) {
			this.#chunks.push(chunk);
		} else {
			this.#grow(chunk);
		}

		this.#length += chunk.length;
	}

	/** The line with its end, and nothing is kept of it. */
	endWith(chunk: Buffer): Buffer {
		const length = this.#length + chunk.length;
		if (this.#buffer) {
			this.#grow(chunk);
		}

		const line = this.#buffer?.subarray(0, length) ?? (this.#chunks.length === 0 ? chunk : Buffer.concat([...this.#chunks, chunk]));
		this.#chunks = [];
		this.#length = 0;
		this.#buffer = null;
		return line;
	}

	#grow(chunk: Buffer): void {
		const needed = this.#length + chunk.length;
		if (!this.#buffer || this.#buffer.length < needed) {
			const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * Math.max(bufferThresholdBytes, this.#buffer?.length ?? 0)));
			(this.#buffer ?? Buffer.concat(this.#chunks)).copy(larger, 0, 0, this.#length);
			this.#buffer = larger;
			this.#chunks = [];
		}

		chunk.copy(this.#buffer, this.#length);
	}
}
