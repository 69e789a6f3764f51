/** Reads the response body of a log, and waits for more of it. */
import type {Readable} from 'node:stream';

/** At so many unread bytes, or as many as the body buffers itself, the body is paused, so that a slow reader slows the server. */
const maxPauseAtBytes = 64 * 1024;

/** Listens to `data`: with `readable` events or a stream iterator, each line of a follow costs more. */
export class LogBodyReader {
	readonly #body: Readable;
	readonly #pauseAtBytes: number;
	#chunks: Buffer[] = [];
	#unreadBytes = 0;
	#hasEnded = false;
	#error: Error | null = null;
	#notify: (() => void) | undefined;

	constructor(body: Readable) {
		this.#body = body;
		this.#pauseAtBytes = Math.min(body.readableHighWaterMark, maxPauseAtBytes);
		body.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
		if (body.readableEnded || body.destroyed) {
			this.#end(body.errored);
		}
	}

	get unreadBytes(): number {
		return this.#unreadBytes;
	}

	/** Nothing more arrives, but bytes can be unread. */
	get hasEnded(): boolean {
		return this.#hasEnded;
	}

	/** `null` until the body fails. */
	get error(): Error | null {
		return this.#error;
	}

	/** All unread bytes, or `null`. Resumes the body. */
	readAvailable(): Buffer | null {
		const chunks = this.#chunks;
		if (chunks.length === 0) {
			return null;
		}

		this.#chunks = [];
		this.#unreadBytes = 0;
		if (this.#body.isPaused()) {
			this.#body.resume();
		}

		return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
	}

	/** Resolves when bytes are unread, at the end, or after `timeoutMs` (0: no limit). */
	waitForBytes(timeoutMs = 0): Promise<void> {
		// An async function would make more promises for each line.
		return new Promise(resolve => {
			if (this.#hasEnded || this.#unreadBytes > 0) {
				resolve();
				return;
			}

			const timer = timeoutMs > 0 ? setTimeout(resolve, timeoutMs) : undefined;
			this.#notify = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}

	/** Stops reading and ignores later errors. */
	close(): void {
		this.#body.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
		this.#body.on('error', () => undefined);
		this.#body.off('error', this.#onError).pause();
	}

	readonly #onData = (chunk: Buffer) => {
		this.#add(chunk);
		if (this.#unreadBytes >= this.#pauseAtBytes) {
			this.#body.pause();
		}

		this.#notify?.();
	};

	readonly #onEnd = () => {
		this.#end(null);
	};

	readonly #onError = (error: Error) => {
		this.#end(error);
	};

	readonly #onClose = () => {
		this.#end(new Error('the response was interrupted'));
	};

	#add(chunk: Buffer): void {
		this.#chunks.push(chunk);
		this.#unreadBytes += chunk.length;
	}

	#end(error: Error | null): void {
		if (this.#hasEnded) {
			return;
		}

		this.#hasEnded = true;
		this.#error = error;
		// What a paused body holds. Since Node 26, `read()` returns one buffer at a time.
		this.#body.off('data', this.#onData);
		for (let chunk = this.#body.read() as Buffer | null; chunk !== null; chunk = this.#body.read() as Buffer | null) {
			this.#add(chunk);
		}

		this.#notify?.();
	}
}
