/** Loads lines before the first line of a tail, also of previous container instances. */
import {Semaphore} from '../../async/semaphore.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {levelOf} from '../../lines/line-level.ts';
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {logSource, selectContainers, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {readLineBlocks, readSilenceTimeoutMs} from '../../streams/logs/line-blocks.ts';
import {splitKubeletError, LogInterruptedError, locateInterruption} from '../../streams/logs/log-error.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';
import {eachLine, lineFeed} from '../../streams/logs/log-lines.ts';
import {readOlderLines} from '../../streams/logs/older-lines.ts';
import {openLog, podOnNoNode, type OpenLogOptions} from '../../streams/logs/open-log.ts';
import {chooseContainer} from '../../targets/choose-container.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {listPods, toResolvedTarget} from '../../targets/resolve-pod.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import {insertLines, type LineRemap} from './insert-lines.ts';
import {LineBuffer, type LineBufferLimits} from './line-buffer.ts';
import type {TailRequest} from './tail-run.ts';

/** Bytes from the beginning of a log, to find it again. */
const rememberedBytes = 16 * 1024;
const maxLogsAtOnce = 4;
const nothingRemaining: LineBufferLimits = {lines: 0, bytes: 0};

type Known = {source: LogSource; index: number; first: Buffer; arrived: number; isClosed: boolean};

type PreviousLogsOptions = {request: Pick<TailRequest, 'target' | 'containers'>; observer: ConnectionObserver; signal: AbortSignal};

type PreviousLogsCallbacks = {
	source(source: LogSource): number;
	lines(source: number, block: Buffer): void;
	notice(source: number, text: string): void;
};

/** `part`: the read of a log was interrupted. */
export type ReadExtent = 'none' | 'part' | 'whole';

const ends: Readonly<Record<ReadExtent, {note: string; text: string}>> = {
	none: {note: 'no previous log read', text: 'no previous log was read'},
	part: {note: 'previous log interrupted', text: 'the previous log was not read to its end'},
	whole: {note: 'previous log read', text: 'end of the previous log'},
};

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

type LoadOlderOptions = {
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

/**
Returns what was read. A missing log becomes a notice. Emits nothing after `signal`.
@throws SpokeError when the pods cannot be listed, or none has the named container
*/
export async function readPreviousLogs(
	cluster: ClusterClient,
	targets: FollowTargets,
	options: PreviousLogsOptions,
	callbacks: PreviousLogsCallbacks,
): Promise<ReadExtent> {
	const {
		request: {containers},
		signal,
	} = options;
	const pods = targets.kind === 'pods' ? targets.pods : await listPods(cluster, targets.scope, signal);
	let read: ReadExtent = 'none';
	const [first] = pods;
	if (first && containers.kind === 'named' && pods.every(pod => selectContainers(pod, containers).length === 0)) {
		// Throws the error that names the containers.
		chooseContainer(first, containers.name, {unknownAnnotation: 'go-on'});
	}

	for (const pod of pods) {
		for (const name of selectContainers(pod, containers)) {
			read = combineExtents(read, await readOne(cluster, {pod, container: name, chosenFrom: pods.length}, options, callbacks));
			if (signal.aborted) {
				return read;
			}
		}
	}

	return read;
}

/** A log that is missing does not make the others incomplete. */
export function combineExtents(...reads: readonly ReadExtent[]): ReadExtent {
	return (['part', 'whole'] as const).find(read => reads.includes(read)) ?? 'none';
}

/** How a tail of previous logs ends. */
export function previousLogEnd(read: ReadExtent): {note: string; text: string} {
	return ends[read];
}

async function readOne(
	cluster: ClusterClient,
	{pod, container, chosenFrom}: {pod: PodObject; container: string; chosenFrom: number},
	{request, observer, signal}: PreviousLogsOptions,
	callbacks: PreviousLogsCallbacks,
): Promise<ReadExtent> {
	const source = logSource(pod, container);
	const index = callbacks.source(source);
	const addNotice = (text: string) => {
		callbacks.notice(index, `${pod.metadata.name}/${container}: ${sanitizeLine(text)}`);
	};

	let wasRead = false;
	try {
		const open = await openLog(
			cluster,
			source,
			{previous: true, timestamps: true},
			{target: toResolvedTarget(request.target, pod, chosenFrom, container), observer, signal},
		);
		try {
			if (!open.isFromKubelet) {
				addNotice(`no previous log: ${podOnNoNode}`);
				return 'none';
			}

			const {remainder, error} = await readLineBlocks(
				open.body,
				block => {
					signal.throwIfAborted();
					wasRead = true;
					callbacks.lines(index, block);
				},
				{silenceTimeoutMs: readSilenceTimeoutMs},
			);
			signal.throwIfAborted();
			const {log, message} = splitKubeletError(remainder, {follows: false});
			callbacks.lines(index, log);
			if (message !== null) {
				throw new SpokeError('ERR_SECOND_LEG', 'the node has no previous log', {text: message});
			}

			if (error) {
				throw await locateInterruption(cluster, new LogInterruptedError('the previous log was interrupted', error), signal);
			}

			return 'whole';
		} finally {
			open.close();
		}
	} catch (thrown) {
		if (!signal.aborted) {
			addNotice(fullMessage(toSpokeError(thrown)));
		}

		return wasRead ? 'part' : 'none';
	}
}
