/** What commands write: data on stdout, with backpressure and an end when the reader closes it, JSON objects and notices. */
import type {Writable} from 'node:stream';
import {SpokeError, unwritableOutputError} from '../../base/errors/spoke-error.ts';
import {toSafeJson} from '../../base/text/escaping.ts';
import {toTerminalCharset} from '../../base/text/terminal-charset.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';

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
	const gone = new AbortController();
	let failure: SpokeError | null = null;
	let drained: PromiseWithResolvers<void> | null = null;
	let gathering: NodeJS.Timeout | undefined;
	let isCorked = false;
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

	const flush = () => {
		if (isCorked) {
			isCorked = false;
			stream.uncork();
		}
	};

	const gather = () => {
		gathering = setTimeout(() => {
			gathering = undefined;
			if (isCorked) {
				flush();
				gather();
			}
		}, gatherMs);
	};

	return {
		closed: gone.signal,
		flush,
		write(bytes) {
			if (failure === null && bytes.length > 0) {
				if (gathering !== undefined && !isCorked) {
					isCorked = true;
					stream.cork();
				} else if (gathering === undefined && gatherMs > 0) {
					gather();
				}

				stream.write(bytes);
				if (stream.writableNeedDrain) {
					flush();
				}
			}

			return failure !== null || stream.writableNeedDrain ? ready() : undefined;
		},
		async finished() {
			clearTimeout(gathering);
			gathering = undefined;
			flush();
			await new Promise<void>(resolve => {
				stream.write('', () => {
					resolve();
				});
			});
			await ready();
		},
	};
}

type CommonFields = {apiVersion: 'spoke/v1'; kind: string; time: string};

/** `time` is now, in UTC with milliseconds. */
export function jsonObject<Fields extends object>(kind: string, fields: Fields): CommonFields & Fields {
	return {apiVersion: 'spoke/v1', kind, time: new Date().toISOString(), ...fields};
}

export function jsonLine(value: object): string {
	return `${toSafeJson(value)}\n`;
}

export function writeJsonLine(stream: Pick<Writable, 'write'>, value: object): void {
	stream.write(jsonLine(value));
}

/** Of stderr, what notices need. */
export type TextStream = {readonly isTTY?: boolean | undefined; write(text: string): unknown};

/** The notice with its line feed, in glyphs that `to` can show. */
export function noticeLine(text: string, to: Pick<TextStream, 'isTTY'>): string {
	return `${toTerminalCharset(to, sanitizeLine(text))}\n`;
}
