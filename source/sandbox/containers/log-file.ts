/** What a container runtime keeps of a container's output: records with times, rotation, and reads as a kubelet makes them. */
import {performance} from 'node:perf_hooks';

export type OutputStream = 'stdout' | 'stderr';

export type LogRecord = {
	/** RFC 3339 with nanoseconds, as the CRI format writes it. */
	time: string;
	/** Milliseconds since 1970, for comparisons with `sinceTime`. */
	at: number;
	stream: OutputStream;
	/** Without the newline. */
	text: Buffer;
	/** The record is only the beginning of a line (CRI tag P). */
	partial: boolean;
};

export type ReadOptions = {
	follow: boolean;
	/** Counts records, not lines; `undefined` is all. */
	tail?: number | undefined;
	/** Milliseconds since 1970. */
	since?: number | undefined;
	timestamps: boolean;
	limitBytes?: number | undefined;
	stream?: OutputStream | undefined;
	signal: AbortSignal;
};

type Generation = {records: LogRecord[]; bytes: number};

const rotateAtBytes = 2 * 1024 * 1024;
const recordLimit = 16_384;

/**
Only the newest generation can be read, and a follower goes on from the old one to the new one, as kubelets do
(cri-client/pkg/logs). `close` ends followers, as the end of a container does.
*/
export class LogFile {
	#current: Generation = {records: [], bytes: 0};
	#closed = false;
	#wake: Array<() => void> = [];
	#lastNanoseconds = 0n;

	append(stream: OutputStream, line: Buffer): void {
		for (let start = 0; start === 0 || start < line.length; start += recordLimit) {
			const text = line.subarray(start, start + recordLimit);
			this.#add({...this.#now(), stream, text, partial: start + recordLimit < line.length});
		}

		this.#notify();
	}

	/** Rename and reopen: what was written so far can no longer be read. */
	rotate(): void {
		this.#current = {records: [], bytes: 0};
		this.#notify();
	}

	close(): void {
		this.#closed = true;
		this.#notify();
	}

	/** Chunks of bytes as `/containerLogs` answers them. */
	async *read({follow, tail, since, timestamps, limitBytes = Infinity, stream, signal}: ReadOptions): AsyncGenerator<Buffer> {
		let left = limitBytes;
		let lineStart = true;
		let file = this.#current;
		let at = tail === undefined ? 0 : Math.max(0, file.records.length - tail);
		while (!signal.aborted) {
			const batch: Buffer[] = [];
			for (; at < file.records.length && batch.length < 512; at++) {
				const record = file.records[at]!;
				if (!((since === undefined || record.at >= since) && (stream === undefined || record.stream === stream))) {
					continue;
				}

				batch.push(...(timestamps && lineStart ? [Buffer.from(`${record.time} `)] : []), record.text, ...(record.partial ? [] : [newline]));
				lineStart = !record.partial;
			}

			if (batch.length > 0) {
				const chunk = Buffer.concat(batch);
				yield left < chunk.length ? chunk.subarray(0, left) : chunk;
				left -= chunk.length;
				if (left <= 0) {
					return;
				}
			} else if (file !== this.#current) {
				file = this.#current;
				at = 0;
			} else if (!follow || this.#closed) {
				return;
			} else {
				await this.#more(signal);
			}
		}
	}

	#add(record: LogRecord): void {
		if (this.#current.bytes > rotateAtBytes) {
			this.#current = {records: [], bytes: 0};
		}

		this.#current.records.push(record);
		this.#current.bytes += record.text.length + 100;
	}

	#now(): {time: string; at: number} {
		const precise = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
		this.#lastNanoseconds = precise > this.#lastNanoseconds ? precise : this.#lastNanoseconds + 1n;
		const milliseconds = Number(this.#lastNanoseconds / 1_000_000n);
		const time = `${new Date(milliseconds).toISOString().slice(0, 19)}.${String(this.#lastNanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
		return {time, at: Number(this.#lastNanoseconds / 1000n) / 1000};
	}

	#notify(): void {
		const wake = this.#wake;
		this.#wake = [];
		for (const resolve of wake) {
			resolve();
		}
	}

	async #more(signal: AbortSignal): Promise<void> {
		const {promise, resolve} = Promise.withResolvers<void>();
		const stop = () => {
			resolve();
		};

		this.#wake.push(resolve);
		signal.addEventListener('abort', stop, {once: true});
		await promise;
		signal.removeEventListener('abort', stop);
	}
}

const newline = Buffer.from('\n');
