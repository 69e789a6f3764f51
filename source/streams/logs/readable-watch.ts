/** When has more of an answer's body arrived, and has it ended? */
import type {Readable} from 'node:stream';

export type ReadableWatch = {
	ended: boolean;
	error: Error | null;
	/** Resolves when there is more, or none to come, or when nothing came for `limitMs` (0: no limit). */
	next(limitMs?: number): Promise<void>;
	close(): void;
};

/**
All that has come so far, and no more; `null` when that is nothing.
@see https://github.com/nodejs/node/pull/60441 since Node 26 `read()` gives one buffer at a time
*/
export function readAvailable(body: Pick<Readable, 'read' | 'readableLength'>): Buffer | null {
	const arrived = body.readableLength;
	const pieces: Buffer[] = [];
	let length = 0;
	do {
		const piece = body.read() as Buffer | null;
		if (piece === null) {
			break;
		}

		pieces.push(piece);
		length += piece.length;
	} while (length < arrived);

	return pieces.length > 1 ? Buffer.concat(pieces, length) : (pieces[0] ?? null);
}

/**
What has come is read by `readAvailable`; `next` resolves when there is more, or none to come. By events: an iterator over a stream costs milliseconds the first time.
*/
export function watchReadable(body: Readable): ReadableWatch {
	let wake: (() => void) | undefined;
	const arrivals: ReadableWatch = {
		ended: body.readableEnded || body.destroyed,
		error: body.errored,
		async next(limitMs = 0) {
			let timer: NodeJS.Timeout | undefined;
			await new Promise<void>(resolve => {
				wake = resolve;
				if (arrivals.ended || body.readableLength > 0) {
					resolve();
				} else if (limitMs > 0) {
					timer = setTimeout(resolve, limitMs);
				}
			});
			clearTimeout(timer);
		},
		close() {
			body.off('readable', readable).off('end', ended).off('close', closed);
			// Whoever destroys the body later must not bring the process down.
			body.on('error', () => undefined);
			body.off('error', failed);
		},
	};
	const readable = () => {
		wake?.();
	};

	const ended = () => {
		arrivals.ended = true;
		wake?.();
	};

	const failed = (error: Error) => {
		arrivals.ended = true;
		arrivals.error ??= error;
		wake?.();
	};

	const closed = () => {
		if (!arrivals.ended) {
			failed(new Error('the answer was broken off'));
		}
	};

	body.on('readable', readable).on('end', ended).on('error', failed).on('close', closed);
	return arrivals;
}
