/** Splits a response body into blocks of whole lines. */
import type {Readable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {monotonicMs} from '../../base/async/clock.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {ByteCollector} from '../../wire/byte-collector.ts';
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

/** At so many unread bytes, or as many as the body buffers itself, the body is paused, so that a slow reader slows the server. */
const maxPauseAtBytes = 64 * 1024;

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
	const lineStart = new ByteCollector(maxLineBytes);
	const begin = (bytes: Buffer) => {
		if (!lineStart.add(bytes)) {
			throw new SpokeError('ERR_PROTOCOL', `a line is longer than ${maxLineBytes / 1024 / 1024} MiB: it cannot be followed`, {
				leg: 3,
				remedy: 'read the log without -f',
			});
		}
	};

	const completed = (bytes: Buffer) => {
		if (lineStart.length === 0) {
			return bytes;
		}

		begin(bytes);
		return lineStart.take();
	};

	let [lastChunkAt, length] = [-Infinity, 0];
	try {
		for (;;) {
			const chunk = reader.readAvailable();
			if (chunk === null) {
				if (reader.hasEnded) {
					return {remainder: lineStart.take(), error: reader.error};
				}

				await reader.waitForBytes(silenceTimeoutMs);
				if (silenceTimeoutMs > 0 && !reader.hasEnded && reader.unreadBytes === 0) {
					return {remainder: lineStart.take(), error: new ResponseStalledError(silenceTimeoutMs)};
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
				const handled = onBlock(completed(end === length ? chunk : chunk.subarray(0, end)));
				// To await `undefined` would cost time for each block.
				if (handled) {
					await handled;
				}
			}

			if (end < length) {
				begin(chunk.subarray(end));
			}
		}
	} finally {
		reader.close();
	}
}

/** Listens to `data`: with `readable` events or a stream iterator, each line of a follow costs more. */
export class LogBodyReader {
	readonly #body: Readable;
	readonly #pauseAtBytes: number;
	#chunks: Buffer[] = [];
	unreadBytes = 0;
	/** Nothing more arrives, but bytes can be unread. */
	hasEnded = false;
	/** `null` until the body fails. */
	error: Error | null = null;
	#notify: (() => void) | undefined;

	constructor(body: Readable) {
		this.#body = body;
		this.#pauseAtBytes = Math.min(body.readableHighWaterMark, maxPauseAtBytes);
		body.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
		if (body.readableEnded || body.destroyed) {
			this.#end(body.errored);
		}
	}

	/** All unread bytes, or `null`. Resumes the body. */
	readAvailable(): Buffer | null {
		const chunks = this.#chunks;
		if (chunks.length === 0) {
			return null;
		}

		this.#chunks = [];
		this.unreadBytes = 0;
		if (this.#body.isPaused()) {
			this.#body.resume();
		}

		return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
	}

	/** Resolves when bytes are unread, at the end, or after `timeoutMs` (0: no limit). */
	waitForBytes(timeoutMs = 0): Promise<void> {
		// An async function would make more promises for each line.
		return new Promise(resolve => {
			if (this.hasEnded || this.unreadBytes > 0) {
				resolve();
				return;
			}

			const timer = timeoutMs > 0 ? setTimeout(resolve, timeoutMs) : undefined;
			this.#notify = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}

	/** Stops reading and ignores later errors. */
	close(): void {
		this.#body.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
		this.#body.on('error', () => undefined);
		this.#body.off('error', this.#onError).pause();
	}

	readonly #onData = (chunk: Buffer) => {
		this.#add(chunk);
		if (this.unreadBytes >= this.#pauseAtBytes) {
			this.#body.pause();
		}

		this.#notify?.();
	};

	readonly #onEnd = () => {
		this.#end(null);
	};

	readonly #onError = (error: Error) => {
		this.#end(error);
	};

	readonly #onClose = () => {
		this.#end(new Error('the response was interrupted'));
	};

	#add(chunk: Buffer): void {
		this.#chunks.push(chunk);
		this.unreadBytes += chunk.length;
	}

	#end(error: Error | null): void {
		if (this.hasEnded) {
			return;
		}

		this.hasEnded = true;
		this.error = error;
		// What a paused body holds. Since Node 26, `read()` returns one buffer at a time.
		this.#body.off('data', this.#onData);
		for (let chunk = this.#body.read() as Buffer | null; chunk !== null; chunk = this.#body.read() as Buffer | null) {
			this.#add(chunk);
		}

		this.#notify?.();
	}
}
