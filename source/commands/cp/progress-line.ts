/** The progress of a copy, as the last line of a terminal. */
import {Writable} from 'node:stream';
import {monotonicMs} from '../../async/clock.ts';
import {formatBytes, formatDuration} from '../../text/formats.ts';
import {clearLine, overwriteLine} from '../overwrite-line.ts';

const redrawMs = 200;

/** The rate is that of the last seconds, so that a stall shows. */
const rateWindowMs = 5000;

type Sample = {at: number; bytes: number};

/** Other lines of stderr pass through it, above the progress. Without a terminal, there is no progress. */
export class ProgressLine extends Writable {
	readonly isTTY: boolean;
	readonly #stderr: NodeJS.WriteStream;
	readonly #isShown: boolean;
	#totalBytes = 0;
	#bytes = 0;
	#samples: Sample[] = [{at: monotonicMs(), bytes: 0}];
	#timer: NodeJS.Timeout | undefined;

	constructor(stderr: NodeJS.WriteStream, {isQuiet}: {isQuiet: boolean}) {
		super({decodeStrings: false});
		this.#stderr = stderr;
		this.isTTY = stderr.isTTY;
		this.#isShown = stderr.isTTY && !isQuiet;
	}

	setTotal(bytes: number): void {
		this.#totalBytes = bytes;
		if (this.#isShown) {
			this.#timer ??= setInterval(() => {
				this.#draw();
			}, redrawMs).unref();
		}
	}

	add(bytes: number): void {
		this.#bytes += bytes;
	}

	stop(): void {
		if (this.#timer) {
			clearInterval(this.#timer);
			this.#timer = undefined;
			this.#stderr.write(clearLine);
		}
	}

	override _write(line: string, _encoding: BufferEncoding, done: () => void): void {
		this.#stderr.write(this.#timer ? `${clearLine}${line}` : line);
		done();
	}

	#draw(): void {
		const now = monotonicMs();
		this.#samples = [...this.#samples.filter(({at}) => now - at < rateWindowMs), {at: now, bytes: this.#bytes}];
		overwriteLine(this.#stderr, describeProgress({bytes: this.#bytes, totalBytes: this.#totalBytes, samples: this.#samples}));
	}
}

/** `1.2 GB of 10 GB · 45 MB/s · 3 min 12 s left`. */
export function describeProgress({bytes, totalBytes, samples}: {bytes: number; totalBytes: number; samples: readonly Sample[]}): string {
	const [first, last] = [samples[0], samples.at(-1)];
	const elapsedMs = first && last ? last.at - first.at : 0;
	const rate = first && last && elapsedMs > 0 ? Math.max(0, ((last.bytes - first.bytes) / elapsedMs) * 1000) : 0;
	const left = rate > 0 ? `${formatDuration(((totalBytes - bytes) / rate) * 1000)} left` : 'no data now';
	return [`${formatBytes(bytes)} of ${formatBytes(totalBytes)}`, `${formatBytes(rate)}/s`, left].join(' · ');
}
