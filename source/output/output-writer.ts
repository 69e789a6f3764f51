/** Data on stdout, with backpressure, and an end when the reader closes it. */
import type {Writable} from 'node:stream';
import {SpokeError} from '../errors/spoke-error.ts';

export type OutputWriter = {
	/** Resolves when more may be written. @throws SpokeError ERR_OUTPUT_CLOSED (141), ERR_LOCAL_FILE (a full disk) */
	write(bytes: Buffer | string): Promise<void>;
	/** Aborted when the reader closes stdout. */
	readonly closed: AbortSignal;
	/** Resolves when all data has been handed to the system. */
	finished(): Promise<void>;
};

/** Create only one per stream, because it listens to errors until the process ends. */
export function createOutputWriter(stream: Writable): OutputWriter {
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
				: new SpokeError('ERR_LOCAL_FILE', `the output cannot be written: ${error.message}`, {cause: error});
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
		async write(bytes) {
			if (failure === null) {
				stream.write(bytes);
			}

			await ready();
		},
		async finished() {
			await new Promise<void>(resolve => {
				stream.write('', () => {
					resolve();
				});
			});
			await ready();
		},
	};
}
