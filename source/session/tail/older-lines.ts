/** Loads lines before the first line of a tail, also of previous container instances. */
import {Semaphore} from '../../base/async/queues.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import {levelOf} from '../../base/lines/line-level.ts';
import {formatNumber} from '../../base/text/formats.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';
import {eachLine, lineFeed} from '../../streams/logs/log-lines.ts';
import {readOlderLines} from '../../streams/logs/older-lines.ts';
import {insertLines} from './insert-lines.ts';
import {LineBuffer} from './line-buffer.ts';
import type {TailSink} from './tail-events.ts';
import {sourceName} from './tail-sources.ts';
import type {OlderLines} from './tail-view.ts';

/** Bytes from the beginning of a log, to find it again. */
const rememberedBytes = 16 * 1024;
const maxLogsAtOnce = 4;

type Known = {source: LogSource; index: number; first: Buffer; arrived: number; isClosed: boolean};

/** The cluster of the logs of a context, `null` if there is only one. */
type ClusterOf = (context: string | null) => {access: ClusterClient; observer: ConnectionObserver};

/** What a load has of one log. `lines`: `null` before the read, and if it failed. */
type LoadedLog = {
	log: Known;
	lines: LineBuffer | null;
	beginning: Buffer | null;
	dropped: number;
	isComplete: boolean;
	problem: string | null;
};

export class OlderLinesLoader {
	readonly #tail: TailSink;
	readonly #points: JoinPoints;
	readonly #clusterOf: ClusterOf;
	readonly #signal: AbortSignal;
	#loading: {isAll: boolean; done: Promise<void>} | null = null;

	constructor(tail: TailSink, points: JoinPoints, clusterOf: ClusterOf, signal: AbortSignal) {
		this.#tail = tail;
		this.#points = points;
		this.#clusterOf = clusterOf;
		this.#signal = signal;
	}

	/** Approximate lines per log, `null` for all. A running read also serves later requests. */
	async load(maxLines: number | null): Promise<void> {
		while (this.#loading) {
			const {isAll, done} = this.#loading;
			await done;
			const {phase} = this.#tail.view.older;
			if (maxLines !== null || isAll || phase === 'none' || phase === 'full') {
				return;
			}
		}

		const done = this.#load(maxLines).finally(() => {
			this.#loading = null;
		});
		this.#loading = {isAll: maxLines === null, done};
		await done;
	}

	async #load(maxLines: number | null): Promise<void> {
		const {buffer} = this.#tail.view;
		if (buffer.first > 0) {
			this.#update({phase: 'full', note: `${formatNumber(buffer.first)} older lines were dropped`});
			return;
		}

		this.#update({phase: 'reading', read: 0, note: ''});
		try {
			const semaphore = new Semaphore(maxLogsAtOnce);
			const logs = this.#points.all.map((log): LoadedLog => ({
				log,
				lines: null,
				beginning: null,
				dropped: 0,
				isComplete: false,
				problem: null,
			}));
			await Promise.all(logs.map(async one => semaphore.run(async () => this.#read(one, logs, maxLines))));
			this.#signal.throwIfAborted();
			this.#insert(logs);
			this.#update(this.#outcomeOf(logs));
		} catch (thrown) {
			this.#update({phase: 'unread', note: toSpokeError(thrown).message});
		}
	}

	/** @throws the reason of the signal; other failures become the problem of the log */
	async #read(one: LoadedLog, logs: readonly LoadedLog[], maxLines: number | null): Promise<void> {
		const {
			log: {source, first, arrived},
		} = one;
		const {namespace, pod, uid, node, container} = source;
		const {access, observer} = this.#clusterOf(source.context ?? null);
		const asked = this.#tail.request.target;
		const sink = {
			start() {
				Object.assign(one, {lines: new LineBuffer({lines: Infinity, bytes: Infinity}), beginning: null, dropped: 0});
			},
			onLines: (block: Buffer) => {
				one.beginning ??= beginningOf(block);
				this.#take(one, block, logs);
			},
		};
		try {
			const ending = await readOlderLines(access, source, {known: first, receivedCount: arrived, maxLines}, sink, {
				observer,
				target: {asked, kind: 'Pod', namespace, name: pod, uid, node, container, chosenFrom: 1},
				signal: this.#signal,
			});
			one.isComplete = ending.isComplete;
			one.problem = ending.isJoined ? null : 'the node no longer has any line shown here, so older lines cannot be joined';
		} catch (thrown) {
			this.#signal.throwIfAborted();
			one.problem = toSpokeError(thrown).message;
		}

		one.lines = one.problem === null ? one.lines : null;
	}

	#take({log: {index}, lines}: LoadedLog, block: Buffer, logs: readonly LoadedLog[]): void {
		eachLine(block, (from, to, time) => {
			lines!.append(index, time, levelOf(block, from, to), 'text', block, from, to);
		});
		this.#trim(logs);
		this.#update({read: sizeOf(logs).lines + droppedOf(logs)});
	}

	/** Inserting before lines dropped meanwhile would hide the gap. */
	#trim(logs: readonly LoadedLog[]): void {
		const {buffer} = this.#tail.view;
		const {lines, bytes} = buffer.first > 0 ? {lines: 0, bytes: 0} : buffer.remaining;
		const loaded = logs.filter(one => one.lines !== null);
		for (let size = sizeOf(logs); size.lines > lines || size.bytes > bytes; size = sizeOf(logs)) {
			const oldest = loaded.reduce((one, other) => (firstTime(other) < firstTime(one) ? other : one));
			oldest.dropped += oldest.lines!.dropFirstBlock();
		}
	}

	#insert(logs: readonly LoadedLog[]): void {
		this.#trim(logs);
		for (const {log, lines, beginning} of logs) {
			if (lines !== null && beginning !== null) {
				this.#points.prepend(log.index, beginning, lines.end);
			}
		}

		this.#tail.remapLines(
			insertLines(
				this.#tail.view.buffer,
				logs.flatMap(({lines}) => lines ?? []),
			),
		);
	}

	#outcomeOf(logs: readonly LoadedLog[]): Partial<OlderLines> {
		const dropped = droppedOf(logs);
		if (dropped > 0) {
			return {phase: 'full', note: `${formatNumber(dropped)} older lines were dropped: the tail is full`};
		}

		const [first, ...others] = logs.filter(({problem}) => problem !== null);
		const more = others.length > 0 ? `, and ${others.length} more` : '';
		return {
			phase: logs.every(({isComplete}) => isComplete) ? 'none' : 'unread',
			note: first ? `${sourceName(this.#tail.view.sources[first.log.index]!)}: ${first.problem!}${more}` : '',
		};
	}

	#update(to: Partial<OlderLines>): void {
		if (!this.#signal.aborted) {
			const {view} = this.#tail;
			this.#tail.view = {...view, older: {...view.older, ...to}};
			this.#tail.changed();
		}
	}
}

/** Where older lines of each log join those that are shown. */
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

function droppedOf(logs: readonly LoadedLog[]): number {
	return logs.reduce((sum, {dropped}) => sum + dropped, 0);
}

function sizeOf(logs: readonly LoadedLog[]): {lines: number; bytes: number} {
	const buffers = logs.flatMap(({lines}) => lines ?? []);
	return {
		lines: buffers.reduce((sum, {first, end}) => sum + end - first, 0),
		bytes: buffers.reduce((sum, {bytes}) => sum + bytes, 0),
	};
}

function firstTime({lines}: LoadedLog): number {
	return lines?.blocks[0]?.times[0] ?? Infinity;
}
