/** Splits a response body into blocks of whole lines. */
import type {Readable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {monotonicMs} from '../../async/clock.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {LogBodyReader} from './log-body-reader.ts';
import {lineFeed} from './log-lines.ts';

/** After a chunk of this size, more lines are not gathered, because waiting would slow the server. */
const floodBytes = 16 * 1024;
const maxLineBytes = 256 * 1024 * 1024;

export type BlocksResult = {
	/** Bytes after the last line feed. */
	remainder: Buffer;
	/** `null` for a clean end, which proves nothing about the container. */
	error: Error | null;
};

class ResponseStalledError extends Error {
	constructor(silenceTimeoutMs: number) {
		super(`no more data for ${silenceTimeoutMs / 1000} s`);
	}
}

/** Without follow, a longer pause is an interruption. */
export const readSilenceTimeoutMs = 30_000;

/**
Awaits `onBlock`, so that a slow reader slows the server.
`silenceTimeoutMs`: a longer pause ends the read with `ResponseStalledError`; 0 means no limit.
`gatherMs`: how long lines in quick succession are gathered into one block. Floods and the first line after a pause are not delayed.
Rejects only if `onBlock` throws or a line is too long.
*/
export async function readLineBlocks(
	body: Readable,
	onBlock: (block: Buffer) => Promise<void> | void,
	{gatherMs = 0, silenceTimeoutMs = 0}: {gatherMs?: number; silenceTimeoutMs?: number} = {},
): Promise<BlocksResult> {
	const reader = new LogBodyReader(body);
	const partialLine = new PartialLine();
	let [lastChunkAt, length] = [-Infinity, 0];
	try {
		for (;;) {
			const chunk = reader.readAvailable();
			if (chunk === null) {
				if (reader.hasEnded) {
					return {remainder: partialLine.complete(empty), error: reader.error};
				}

				await reader.waitForBytes(silenceTimeoutMs);
				if (silenceTimeoutMs > 0 && !reader.hasEnded && reader.unreadBytes === 0) {
					return {remainder: partialLine.complete(empty), error: new ResponseStalledError(silenceTimeoutMs)};
				}

				// A follow receives one record per line: gather all that arrived.
				if (gatherMs > 0 && reader.unreadBytes > 0 && length < floodBytes && monotonicMs() - lastChunkAt < 5 * gatherMs) {
					await delay(gatherMs);
				}

				continue;
			}

			if (gatherMs > 0) {
				lastChunkAt = monotonicMs();
			}

			length = chunk.length;
			const end = chunk.lastIndexOf(lineFeed) + 1;
			if (end > 0) {
				const handled = onBlock(partialLine.complete(end === length ? chunk : chunk.subarray(0, end)));
				// To await `undefined` would cost time for each block.
				if (handled) {
					await handled;
				}
			}

			if (end < length) {
				partialLine.add(chunk.subarray(end));
			}
		}
	} finally {
		reader.close();
	}
}

const empty = Buffer.alloc(0);
const bufferThresholdBytes = 1024 * 1024;

/** The start of an incomplete line. A long one grows in one buffer, so that memory holds it only once. */
class PartialLine {
	#chunks: Buffer[] = [];
	#length = 0;
	#buffer: Buffer | null = null;

	add(chunk: Buffer): void {
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

	complete(chunk: Buffer): Buffer {
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
