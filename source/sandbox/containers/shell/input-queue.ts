/** What a process reads: bytes in order, an end that may be temporary (Ctrl-D at a terminal) or final. */
import type {Readable} from 'node:stream';

const highWaterBytes = 64 * 1024;

export class InputQueue {
	readonly #items: Array<Buffer | 'end-of-input'> = [];
	#bytes = 0;
	#over = false;
	#wake: (() => void) | null = null;
	#source: Readable | null = null;

	/** Reads `source` to its end, no faster than it is asked. */
	follow(source: Readable): void {
		this.#source = source;
		source.on('data', (chunk: Buffer) => {
			this.push(chunk);
			if (this.#bytes > highWaterBytes) {
				source.pause();
			}
		});
		source.on('end', () => {
			this.finish();
		});
		source.on('error', () => {
			this.finish();
		});
		source.on('close', () => {
			this.finish();
		});
	}

	push(chunk: Buffer): void {
		this.#items.push(chunk);
		this.#bytes += chunk.length;
		this.#wake?.();
	}

	/** The reader of now sees an end; whoever reads next does not. */
	pushEnd(): void {
		this.#items.push('end-of-input');
		this.#wake?.();
	}

	/** Forgets what was not read yet. */
	clear(): void {
		this.#items.length = 0;
		this.#bytes = 0;
	}

	finish(): void {
		this.#over = true;
		this.#wake?.();
	}

	/** The next bytes, or `null` at an end, or when `signal` is aborted. */
	async read(signal: AbortSignal): Promise<Buffer | null> {
		while (this.#items.length === 0) {
			if (this.#over || signal.aborted) {
				return null;
			}

			const {promise, resolve} = Promise.withResolvers<void>();
			const wake = () => {
				resolve();
			};

			this.#wake = wake;
			signal.addEventListener('abort', wake, {once: true});
			await promise;
			signal.removeEventListener('abort', wake);
		}

		const item = this.#items.shift()!;
		if (item === 'end-of-input') {
			return null;
		}

		this.#bytes -= item.length;
		if (this.#bytes <= highWaterBytes) {
			this.#source?.resume();
		}

		return item;
	}

	/** The next line without its newline; what follows stays for the next reader. `null` at an end. */
	async readLine(signal: AbortSignal): Promise<string | null> {
		const parts: Buffer[] = [];
		for (;;) {
			const chunk = await this.read(signal);
			if (chunk === null) {
				return parts.length === 0 ? null : Buffer.concat(parts).toString();
			}

			const end = chunk.indexOf(10);
			if (end >= 0) {
				parts.push(chunk.subarray(0, end));
				if (end + 1 < chunk.length) {
					this.#items.unshift(chunk.subarray(end + 1));
					this.#bytes += chunk.length - end - 1;
				}

				return Buffer.concat(parts).toString();
			}

			parts.push(chunk);
		}
	}
}
