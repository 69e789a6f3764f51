/** What a copy prints: notices, a summary, and objects for `-o json`. */
import {monotonicMs} from '../../base/async/clock.ts';
import {describeCopied, describeNotCopied} from '../../report/descriptions/describe-command-end.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {jsonObject, writeJsonLine, noticeLine, type TextStream} from '../../report/output/output-writer.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import type {CopyContainerCallbacks} from '../../streams/copy/copy-container.ts';
import {type CopiedEntry, type CopyDirection, type CopyListener, CopyTally} from '../../streams/copy/copy-passes.ts';
import {formatQuantity, formatDuration, formatBytes} from '../../base/text/formats.ts';
import {clearLine, overwriteLine} from '../terminal-line.ts';

type CopyReportOptions = {
	direction: CopyDirection;
	source: string;
	destination: string;
	/** `null` for text. */
	json: NodeJS.WriteStream | null;
	isQuiet: boolean;
	progress: ProgressLine;
};

const redrawMs = 200;

/** The rate is that of the last seconds, so that a stall shows. */
const rateWindowMs = 5000;

type Sample = {at: number; bytes: number};

export class CopyReport implements CopyListener, CopyContainerCallbacks {
	/** Known when the pod is. */
	target: ResolvedTarget | null = null;
	/** The copy goes through it. */
	debugContainer: string | null = null;
	readonly #options: CopyReportOptions;
	readonly #startedAt = monotonicMs();
	readonly #tally = new CopyTally();
	#losses = 0;

	constructor(options: CopyReportOptions) {
		this.#options = options;
	}

	onTotal({bytes}: {bytes: number}): void {
		this.#options.progress.setTotal(bytes);
	}

	onBytes(count: number): void {
		this.#options.progress.add(count);
	}

	onEntry(entry: CopiedEntry): void {
		this.#tally.add(entry);
		if (this.#options.json) {
			writeJsonLine(this.#options.json, entryObject(entry, this.#options.direction));
		}

		if (entry.result !== 'copied') {
			this.#warn(describeNotCopied(entry, this.#options.source));
		}
	}

	onRetry(error: SpokeError, {attempt, retryInMs}: {attempt: number; retryInMs: number}): void {
		this.#losses++;
		this.#warn(`${error.message}; continuing with what is not copied yet in ${formatDuration(retryInMs)} (retry ${attempt})`);
	}

	onAdded(name: string): void {
		this.#say(
			`added container ${name} to pod ${this.target?.name}; it ends a minute after the copy, and is listed until the pod is deleted`,
		);
	}

	onWaiting(name: string, reason: string): void {
		this.#say(`waiting for ${name}: ${reason}`);
	}

	/** `stopped`: the signal, or `error`, or `null` at the normal end. */
	end(stopped: string | null, error: SpokeError | null): void {
		const {json, direction, source, destination, progress} = this.#options;
		const durationMs = Math.round(monotonicMs() - this.#startedAt);
		progress.stop();
		if (json) {
			const summary = {
				direction,
				target: this.target,
				debugContainer: this.debugContainer,
				source,
				destination,
				...this.#tally,
				losses: this.#losses,
				durationMs,
				stopped,
				error: error?.toJSON() ?? null,
			};
			writeJsonLine(json, jsonObject('CopySummary', summary));
		} else if (stopped === null || this.#tally.files > 0) {
			this.#say(describeCopied(this.#tally, {durationMs}));
		}
	}

	/** @throws SpokeError ERR_COPY_INCOMPLETE if anything of the source was not copied */
	assertComplete(): void {
		const {missing} = this.#tally;
		if (missing > 0) {
			throw new SpokeError('ERR_COPY_INCOMPLETE', `${formatQuantity(missing, 'entry', 'entries')} of ${this.#options.source} not copied`, {
				leg: 0,
			});
		}
	}

	#say(text: string): void {
		if (!this.#options.isQuiet) {
			this.#warn(text);
		}
	}

	#warn(text: string): void {
		this.#options.progress.write(noticeLine(text, this.#options.progress));
	}
}

function entryObject({kind, path, bytes, result, digest, reason}: CopiedEntry, direction: CopyDirection): object {
	const text = path.toString();
	return jsonObject('CopyEntry', {
		direction,
		type: kind,
		path: text,
		pathBase64: Buffer.from(text).equals(path) ? null : path.toString('base64'),
		bytes,
		result,
		reason,
		checksum: digest === null ? null : {algorithm: 'sha256', digest},
	});
}

/** Other lines of stderr pass through it, above the progress. Without a terminal, there is no progress. */
export class ProgressLine implements TextStream {
	readonly isTTY: boolean;
	readonly #stderr: NodeJS.WriteStream;
	readonly #isShown: boolean;
	#totalBytes = 0;
	#bytes = 0;
	#samples: Sample[] = [{at: monotonicMs(), bytes: 0}];
	#timer: NodeJS.Timeout | undefined;

	constructor(stderr: NodeJS.WriteStream, {isQuiet}: {isQuiet: boolean}) {
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

	write(line: string): void {
		this.#stderr.write(this.#timer ? `${clearLine}${line}` : line);
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
