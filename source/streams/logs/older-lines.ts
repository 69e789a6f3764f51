/** Reads the lines before the known ones, without gaps or duplicates. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {readLineBlocks, readSilenceTimeoutMs} from './line-blocks.ts';
import {timestampLength} from './line-timestamp.ts';
import {LogInterruptedError, locateInterruption} from './log-interruption.ts';
import {lineEnd, lineFeed} from './log-lines.ts';
import type {LogSource} from './log-events.ts';
import type {PodLogOptions} from './pod-log-options.ts';
import {openLog, type OpenLogOptions} from './open-log.ts';

export type OlderLinesRequest = {
	/** The first lines that are known, as they came, with their timestamps; at least one, and without a gap between them. */
	known: Buffer;
	/** How many lines of this log came so far. */
	receivedCount: number;
	/** About how many older ones are wanted; `null` is all. */
	maxLines: number | null;
};

export type OlderLinesSink = {
	/** A reading begins; what came before it does not count. */
	start(): void;
	/** Stamped lines, each once, in the order of the log; the last one may lack its line feed. */
	onLines(lines: Buffer): Promise<void> | void;
};

export type OlderLinesResult = {
	/** False: the server offers none of the known lines any more, so nothing can be put before them. */
	isJoined: boolean;
	/** Nothing older is offered. */
	isComplete: boolean;
};

const extraLines = 200;

/**
First from the end, where only some are wanted, then from the beginning of the log, then from that of the life before.
@throws SpokeError what opening a log throws, and ERR_STREAM_LOST when an answer was cut
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
					// The rest is known: nothing more is read.
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

/**
Finds where the known lines begin in a log that is read from earlier on.
The first of them may be the end of a longer line (a read that begins in the middle of one gives it so), so the search is for those
behind it,
and the line before them gives what stands before that end.
*/
class Join {
	readonly #first: Buffer;
	readonly #pattern: readonly Buffer[];
	/** Knuth, Morris and Pratt: how many lines still fit when the one behind them does not. */
	readonly #fallback: number[] = [0];
	/** Lines that may be the known ones; the one before them comes first. */
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

	/** The lines that are surely older; nothing more once it is met. */
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

/** A line feed at the end does not count. */
function sameLine(line: Buffer, block: Buffer, from: number, end: number): boolean {
	const stop = block[end - 1] === lineFeed ? end - 1 : end;
	return stop - from === line.length && block.compare(line, 0, line.length, from, stop) === 0;
}

function linesOf(block: Buffer): Buffer[] {
	const lines: Buffer[] = [];
	for (let from = 0; from < block.length;) {
		const end = lineEnd(block, from);
		lines.push(block.subarray(from, block[end - 1] === lineFeed ? end - 1 : end));
		from = end;
	}

	return lines;
}

function textOf(line: Buffer): Buffer {
	const timestampSize = timestampLength(line, 0);
	return timestampSize === 0 ? line : line.subarray(timestampSize + 1);
}

function withoutEnd(line: Buffer, end: Buffer): Buffer {
	const stop = line.at(-1) === lineFeed ? line.length - 1 : line.length;
	return stop > end.length && line.subarray(stop - end.length, stop).equals(end)
		? Buffer.concat([line.subarray(0, stop - end.length), Buffer.of(lineFeed)])
		: line;
}
