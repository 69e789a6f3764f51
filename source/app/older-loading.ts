/** Reads what stands before a tail's first lines in the logs themselves, and puts it there, in the order of times. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {asSpokeError} from '../errors/spoke-error.ts';
import type {LogSource} from '../sessions/logs/log-events.ts';
import {eachLine} from '../sessions/logs/log-lines.ts';
import type {OpenLogOptions} from '../sessions/logs/open-log.ts';
import {readOlderLines} from '../sessions/logs/older-lines.ts';
import {LineBuffer} from '../state/tail/line-buffer.ts';
import {insertLines, type Moved} from '../state/tail/insert-lines.ts';
import {levelOf} from '../state/tail/line-level.ts';

/** So much of a log's beginning is remembered: enough to be found again. */
const rememberedBytes = 16 * 1024;
const atOnce = 4;

type Known = {source: LogSource; index: number; first: Buffer; arrived: number; isClosed: boolean};

/** What is known of where each log of a tail begins. */
export class JoinPoints {
	readonly #points = new Map<number, Known>();

	get all(): readonly Known[] {
		return [...this.#points.values()];
	}

	/** A block of so many whole lines came. */
	note(index: number, source: LogSource, block: Buffer, count: number): void {
		const known = this.#points.get(index) ?? {source, index, first: Buffer.alloc(0), arrived: 0, isClosed: false};
		this.#points.set(index, known);
		known.arrived += count;
		if (!known.isClosed) {
			const room = rememberedBytes - known.first.length;
			const fits = block.length <= room ? block.length : Math.max(block.lastIndexOf(0x0A, room - 1), known.first.length > 0 ? -1 : block.indexOf(0x0A)) + 1;
			known.first = Buffer.concat([known.first, block.subarray(0, fits)]);
			known.isClosed = fits < block.length;
		}
	}

	/** What comes from now on does not stand behind the last line in the same log: a new life, or a gap. */
	close(index: number): void {
		const known = this.#points.get(index);
		if (known) {
			known.isClosed = true;
		}
	}

	/** So many lines of each of the logs were asked for, and every log had fewer: nothing stands before them. */
	hadFewer(asked: number, logs: number): boolean {
		return logs > 0 && this.#points.size === logs && this.#points.values().every(({arrived}) => arrived < asked);
	}

	/** Older lines were put before what was known. */
	begin(index: number, first: Buffer, count: number): void {
		const known = this.#points.get(index)!;
		known.first = first;
		known.isClosed = true;
		known.arrived += count;
	}
}

export type OlderLoaded = {
	/** Where the lines from before stand now. */
	moved: Moved;
	/** Lines that were put. */
	count: number;
	/** Nothing older is offered by any log. */
	isAll: boolean;
	/** Lines that were read and are more than a tail keeps. */
	letGo: number;
	/** Logs that could not be joined or read, and why. */
	problems: ReadonlyArray<{index: number; words: string}>;
};

export type OlderLoadOptions = {
	/** About how many lines of each log; `null` is all. */
	most: number | null;
	/** How a read is labelled. */
	options(source: LogSource): OpenLogOptions;
	progress(lines: number): void;
	signal: AbortSignal;
};

/** @throws never for what a log does; the signal's reason when it was given up */
export async function loadOlder(cluster: ClusterAccess, buffer: LineBuffer, points: JoinPoints, {most, options, progress, signal}: OlderLoadOptions): Promise<OlderLoaded> {
	const logs = points.all;
	const found = new Map<number, LineBuffer>();
	const begins = new Map<number, Buffer>();
	const problems: Array<{index: number; words: string}> = [];
	const letGo = new Map<number, number>();
	let isAll = true;
	const trim = () => {
		const {lines, bytes} = buffer.room;
		const kept = [...found];
		for (let size = sizeOf(found); size.lines > lines || size.bytes > bytes; size = sizeOf(found)) {
			// The oldest of all go first.
			const [index, oldest] = kept.reduce((one, other) => firstTime(other[1]) < firstTime(one[1]) ? other : one);
			letGo.set(index, (letGo.get(index) ?? 0) + oldest.dropFirstBlock());
		}
	};

	const readOne = async ({source, index, first, arrived}: Known) => {
		let beginning: Buffer | null = null;
		const sink = {
			begin() {
				beginning = null;
				letGo.delete(index);
				found.set(index, new LineBuffer({lines: Infinity, bytes: Infinity}));
			},
			take(block: Buffer) {
				beginning ??= Buffer.from(block.subarray(0, Math.max(block.lastIndexOf(0x0A, rememberedBytes), block.indexOf(0x0A)) + 1));
				const into = found.get(index)!;
				eachLine(block, (from, to, time) => {
					into.append(index, time, levelOf(block, from, to), 'text', block, false, from, to);
				});

				trim();
				progress(sizeOf(found).lines + sum(letGo));
			},
		};
		try {
			const ending = await readOlderLines(cluster, source, {known: first, arrived, most}, sink, {...options(source), signal});
			isAll &&= ending.isAll;
			if (!ending.joined) {
				found.delete(index);
				problems.push({index, words: 'the node offers none of the lines here any more, so older ones cannot be joined to them'});
			} else if (beginning) {
				begins.set(index, beginning);
			}
		} catch (thrown) {
			signal.throwIfAborted();
			found.delete(index);
			isAll = false;
			problems.push({index, words: asSpokeError(thrown).message});
		}
	};

	const queue = [...logs];
	await Promise.all(Array.from({length: atOnce}, async () => {
		for (let next = queue.shift(); next; next = queue.shift()) {
			await readOne(next);
		}
	}));
	signal.throwIfAborted();
	trim();
	const count = sizeOf(found).lines;
	for (const [index, first] of begins) {
		points.begin(index, first, found.get(index)!.end);
	}

	return {moved: insertLines(buffer, [...found.values()]), count, isAll, letGo: sum(letGo), problems};
}

function sum(counts: ReadonlyMap<number, number>): number {
	return counts.values().reduce((one, other) => one + other, 0);
}

function sizeOf(buffers: ReadonlyMap<number, LineBuffer>): {lines: number; bytes: number} {
	let [lines, bytes] = [0, 0];
	for (const buffer of buffers.values()) {
		lines += buffer.end - buffer.first;
		bytes += buffer.bytes;
	}

	return {lines, bytes};
}

function firstTime({blocks}: LineBuffer): number {
	return blocks[0]?.times[0] ?? Infinity;
}
