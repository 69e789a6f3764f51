/** From the bytes of an answer to blocks of whole lines, as fast as they are taken and no faster. */
import type {Readable} from 'node:stream';
import {setImmediate as turn, setTimeout as sleep} from 'node:timers/promises';
import {SpokeError} from '../../errors/spoke-error.ts';
import {readAvailable, watchReadable} from './readable-watch.ts';
import {lineFeed} from './log-lines.ts';

/** More than this at once is a flood: to hold it back would hold up the server. */
const littleBytes = 16 * 1024;
/** A followed line is held until it is whole. */
const longestLine = 256 * 1024 * 1024;

export type BlocksResult = {
	/** What stood behind the last line feed. */
	remainder: Buffer;
	/** `null`: the answer came to its end cleanly, which proves nothing about the container. */
	error: Error | null;
};

/** The connection is open, and no more of the answer comes. */
export class AnswerStopped extends Error {
	constructor(silenceMs: number) {
		super(`nothing more came for ${silenceMs / 1000} s`);
	}
}

/** So long the answer of a read that does not follow may pause before it counts as cut. */
export const readSilenceMs = 30_000;

/**
Gives blocks to `take` one after the other and reads on only when it is done, so that a slow reader slows the server.
`silenceTimeoutMs`: an answer of which nothing more comes for so long, while it is waited for, ends with an `AnswerStopped`; 0 is no limit, as a follow needs it.
`gatherMs`: lines that come one soon after the other are gathered for so long, unless they come in floods; the first one after a pause waits for nothing.
Never rejects for what the body does; what `take` throws is passed on.
*/
export async function readLineBlocks(
	body: Readable,
	take: (block: Buffer) => Promise<void> | void,
	{gatherMs = 0, silenceMs = 0}: {gatherMs?: number; silenceMs?: number} = {},
): Promise<BlocksResult> {
	const arrivals = watchReadable(body);
	const begun = new BegunLine();
	let [takenAt, length] = [-Infinity, 0];
	try {
		for (;;) {
			const chunk = readAvailable(body);
			if (chunk === null) {
				if (arrivals.ended) {
					return {remainder: begun.endWith(nothing), error: arrivals.error};
				}

				await arrivals.next(silenceMs);
				if (silenceMs > 0 && !arrivals.ended && body.readableLength === 0) {
					return {remainder: begun.endWith(nothing), error: new AnswerStopped(silenceMs)};
				}

				// A follow comes in one record a line; what has arrived by now is taken together.
				await (body.readableLength > 0 && length < littleBytes && performance.now() - takenAt < 5 * gatherMs ? sleep(gatherMs) : turn());
				continue;
			}

			takenAt = performance.now();
			length = chunk.length;
			const end = chunk.lastIndexOf(lineFeed) + 1;
			if (end > 0) {
				await take(begun.endWith(chunk.subarray(0, end)));
			}

			begun.add(chunk.subarray(end));
		}
	} finally {
		arrivals.close();
	}
}

const nothing = Buffer.alloc(0);
const longerThanMost = 1024 * 1024;

/** The beginning of a line whose end has not come. A long one is kept in one growing piece, so that it is never held twice. */
class BegunLine {
	#chunks: Buffer[] = [];
	#length = 0;
	#piece: Buffer | null = null;

	add(chunk: Buffer): void {
		if (chunk.length === 0) {
			return;
		}

		if (this.#length + chunk.length > longestLine) {
			throw new SpokeError('ERR_PROTOCOL', `a line is longer than ${longestLine / 1024 / 1024} MiB: it cannot be followed`, {
				leg: 3,
				remedy: 'read it without -f',
			});
		}

		if (this.#length + chunk.length <= longerThanMost) {
			this.#chunks.push(chunk);
		} else {
			this.#grow(chunk);
		}

		this.#length += chunk.length;
	}

	/** The line with its end, and nothing is kept of it. */
	endWith(chunk: Buffer): Buffer {
		const length = this.#length + chunk.length;
		if (this.#piece) {
			this.#grow(chunk);
		}

		const whole = this.#piece?.subarray(0, length) ?? (this.#chunks.length === 0 ? chunk : Buffer.concat([...this.#chunks, chunk]));
		this.#chunks = [];
		this.#length = 0;
		this.#piece = null;
		return whole;
	}

	#grow(chunk: Buffer): void {
		const needed = this.#length + chunk.length;
		if (!this.#piece || this.#piece.length < needed) {
			const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * Math.max(longerThanMost, this.#piece?.length ?? 0)));
			(this.#piece ?? Buffer.concat(this.#chunks)).copy(larger, 0, 0, this.#length);
			this.#piece = larger;
			this.#chunks = [];
		}

		chunk.copy(this.#piece, this.#length);
	}
}
