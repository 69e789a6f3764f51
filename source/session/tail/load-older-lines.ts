/** Loads lines before the first line of a tail. */
import {Semaphore} from '../../async/semaphore.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';
import {eachLine, lineFeed} from '../../streams/logs/log-lines.ts';
import type {OpenLogOptions} from '../../streams/logs/open-log.ts';
import {readOlderLines} from '../../streams/logs/older-lines.ts';
import {LineBuffer, type LineBufferLimits} from './line-buffer.ts';
import {insertLines, type LineRemap} from './insert-lines.ts';
import {levelOf} from '../../lines/line-level.ts';

/** Bytes from the beginning of a log, to find it again. */
const rememberedBytes = 16 * 1024;
const maxLogsAtOnce = 4;
const nothingRemaining: LineBufferLimits = {lines: 0, bytes: 0};

type Known = {source: LogSource; index: number; first: Buffer; arrived: number; isClosed: boolean};

export class JoinPoints {
	readonly #points = new Map<number, Known>();

	get all(): readonly Known[] {
		return [...this.#points.values()];
	}

	recordBlock(index: number, source: LogSource, block: Buffer, count: number): void {
		const known = this.#points.get(index) ?? {source, index, first: Buffer.alloc(0), arrived: 0, isClosed: false};
		this.#points.set(index, known);
		known.arrived += count;
		if (!known.isClosed) {
			const remaining = rememberedBytes - known.first.length;
			const fits =
				block.length <= remaining
					? block.length
					: Math.max(block.lastIndexOf(lineFeed, remaining - 1), known.first.length > 0 ? -1 : block.indexOf(lineFeed)) + 1;
			known.first = concatenate(known.first, block.subarray(0, fits));
			known.isClosed = fits < block.length;
		}
	}

	/** Called after a restart or gap. */
	close(index: number): void {
		const known = this.#points.get(index);
		if (known) {
			known.isClosed = true;
		}
	}

	/** True when nothing older exists: every log had fewer lines than requested. */
	hadFewer(asked: number, logs: number): boolean {
		return logs > 0 && this.#points.size === logs && this.#points.values().every(({arrived}) => arrived < asked);
	}

	prepend(index: number, first: Buffer, count: number): void {
		const known = this.#points.get(index)!;
		known.first = first;
		known.isClosed = true;
		known.arrived += count;
	}
}

export type OlderLinesLoaded = {
	moved: LineRemap;
	count: number;
	isAll: boolean;
	dropped: number;
	problems: ReadonlyArray<{index: number; message: string}>;
};

export type LoadOlderOptions = {
	/** Approximate lines per log; `null` means all. */
	maxLines: number | null;
	cluster(source: LogSource): ClusterClient;
	options(source: LogSource): OpenLogOptions;
	progress(lines: number): void;
	signal: AbortSignal;
};

/** @throws the reason of the signal; other failures become the problem of a log */
export async function loadOlderLines(buffer: LineBuffer, points: JoinPoints, options: LoadOlderOptions): Promise<OlderLinesLoaded> {
	const load = new OlderLoad(buffer, options);
	const semaphore = new Semaphore(maxLogsAtOnce);
	await Promise.all(points.all.map(async log => semaphore.run(async () => load.read(log))));
	options.signal.throwIfAborted();
	return load.putBefore(points);
}

class OlderLoad {
	readonly #buffer: LineBuffer;
	readonly #options: LoadOlderOptions;
	readonly #found = new Map<number, LineBuffer>();
	readonly #begins = new Map<number, Buffer>();
	readonly #dropped = new Map<number, number>();
	readonly #problems: Array<{index: number; message: string}> = [];
	#isAll = true;

	constructor(buffer: LineBuffer, options: LoadOlderOptions) {
		this.#buffer = buffer;
		this.#options = options;
	}

	async read(log: Known): Promise<void> {
		const {maxLines, signal, cluster, options} = this.#options;
		let beginning: Buffer | null = null;
		const sink = {
			start: () => {
				beginning = null;
				this.#dropped.delete(log.index);
				this.#found.set(log.index, new LineBuffer({lines: Infinity, bytes: Infinity}));
			},
			onLines: (block: Buffer) => {
				beginning ??= beginningOf(block);
				this.#take(log.index, block);
			},
		};
		try {
			const request = {known: log.first, receivedCount: log.arrived, maxLines};
			const ending = await readOlderLines(cluster(log.source), log.source, request, sink, {...options(log.source), signal});
			this.#isAll &&= ending.isComplete;
			if (!ending.isJoined) {
				this.#drop(log.index, 'the node no longer has any line shown here, so older lines cannot be joined');
			} else if (beginning) {
				this.#begins.set(log.index, beginning);
			}
		} catch (thrown) {
			signal.throwIfAborted();
			this.#isAll = false;
			this.#drop(log.index, toSpokeError(thrown).message);
		}
	}

	putBefore(points: JoinPoints): OlderLinesLoaded {
		this.#trim();
		const count = sizeOf(this.#found).lines;
		for (const [index, first] of this.#begins) {
			points.prepend(index, first, this.#found.get(index)!.end);
		}

		return {
			moved: insertLines(this.#buffer, [...this.#found.values()]),
			count,
			isAll: this.#isAll,
			dropped: sum(this.#dropped),
			problems: this.#problems,
		};
	}

	#take(index: number, block: Buffer): void {
		const into = this.#found.get(index)!;
		eachLine(block, (from, to, time) => {
			into.append(index, time, levelOf(block, from, to), 'text', block, false, from, to);
		});
		this.#trim();
		this.#options.progress(sizeOf(this.#found).lines + sum(this.#dropped));
	}

	#drop(index: number, message: string): void {
		this.#found.delete(index);
		this.#problems.push({index, message});
	}

	/** Inserting before lines dropped meanwhile would hide the gap. */
	#trim(): void {
		const {lines, bytes} = this.#buffer.first > 0 ? nothingRemaining : this.#buffer.remaining;
		const kept = [...this.#found];
		for (let size = sizeOf(this.#found); size.lines > lines || size.bytes > bytes; size = sizeOf(this.#found)) {
			const [index, oldest] = kept.reduce((one, other) => (firstTime(other[1]) < firstTime(one[1]) ? other : one));
			this.#dropped.set(index, (this.#dropped.get(index) ?? 0) + oldest.dropFirstBlock());
		}
	}
}

/** Has memory of its own: a part of Node's shared pool would keep all 64 KiB of it for as long as the tail. */
function concatenate(...parts: readonly Uint8Array[]): Buffer {
	const all = Buffer.allocUnsafeSlow(parts.reduce((sum, {length}) => sum + length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}

	return all;
}

function beginningOf(block: Buffer): Buffer {
	return concatenate(block.subarray(0, Math.max(block.lastIndexOf(lineFeed, rememberedBytes), block.indexOf(lineFeed)) + 1));
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
