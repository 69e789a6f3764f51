/** Data on stdout, with backpressure, and an end when the reader closes it. */
import type {Writable} from 'node:stream';
import {SpokeError, unwritableOutputError} from '../errors/spoke-error.ts';

export type OutputWriter = {
	/**
	Returns `undefined` if more can be written at once, to save a promise for each line; otherwise resolves when it can.
	@throws SpokeError ERR_OUTPUT_CLOSED (141), ERR_LOCAL_FILE (a full disk)
	*/
	write(bytes: Buffer | string): Promise<void> | undefined;
	/** Passes on what was gathered, so that what is written elsewhere now comes after it. */
	flush(): void;
	/** Aborted when the reader closes stdout. */
	readonly closed: AbortSignal;
	/** Resolves when all data has been handed to the system. */
	finished(): Promise<void>;
};

/**
Create only one per stream, because it listens to errors until the process ends. `gatherMs`: how long writes in quick succession are
gathered into one; the first after a pause is not delayed.
*/
export function createOutputWriter(stream: Writable, {gatherMs = 0}: {gatherMs?: number} = {}): OutputWriter {
	const gathered = new GatheredWrites(stream, gatherMs);
	const gone = new AbortController();
	let failure: SpokeError | null = null;
	let drained: PromiseWithResolvers<void> | null = null;
	const wake = () => {
		drained?.resolve();
		drained = null;
	};

	stream.on('error', (error: NodeJS.ErrnoException) => {
		failure ??=
			error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'
				? new SpokeError('ERR_OUTPUT_CLOSED', 'the reader of the output closed it', {cause: error})
				: unwritableOutputError(error);
		gone.abort(failure);
		wake();
	});
	stream.on('drain', wake);
	const ready = async () => {
		if (failure === null && stream.writableNeedDrain) {
			drained ??= Promise.withResolvers<void>();
			await drained.promise;
		}

		if (failure !== null) {
			throw failure;
		}
	};

	return {
		closed: gone.signal,
		write(bytes) {
			if (failure === null && bytes.length > 0) {
				gathered.write(bytes);
			}

			return failure !== null || stream.writableNeedDrain ? ready() : undefined;
		},
		flush() {
			gathered.flush();
		},
		async finished() {
			gathered.end();
			await new Promise<void>(resolve => {
				stream.write('', () => {
					resolve();
				});
			});
			await ready();
		},
	};
}

class GatheredWrites {
	readonly #stream: Writable;
	readonly #gatherMs: number;
	#timer: NodeJS.Timeout | undefined;
	#isCorked = false;

	constructor(stream: Writable, gatherMs: number) {
		this.#stream = stream;
		this.#gatherMs = gatherMs;
	}

	write(bytes: Buffer | string): void {
		if (this.#timer !== undefined && !this.#isCorked) {
			this.#isCorked = true;
			this.#stream.cork();
		} else if (this.#timer === undefined && this.#gatherMs > 0) {
			this.#startTimer();
		}

		this.#stream.write(bytes);
		if (this.#stream.writableNeedDrain) {
			this.flush();
		}
	}

	flush(): void {
		if (this.#isCorked) {
			this.#isCorked = false;
			this.#stream.uncork();
		}
	}

	end(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.flush();
	}

	#startTimer(): void {
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			if (this.#isCorked) {
				this.flush();
				this.#startTimer();
			}
		}, this.#gatherMs);
	}
}
