/** What a copy prints: notices, a summary, and objects for `-o json`. */
import {monotonicMs} from '../../async/clock.ts';
import {describeCopied, describeNotCopied} from '../../descriptions/describe-copy.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {noticeLine} from '../../output/notice-line.ts';
import type {ResolvedTarget} from '../../streams/connection-observer.ts';
import type {CopyContainerCallbacks} from '../../streams/copy/copy-container.ts';
import type {CopiedEntry, CopyDirection, CopyListener} from '../../streams/copy/copy-events.ts';
import {CopyTally} from '../../streams/copy/copy-tally.ts';
import {formatQuantity, formatDuration} from '../../text/formats.ts';
import type {ProgressLine} from './progress-line.ts';

type CopyReportOptions = {
	direction: CopyDirection;
	source: string;
	destination: string;
	/** `null` for text. */
	json: NodeJS.WriteStream | null;
	isQuiet: boolean;
	progress: ProgressLine;
};

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
			const {files, directories, links, bytes, skipped, failed} = this.#tally;
			const summary = {
				direction,
				target: this.target,
				debugContainer: this.debugContainer,
				source,
				destination,
				files,
				directories,
				links,
				bytes,
				skipped,
				failed,
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
