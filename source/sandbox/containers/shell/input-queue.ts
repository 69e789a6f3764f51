/** Input of a process, whose end can be temporary (Ctrl-D). */
import type {Readable} from 'node:stream';

const highWaterBytes = 64 * 1024;

export class InputQueue {
	readonly #items: Array<Buffer | 'end-of-input'> = [];
	#bytes = 0;
	#hasEnded = false;
	#notifyWaiter: (() => void) | null = null;
	#source: Readable | null = null;

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
		this.#notifyWaiter?.();
	}

	/** Only the current reader sees this end. */
	pushEnd(): void {
		this.#items.push('end-of-input');
		this.#notifyWaiter?.();
	}

	clear(): void {
		this.#items.length = 0;
		this.#bytes = 0;
	}

	finish(): void {
		this.#hasEnded = true;
		this.#notifyWaiter?.();
	}

	/** `null` at an end, or when `signal` is aborted. */
	async read(signal: AbortSignal): Promise<Buffer | null> {
		while (this.#items.length === 0) {
			if (this.#hasEnded || signal.aborted) {
				return null;
			}

			const {promise, resolve} = Promise.withResolvers<void>();
			const wake = () => {
				resolve();
			};

			this.#notifyWaiter = wake;
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

	/** `null` at an end. Leaves the rest to the next reader. */
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
