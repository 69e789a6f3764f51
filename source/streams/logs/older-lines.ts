/** Reads the lines before the known ones. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {readLineBlocks, readSilenceTimeoutMs} from './line-blocks.ts';
import {timestampLength, lineEnd, lineFeed, withoutLineFeed} from './log-lines.ts';
import {LogInterruptedError, locateInterruption} from './log-error.ts';
import type {LogSource} from './log-events.ts';
import {type PodLogOptions, openLog, type OpenLogOptions} from './open-log.ts';

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
	{
		known,
		sink,
		options,
	}: {
		known: Buffer;
		sink: OlderLinesSink;
		options: OpenLogOptions;
	},
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
	readonly #pattern: readonly Buffer[];
	/** The failure function of Knuth, Morris and Pratt. */
	readonly #fallback: number[] = [0];
	/** Candidates, with the preceding line first. */
	#buffered: Buffer[] = [];
	#matched = 0;
	olderCount = 0;
	isFound = false;

	constructor(known: Buffer) {
		const lines = linesOf(known);
		this.#first = lines[0]!;
		this.#pattern = lines.length > 1 ? lines.slice(1) : lines;
		for (let index = 1, matched = 0; index < this.#pattern.length; index++) {
			while (matched > 0 && !this.#pattern[index]!.equals(this.#pattern[matched]!)) {
				matched = this.#fallback[matched - 1]!;
			}

			matched += this.#pattern[index]!.equals(this.#pattern[matched]!) ? 1 : 0;
			this.#fallback.push(matched);
		}
	}

	/** Only lines that are certainly older. */
	takeOlderLines(block: Buffer): Buffer {
		const olderLines: Buffer[] = [];
		for (let from = 0; from < block.length && !this.isFound;) {
			const end = lineEnd(block, from);
			this.#buffered.push(block.subarray(from, end));
			this.#match(block, from, end);
			from = end;
			const bufferCount = this.isFound ? 0 : this.#matched + this.#precedingCount;
			if (this.#buffered.length > bufferCount) {
				olderLines.push(...this.#buffered.splice(0, this.#buffered.length - bufferCount));
			}
		}

		this.olderCount += olderLines.length;
		return olderLines.length === 1 ? olderLines[0]! : Buffer.concat(olderLines);
	}

	get #precedingCount(): number {
		return this.#pattern[0] === this.#first ? 0 : 1;
	}

	#match(block: Buffer, from: number, end: number): void {
		while (this.#matched > 0 && !sameLine(this.#pattern[this.#matched]!, block, from, end)) {
			this.#matched = this.#fallback[this.#matched - 1]!;
		}

		this.#matched += sameLine(this.#pattern[this.#matched]!, block, from, end) ? 1 : 0;
		if (this.#matched < this.#pattern.length) {
			return;
		}

		this.isFound = true;
		const preceding = this.#precedingCount === 1 && this.#buffered.length > this.#pattern.length ? this.#buffered[0]! : null;
		this.#buffered = this.#buffered.slice(0, this.#buffered.length - this.#pattern.length);
		if (preceding && sameLine(this.#first, preceding, 0, preceding.length)) {
			this.#buffered.pop();
		} else if (preceding) {
			this.#buffered[0] = withoutEnd(preceding, textOf(this.#first));
		}
	}
}

/** Ignores a line feed at the end. */
function sameLine(line: Buffer, block: Buffer, from: number, end: number): boolean {
	const stop = withoutLineFeed(block, end);
	return stop - from === line.length && block.compare(line, 0, line.length, from, stop) === 0;
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
