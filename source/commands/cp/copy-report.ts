/** What a copy prints: notices, a summary, and objects for `-o json`. */
import {monotonicMs} from '../../async/clock.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {noticeLine} from '../../output/notice-line.ts';
import type {ResolvedTarget} from '../../streams/connection-observer.ts';
import type {CopiedEntry, CopyDirection, CopyListener} from '../../streams/copy/copy-events.ts';
import {formatBytes, formatQuantity} from '../../text/format-number.ts';
import {formatDuration} from '../../text/format-time.ts';
import type {ProgressLine} from './progress-line.ts';

export type CopyReportOptions = {
	direction: CopyDirection;
	source: string;
	destination: string;
	/** `null` for text. */
	json: NodeJS.WritableStream | null;
	isQuiet: boolean;
	progress: ProgressLine;
};

export class CopyReport implements CopyListener {
	/** Known when the pod is. */
	target: ResolvedTarget | null = null;
	readonly #options: CopyReportOptions;
	readonly #startedAt = monotonicMs();
	readonly #counts = {files: 0, directories: 0, links: 0, bytes: 0, skipped: 0, failed: 0, losses: 0};
	readonly #methods = new Set<string>();

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
		this.#count(entry);
		if (this.#options.json) {
			writeJsonLine(this.#options.json as NodeJS.WriteStream, entryObject(entry, this.#options.direction));
		}

		if (entry.result !== 'copied') {
			const name = entry.path.length === 0 ? this.#options.source : entry.path.toString();
			this.#warn(`not copied: ${name}: ${entry.reason ?? 'unknown reason'}`);
		}
	}

	onRetry(error: SpokeError, {attempt, retryInMs, keptBytes}: {attempt: number; retryInMs: number; keptBytes: number}): void {
		this.#counts.losses++;
		// What the container has stored of a copy to it is known when it is reached again.
		const kept = this.#options.direction === 'from-pod' ? ` after ${formatBytes(keptBytes)}` : '';
		this.#warn(`${error.message}; continuing${kept} in ${formatDuration(retryInMs)} (retry ${attempt})`);
	}

	/** `stopped`: the signal, or `error`, or `null` at the normal end. */
	end(stopped: string | null, error: SpokeError | null): void {
		const {json, direction, source, destination, isQuiet, progress} = this.#options;
		const durationMs = Math.round(monotonicMs() - this.#startedAt);
		progress.stop();
		if (json) {
			const summary = {
				direction,
				target: this.target,
				source,
				destination,
				...this.#counts,
				durationMs,
				stopped,
				error: error?.toJSON() ?? null,
			};
			writeJsonLine(json as NodeJS.WriteStream, jsonObject('CopySummary', summary));
		} else if (!isQuiet && (stopped === null || this.#counts.files > 0)) {
			this.#warn(this.#summaryText(durationMs));
		}
	}

	/** @throws SpokeError ERR_COPY_INCOMPLETE if anything of the source was not copied */
	assertComplete(): void {
		const missing = this.#counts.skipped + this.#counts.failed;
		if (missing > 0) {
			throw new SpokeError('ERR_COPY_INCOMPLETE', `${formatQuantity(missing, 'entry', 'entries')} of ${this.#options.source} not copied`, {
				leg: 0,
			});
		}
	}

	#count({kind, result, bytes, verified}: CopiedEntry): void {
		if (result !== 'copied') {
			this.#counts[result]++;
			return;
		}

		this.#counts.bytes += bytes;
		if (kind === 'file') {
			this.#counts.files++;
		} else if (kind === 'directory') {
			this.#counts.directories++;
		} else {
			this.#counts.links++;
		}

		if (verified) {
			this.#methods.add(
				verified.by === 'checksum' ? `same ${verified.algorithm} checksum on both ends` : 'read twice, with the same content',
			);
		}
	}

	#summaryText(durationMs: number): string {
		const {files, directories, links, bytes} = this.#counts;
		const counted = [
			formatQuantity(files, 'file'),
			...(directories > 0 ? [formatQuantity(directories, 'folder')] : []),
			...(links > 0 ? [formatQuantity(links, 'link')] : []),
		].join(', ');
		return [`copied ${counted}, ${formatBytes(bytes)} in ${formatDuration(durationMs)}`, ...this.#methods].join(' · ');
	}

	#warn(text: string): void {
		this.#options.progress.write(noticeLine(text, this.#options.progress));
	}
}

function entryObject({kind, path, bytes, result, verified, resumedAt, reason}: CopiedEntry, direction: CopyDirection): object {
	const text = path.toString();
	return jsonObject('CopyEntry', {
		direction,
		type: kind,
		path: text,
		pathBase64: Buffer.from(text).equals(path) ? null : path.toString('base64'),
		bytes,
		result,
		reason,
		checksum: verified && {algorithm: verified.algorithm, digest: verified.digest},
		verifiedBy: verified?.by ?? null,
		resumedAt,
	});
}
