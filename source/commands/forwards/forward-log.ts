/** Log file of a detached forward. */
import {fstatSync, ftruncateSync, writeSync} from 'node:fs';
import {open} from 'node:fs/promises';
import {delayUpTo} from '../../async/abortable.ts';

const maxBytes = 1024 * 1024;
const readIntervalMs = 200;

/** Appends lines with their time, in UTC, to an open file. A file that exceeds `limit` bytes is truncated. */
export class ForwardLog {
	readonly isTTY = false;
	readonly #descriptor: number;
	readonly #limit: number;

	constructor(descriptor: number, limit = maxBytes) {
		this.#descriptor = descriptor;
		this.#limit = limit;
	}

	/** `text`: whole lines. A full disk loses lines, and not the forward. */
	write(text: string): boolean {
		try {
			if (fstatSync(this.#descriptor).size > this.#limit) {
				ftruncateSync(this.#descriptor);
				this.#append(`earlier lines dropped: the log exceeded ${this.#limit} bytes\n`);
			}

			this.#append(text);
		} catch {}

		return true;
	}

	#append(text: string): void {
		const time = new Date().toISOString();
		writeSync(this.#descriptor, text.replaceAll(/^(?=.)/gms, `${time} `));
	}
}

/** The content of the file, and with `follows` what is appended until it resolves to false. @throws the system error */
export async function* readLog(
	path: string,
	{follows, signal}: {follows: () => Promise<boolean>; signal: AbortSignal},
): AsyncGenerator<Buffer> {
	const file = await open(path);
	try {
		let position = 0;
		while (!signal.aborted) {
			// Decided before the last read, so that no last line is left out.
			const hasMore = await follows();
			const {size} = await file.stat();
			// The log was truncated.
			position = size < position ? 0 : position;
			while (position < size) {
				const {bytesRead, buffer} = await file.read(Buffer.alloc(64 * 1024), {position});
				if (bytesRead === 0) {
					break;
				}

				position += bytesRead;
				yield buffer.subarray(0, bytesRead);
			}

			if (!hasMore) {
				return;
			}

			await delayUpTo(readIntervalMs, signal);
		}
	} finally {
		await file.close();
	}
}
