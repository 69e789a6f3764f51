/** From the bytes of an answer to blocks of whole lines, as fast as they are taken and no faster. */
import type {Readable} from 'node:stream';
import {setImmediate as turn} from 'node:timers/promises';
import {SpokeError} from '../../errors/spoke-error.ts';
import {lineFeed} from './log-lines.ts';

/** A followed line is held until it is whole. */
const longestLine = 256 * 1024 * 1024;

export type BlocksEnding = {
	/** What stood behind the last line feed. */
	remainder: Buffer;
	/** `null`: the answer came to its end cleanly, which proves nothing about the container. */
	error: Error | null;
};

/**
Gives blocks to `take` one after the other and reads on only when it is done, so that a slow reader slows the server.
Never rejects for what the body does; what `take` throws is passed on.
*/
export async function readLineBlocks(body: Readable, take: (block: Buffer) => Promise<void> | void, options: {onBytes?: () => void} = {}): Promise<BlocksEnding> {
	const arrivals = watchArrivals(body);
	let kept: Buffer[] = [];
	let keptBytes = 0;
	try {
		for (;;) {
			const chunk = body.read() as Buffer | null;
			if (chunk === null) {
				if (arrivals.ended) {
					return {remainder: Buffer.concat(kept), error: arrivals.error};
				}

				await arrivals.next();
				// A follow comes in one record a line; what has arrived by now is taken together.
				await turn();
				continue;
			}

			options.onBytes?.();
			const end = chunk.lastIndexOf(lineFeed) + 1;
			if (end > 0) {
				await take(kept.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...kept, chunk.subarray(0, end)]));
				kept = [];
				keptBytes = 0;
			}

			if (end < chunk.length) {
				kept.push(chunk.subarray(end));
				keptBytes += chunk.length - end;
				if (keptBytes > longestLine) {
					throw new SpokeError('ERR_PROTOCOL', `a line is longer than ${longestLine / 1024 / 1024} MiB: it cannot be followed`, {leg: 3, remedy: 'read it without -f'});
				}
			}
		}
	} finally {
		arrivals.close();
	}
}

type Arrivals = {ended: boolean; error: Error | null; next(): Promise<void>; close(): void};

function watchArrivals(body: Readable): Arrivals {
	let wake = () => {};
	const arrivals: Arrivals = {
		ended: body.readableEnded || body.destroyed,
		error: body.errored,
		async next() {
			await new Promise<void>(resolve => {
				wake = resolve;
				if (arrivals.ended || body.readableLength > 0) {
					resolve();
				}
			});
		},
		close() {
			body.off('readable', readable).off('end', ended).off('close', closed);
			// Whoever destroys the body later must not bring the process down.
			body.on('error', () => {});
			body.off('error', failed);
		},
	};
	const readable = () => {
		wake();
	};

	const ended = () => {
		arrivals.ended = true;
		wake();
	};

	const failed = (error: Error) => {
		arrivals.ended = true;
		arrivals.error ??= error;
		wake();
	};

	const closed = () => {
		if (!arrivals.ended) {
			failed(new Error('the answer was broken off'));
		}
	};

	body.on('readable', readable).on('end', ended).on('error', failed).on('close', closed);
	return arrivals;
}
