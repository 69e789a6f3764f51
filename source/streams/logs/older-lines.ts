/** What a log holds before the lines that are known: read until both join, so that none is lost between them and none comes twice. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {readLineBlocks, readSilenceMs} from './line-blocks.ts';
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
	arrived: number;
	/** About how many older ones are wanted; `null` is all. */
	most: number | null;
};

export type OlderLinesSink = {
	/** A reading begins; what came before it does not count. */
	begin(): void;
	/** Stamped lines, each once, in the order of the log; the last one may lack its line feed. */
	take(lines: Buffer): Promise<void> | void;
};

export type OlderLinesResult = {
	/** False: the server offers none of the known lines any more, so nothing can be put before them. */
	joined: boolean;
	/** Nothing older is offered. */
	isAll: boolean;
};

const slack = 200;

/**
First from the end, where only some are wanted, then from the beginning of the log, then from that of the life before.
@throws SpokeError what opening a log throws, and ERR_STREAM_LOST when an answer was cut
*/
export async function readOlderLines(
	cluster: ClusterClient,
	source: LogSource,
	{known, arrived, most}: OlderLinesRequest,
	sink: OlderLinesSink,
	options: OpenLogOptions,
): Promise<OlderLinesResult> {
	const read = async (ask: PodLogOptions) => readUntilJoin(cluster, source, {...ask, timestamps: true}, {known, sink, options});
	if (most !== null) {
		const some = await read({tailLines: arrived + most + slack});
		if (some.joined && some.count > 0) {
			return {joined: true, isAll: false};
		}
	}

	const all = await read({});
	if (all.joined) {
		return {joined: true, isAll: true};
	}

	try {
		const before = await read({previous: true});
		return {joined: before.joined, isAll: true};
	} catch (thrown) {
		const {code} = toSpokeError(thrown);
		if (code === 'ERR_NOT_FOUND' || code === 'ERR_TARGET_GONE') {
			return {joined: false, isAll: true};
		}

		throw thrown;
	}
}

async function readUntilJoin(
	cluster: ClusterClient,
	source: LogSource,
	ask: PodLogOptions,
	{
		known,
		sink,
		options,
	}: {
		known: Buffer;
		sink: OlderLinesSink;
		options: OpenLogOptions;
	},
): Promise<{joined: boolean; count: number}> {
	const join = new Join(known);
	sink.begin();
	const open = await openLog(cluster, source, ask, options);
	try {
		const {remainder, error} = await readLineBlocks(
			open.body,
			async block => {
				const older = join.pass(block);
				if (older.length > 0) {
					await sink.take(older);
				}

				if (join.isMet) {
					// The rest is known: nothing more is read.
					open.body.destroy();
				}
			},
			{silenceMs: readSilenceMs},
		);
		if (!join.isMet && remainder.length > 0) {
			const older = join.pass(remainder);
			await (older.length > 0 ? sink.take(older) : undefined);
		}

		if (!join.isMet && error) {
			options.signal?.throwIfAborted();
			throw await locateInterruption(cluster, new LogInterruptedError(`the log of ${source.pod} was cut`, error), options.signal);
		}

		return {joined: join.isMet, count: join.passed};
	} finally {
		open.close();
	}
}

/**
Finds where the known lines begin in a log that is read from earlier on.
The first of them may be the end of a longer line (a read that begins in the middle of one gives it so), so the search is for those behind it,
and the line before them gives what stands before that end.
*/
class Join {
	readonly #first: Buffer;
	readonly #wanted: readonly Buffer[];
	/** Knuth, Morris and Pratt: how many lines still fit when the one behind them does not. */
	readonly #fallback: number[] = [0];
	/** Lines that may be the known ones; the one before them comes first. */
	#held: Buffer[] = [];
	#fit = 0;
	passed = 0;
	isMet = false;

	constructor(known: Buffer) {
		const lines = linesOf(known);
		this.#first = lines[0]!;
		this.#wanted = lines.length > 1 ? lines.slice(1) : lines;
		for (let at = 1, fit = 0; at < this.#wanted.length; at++) {
			while (fit > 0 && !this.#wanted[at]!.equals(this.#wanted[fit]!)) {
				fit = this.#fallback[fit - 1]!;
			}

			fit += this.#wanted[at]!.equals(this.#wanted[fit]!) ? 1 : 0;
			this.#fallback.push(fit);
		}
	}

	/** The lines that are surely older; nothing more once it is met. */
	pass(block: Buffer): Buffer {
		const out: Buffer[] = [];
		for (let from = 0; from < block.length && !this.isMet;) {
			const end = lineEnd(block, from);
			this.#held.push(block.subarray(from, end));
			this.#look(block, from, end);
			from = end;
			const hold = this.isMet ? 0 : this.#fit + this.#before;
			if (this.#held.length > hold) {
				out.push(...this.#held.splice(0, this.#held.length - hold));
			}
		}

		this.passed += out.length;
		return out.length === 1 ? out[0]! : Buffer.concat(out);
	}

	get #before(): number {
		return this.#wanted[0] === this.#first ? 0 : 1;
	}

	#look(block: Buffer, from: number, end: number): void {
		while (this.#fit > 0 && !sameLine(this.#wanted[this.#fit]!, block, from, end)) {
			this.#fit = this.#fallback[this.#fit - 1]!;
		}

		this.#fit += sameLine(this.#wanted[this.#fit]!, block, from, end) ? 1 : 0;
		if (this.#fit < this.#wanted.length) {
			return;
		}

		this.isMet = true;
		const before = this.#before === 1 && this.#held.length > this.#wanted.length ? this.#held[0]! : null;
		this.#held = this.#held.slice(0, this.#held.length - this.#wanted.length);
		if (before && sameLine(this.#first, before, 0, before.length)) {
			this.#held.pop();
		} else if (before) {
			this.#held[0] = withoutEnd(before, textOf(this.#first));
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
	const stamp = timestampLength(line, 0);
	return stamp === 0 ? line : line.subarray(stamp + 1);
}

function withoutEnd(line: Buffer, end: Buffer): Buffer {
	const stop = line.at(-1) === lineFeed ? line.length - 1 : line.length;
	return stop > end.length && line.subarray(stop - end.length, stop).equals(end)
		? Buffer.concat([line.subarray(0, stop - end.length), Buffer.of(lineFeed)])
		: line;
}
