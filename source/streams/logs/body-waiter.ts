/** Waits for data or the end of a response body. */
import type {Readable} from 'node:stream';

export type BodyWaiter = {
	ended: boolean;
	error: Error | null;
	/** Resolves on data, the end, or after `timeoutMs` (0: no limit). */
	next(timeoutMs?: number): Promise<void>;
	close(): void;
};

/** @see https://github.com/nodejs/node/pull/60441 since Node 26 `read()` returns one buffer at a time */
export function readAvailable(body: Pick<Readable, 'read' | 'readableLength'>): Buffer | null {
	const available = body.readableLength;
	const chunks: Buffer[] = [];
	let length = 0;
	do {
		const chunk = body.read() as Buffer | null;
		if (chunk === null) {
			break;
		}

		chunks.push(chunk);
		length += chunk.length;
	} while (length < available);

	return chunks.length > 1 ? Buffer.concat(chunks, length) : (chunks[0] ?? null);
}

/** Uses events, because the first use of a stream iterator takes milliseconds. */
export function createBodyWaiter(body: Readable): BodyWaiter {
	let notifyWaiter: (() => void) | undefined;
	const waiter: BodyWaiter = {
		ended: body.readableEnded || body.destroyed,
		error: body.errored,
		/** Not an async function, which makes more promises for each line. */
		next: (timeoutMs = 0) =>
			new Promise<void>(resolve => {
				if (waiter.ended || body.readableLength > 0) {
					resolve();
					return;
				}

				const timer = timeoutMs > 0 ? setTimeout(resolve, timeoutMs) : undefined;
				notifyWaiter = () => {
					clearTimeout(timer);
					resolve();
				};
			}),
		close() {
			body.off('readable', readable).off('end', ended).off('close', closed);
			body.on('error', () => undefined);
			body.off('error', failed);
		},
	};
	const readable = () => {
		notifyWaiter?.();
	};

	const ended = () => {
		waiter.ended = true;
		notifyWaiter?.();
	};

	const failed = (error: Error) => {
		waiter.ended = true;
		waiter.error ??= error;
		notifyWaiter?.();
	};

	const closed = () => {
		if (!waiter.ended) {
			failed(new Error('the response was interrupted'));
		}
	};

	body.on('readable', readable).on('end', ended).on('error', failed).on('close', closed);
	return waiter;
}
