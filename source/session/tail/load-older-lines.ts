/** Reads what stands before a tail's first lines in the logs themselves, and puts it there, in the order of times. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';
import {eachLine} from '../../streams/logs/log-lines.ts';
import type {OpenLogOptions} from '../../streams/logs/open-log.ts';
import {readOlderLines} from '../../streams/logs/older-lines.ts';
import {LineBuffer, type LineBufferLimits} from '../../state/tail/line-buffer.ts';
import {insertLines, type LineRemap} from '../../state/tail/insert-lines.ts';
import {levelOf} from '../../state/tail/line-level.ts';

/** So much of a log's beginning is remembered: enough to be found again. */
const rememberedBytes = 16 * 1024;
const atOnce = 4;
const noRoom: LineBufferLimits = {lines: 0, bytes: 0};

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
			const fits =
				block.length <= room
					? block.length
					: Math.max(block.lastIndexOf(0x0a, room - 1), known.first.length > 0 ? -1 : block.indexOf(0x0a)) + 1;
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

export type OlderLinesLoaded = {
	/** Where the lines from before stand now. */
	moved: LineRemap;
	/** Lines that were put. */
	count: number;
	/** Nothing older is offered by any log. */
	isAll: boolean;
	/** Lines that were read and are more than a tail keeps. */
	letGo: number;
	/** Logs that could not be joined or read, and why. */
	problems: ReadonlyArray<{index: number; words: string}>;
};

export type LoadOlderOptions = {
	/** About how many lines of each log; `null` is all. */
	most: number | null;
	/** How a read is labelled. */
	options(source: LogSource): OpenLogOptions;
	progress(lines: number): void;
	signal: AbortSignal;
};

/** @throws never for what a log does; the signal's reason when it was given up */
export async function loadOlderLines(
	cluster: ClusterClient,
	buffer: LineBuffer,
	points: JoinPoints,
	options: LoadOlderOptions,
): Promise<OlderLinesLoaded> {
	const load = new OlderLoad(cluster, buffer, options);
	const queue = [...points.all];
	await Promise.all(
		Array.from({length: atOnce}, async () => {
			for (let next = queue.shift(); next; next = queue.shift()) {
				await load.read(next);
			}
		}),
	);
	options.signal.throwIfAborted();
	return load.putBefore(points);
}

/** The older lines of each log, apart until all are read. */
class OlderLoad {
	readonly #cluster: ClusterClient;
	/** The tail's own, which goes on growing meanwhile. */
	readonly #buffer: LineBuffer;
	readonly #options: LoadOlderOptions;
	readonly #found = new Map<number, LineBuffer>();
	/** How each log begins now. */
	readonly #begins = new Map<number, Buffer>();
	readonly #letGo = new Map<number, number>();
	readonly #problems: Array<{index: number; words: string}> = [];
	#isAll = true;

	constructor(cluster: ClusterClient, buffer: LineBuffer, options: LoadOlderOptions) {
		this.#cluster = cluster;
		this.#buffer = buffer;
		this.#options = options;
	}

	/** @throws the signal's reason; what else is wrong with one log is kept as its problem */
	async read(log: Known): Promise<void> {
		const {most, signal, options} = this.#options;
		let beginning: Buffer | null = null;
		const sink = {
			start: () => {
				beginning = null;
				this.#letGo.delete(log.index);
				this.#found.set(log.index, new LineBuffer({lines: Infinity, bytes: Infinity}));
			},
			onLines: (block: Buffer) => {
				beginning ??= beginningOf(block);
				this.#take(log.index, block);
			},
		};
		try {
			const ending = await readOlderLines(this.#cluster, log.source, {known: log.first, receivedCount: log.arrived, maxLines: most}, sink, {
				...options(log.source),
				signal,
			});
			this.#isAll &&= ending.isComplete;
			if (!ending.isJoined) {
				this.#drop(log.index, 'the node offers none of the lines here any more, so older ones cannot be joined to them');
			} else if (beginning) {
				this.#begins.set(log.index, beginning);
			}
		} catch (thrown) {
			signal.throwIfAborted();
			this.#isAll = false;
			this.#drop(log.index, toSpokeError(thrown).message);
		}
	}

	/** Puts all that was found before the tail's own lines, in one go. */
	putBefore(points: JoinPoints): OlderLinesLoaded {
		this.#trim();
		const count = sizeOf(this.#found).lines;
		for (const [index, first] of this.#begins) {
			points.begin(index, first, this.#found.get(index)!.end);
		}

		return {
			moved: insertLines(this.#buffer, [...this.#found.values()]),
			count,
			isAll: this.#isAll,
			letGo: sum(this.#letGo),
			problems: this.#problems,
		};
	}

	#take(index: number, block: Buffer): void {
		const into = this.#found.get(index)!;
		eachLine(block, (from, to, time) => {
			into.append(index, time, levelOf(block, from, to), 'text', block, false, from, to);
		});
		this.#trim();
		this.#options.progress(sizeOf(this.#found).lines + sum(this.#letGo));
	}

	#drop(index: number, words: string): void {
		this.#found.delete(index);
		this.#problems.push({index, words});
	}

	/** Down to what the tail has room for: the oldest of all go first. There is none behind lines that were let go meanwhile: it would hide the hole. */
	#trim(): void {
		const {lines, bytes} = this.#buffer.first > 0 ? noRoom : this.#buffer.room;
		const kept = [...this.#found];
		for (let size = sizeOf(this.#found); size.lines > lines || size.bytes > bytes; size = sizeOf(this.#found)) {
			const [index, oldest] = kept.reduce((one, other) => (firstTime(other[1]) < firstTime(one[1]) ? other : one));
			this.#letGo.set(index, (this.#letGo.get(index) ?? 0) + oldest.dropFirstBlock());
		}
	}
}

/** A copy of so many of its whole lines as are remembered, and of one at the least. */
function beginningOf(block: Buffer): Buffer {
	return Buffer.from(block.subarray(0, Math.max(block.lastIndexOf(0x0a, rememberedBytes), block.indexOf(0x0a)) + 1));
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
