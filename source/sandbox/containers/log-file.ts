/** Log as a container runtime stores it. */
import {EventEmitter, once} from 'node:events';
import {performance} from 'node:perf_hooks';
import {noop} from '../network/join-streams.ts';

export type OutputStream = 'stdout' | 'stderr';

export type LogRecord = {
	/** RFC 3339 with nanoseconds (CRI). */
	time: string;
	timeMs: number;
	stream: OutputStream;
	/** Text of the record without its newline. */
	text: Buffer;
	/** The record does not end its line (CRI tag P). */
	partial: boolean;
};

export type ReadOptions = {
	follow: boolean;
	/** Number of records; `undefined` means all. */
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
const maxRecordBytes = 16_384;

/** Only the newest generation can be read; a follower continues from the old one (cri-client/pkg/logs). */
export class LogFile {
	#current: Generation = {records: [], bytes: 0};
	#closed = false;
	readonly #changes = new EventEmitter().setMaxListeners(0);
	#lastNanoseconds = 0n;

	append(stream: OutputStream, line: Buffer): void {
		for (let start = 0; start === 0 || start < line.length; start += maxRecordBytes) {
			const text = line.subarray(start, start + maxRecordBytes);
			this.#add({...this.#now(), stream, text, partial: start + maxRecordBytes < line.length});
		}

		this.#changes.emit('change');
	}

	rotate(): void {
		this.#current = {records: [], bytes: 0};
		this.#changes.emit('change');
	}

	close(): void {
		this.#closed = true;
		this.#changes.emit('change');
	}

	async *read({follow, tail, since, timestamps, limitBytes = Infinity, stream, signal}: ReadOptions): AsyncGenerator<Buffer> {
		let remaining = limitBytes;
		let lineStart = true;
		let file = this.#current;
		let index = tail === undefined ? 0 : Math.max(0, file.records.length - tail);
		while (!signal.aborted) {
			const batch: Buffer[] = [];
			for (; index < file.records.length && batch.length < 512; index++) {
				const record = file.records[index]!;
				if (!((since === undefined || record.timeMs >= since) && (stream === undefined || record.stream === stream))) {
					continue;
				}

				batch.push(...(timestamps && lineStart ? [Buffer.from(`${record.time} `)] : []), record.text, ...(record.partial ? [] : [newline]));
				lineStart = !record.partial;
			}

			if (batch.length > 0) {
				const chunk = Buffer.concat(batch);
				yield remaining < chunk.length ? chunk.subarray(0, remaining) : chunk;
				remaining -= chunk.length;
				if (remaining <= 0) {
					return;
				}
			} else if (file !== this.#current) {
				file = this.#current;
				index = 0;
			} else if (!follow || this.#closed) {
				return;
			} else {
				await once(this.#changes, 'change', {signal}).catch(noop);
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

	#now(): {time: string; timeMs: number} {
		const precise = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
		this.#lastNanoseconds = precise > this.#lastNanoseconds ? precise : this.#lastNanoseconds + 1n;
		const milliseconds = Number(this.#lastNanoseconds / 1_000_000n);
		const time = `${new Date(milliseconds).toISOString().slice(0, 19)}.${String(this.#lastNanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
		return {time, timeMs: Number(this.#lastNanoseconds / 1000n) / 1000};
	}
}

const newline = Buffer.from('\n');
