/** Reads the lines before the known ones. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import {readLineBlocks, readSilenceTimeoutMs} from './line-blocks.ts';
import {timestampLength, lineEnd, lineFeed, withoutLineFeed} from './log-lines.ts';
import {LogInterruptedError, locateInterruption, type PodLogOptions, openLog, type OpenLogOptions} from './open-log.ts';
import type {LogSource} from './log-events.ts';

type OlderLinesRequest = {
	/** The oldest known lines: with timestamps, at least one, without a gap. */
	known: Buffer;
	receivedCount: number;
	/** Approximate; `null` for all. */
	maxLines: number | null;
};

type OlderLinesSink = {
	/** A new read replaces the lines so far. */
	start(): void;
	/** Receives older lines with timestamps, in order; the last line may lack its line feed. */
	onLines(lines: Buffer): Promise<void> | void;
};

type OlderLinesResult = {
	/** False if the server has no known line. */
	isJoined: boolean;
	isComplete: boolean;
};

const extraLines = 200;

/**
Reads from the end if `maxLines` is set, then from the start, then the previous instance.
@throws SpokeError as `openLog`, and ERR_STREAM_LOST
*/
export async function readOlderLines(
	cluster: ClusterClient,
	source: LogSource,
	{known, receivedCount, maxLines}: OlderLinesRequest,
	sink: OlderLinesSink,
	options: OpenLogOptions,
): Promise<OlderLinesResult> {
	const read = async (logOptions: PodLogOptions) =>
		readUntilJoin(cluster, source, {...logOptions, timestamps: true}, {known, sink, options});
	if (maxLines !== null) {
		const newest = await read({tailLines: receivedCount + maxLines + extraLines});
		if (newest.isJoined && newest.count > 0) {
			return {isJoined: true, isComplete: false};
		}
	}

	const all = await read({});
	if (all.isJoined) {
		return {isJoined: true, isComplete: true};
	}

	try {
		const preceding = await read({previous: true});
		return {isJoined: preceding.isJoined, isComplete: true};
	} catch (thrown) {
		const {code} = toSpokeError(thrown);
		if (code === 'ERR_NOT_FOUND' || code === 'ERR_TARGET_GONE') {
			return {isJoined: false, isComplete: true};
		}

		throw thrown;
	}
}

async function readUntilJoin(
	cluster: ClusterClient,
	source: LogSource,
	logOptions: PodLogOptions,
	{known, sink, options}: {known: Buffer; sink: OlderLinesSink; options: OpenLogOptions},
): Promise<{isJoined: boolean; count: number}> {
	const join = new Join(known);
	sink.start();
	const open = await openLog(cluster, source, logOptions, options);
	try {
		const {remainder, error} = await readLineBlocks(
			open.body,
			async block => {
				const older = join.takeOlderLines(block);
				if (older.length > 0) {
					await sink.onLines(older);
				}

				if (join.isFound) {
					open.body.destroy();
				}
			},
			{silenceTimeoutMs: readSilenceTimeoutMs},
		);
		if (!join.isFound && remainder.length > 0) {
			const older = join.takeOlderLines(remainder);
			await (older.length > 0 ? sink.onLines(older) : undefined);
		}

		if (!join.isFound && error) {
			options.signal?.throwIfAborted();
			throw await locateInterruption(cluster, new LogInterruptedError(`the log of ${source.pod} was interrupted`, error), options.signal);
		}

		return {isJoined: join.isFound, count: join.olderCount};
	} finally {
		open.close();
	}
}

/** The first known line can be the tail of a longer one. So this searches for the lines after it, and splits the preceding line. */
class Join {
	readonly #first: Buffer;
	readonly #searched: readonly Buffer[];
	/** The newest lines: as many as are searched, after the preceding one. */
	readonly #newest: Buffer[] = [];
	olderCount = 0;
	isFound = false;

	constructor(known: Buffer) {
		const lines = linesOf(known);
		this.#first = lines[0]!;
		this.#searched = lines.length > 1 ? lines.slice(1) : lines;
	}

	/** Only lines that are certainly older. */
	takeOlderLines(block: Buffer): Buffer {
		const olderLines: Buffer[] = [];
		for (let from = 0; from < block.length && !this.isFound;) {
			const end = lineEnd(block, from);
			this.#newest.push(block.subarray(from, end));
			from = end;
			const preceding = this.#newest.length > this.#searched.length ? this.#newest.shift()! : null;
			this.isFound =
				this.#newest.length === this.#searched.length && this.#searched.every((line, index) => isSameLine(line, this.#newest[index]!));
			const older = this.isFound && preceding ? this.#withoutFirst(preceding) : preceding;
			if (older) {
				olderLines.push(older);
			}
		}

		this.olderCount += olderLines.length;
		return olderLines.length === 1 ? olderLines[0]! : Buffer.concat(olderLines);
	}

	#withoutFirst(preceding: Buffer): Buffer | null {
		if (this.#searched[0] === this.#first) {
			return preceding;
		}

		return isSameLine(this.#first, preceding) ? null : withoutEnd(preceding, textOf(this.#first));
	}
}

/** Ignores a line feed at the end of `other`. */
function isSameLine(line: Buffer, other: Buffer): boolean {
	const length = withoutLineFeed(other, other.length);
	return length === line.length && other.compare(line, 0, line.length, 0, length) === 0;
}

function linesOf(block: Buffer): Buffer[] {
	const lines: Buffer[] = [];
	for (let from = 0; from < block.length;) {
		const end = lineEnd(block, from);
		lines.push(block.subarray(from, withoutLineFeed(block, end)));
		from = end;
	}

	return lines;
}

function textOf(line: Buffer): Buffer {
	const timestampSize = timestampLength(line, 0);
	return timestampSize === 0 ? line : line.subarray(timestampSize + 1);
}

function withoutEnd(line: Buffer, end: Buffer): Buffer {
	const stop = withoutLineFeed(line, line.length);
	return stop > end.length && line.subarray(stop - end.length, stop).equals(end)
		? Buffer.concat([line.subarray(0, stop - end.length), Buffer.of(lineFeed)])
		: line;
}
