/** Reads the logs of a tail into its buffer, also those of previous container instances, and measures how fast lines arrive. */
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {fullMessage} from '../../cluster/server-messages/unwrap-message.ts';
import {chooseContainer} from '../../cluster/targets/choose-container.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {listPods, toResolvedTarget} from '../../cluster/targets/resolve-pod.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {followLogs, logSource, selectContainers, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {readLineBlocks, readSilenceTimeoutMs} from '../../streams/logs/line-blocks.ts';
import {
	locateInterruption,
	LogInterruptedError,
	splitKubeletError,
	openLog,
	podOnNoNode,
	type PodLogOptions,
} from '../../streams/logs/open-log.ts';
import type {LogEvent} from '../../streams/logs/log-events.ts';
import {waitForApiserver} from '../../streams/logs/log-outage.ts';
import {wholeTail} from './line-buffer.ts';
import {JoinPoints, OlderLinesLoader} from './older-lines.ts';
import {TailEvents, type TailSink} from './tail-events.ts';
import {isUnreadable, noteContext, waitedMs} from './tail-sources.ts';
import {olderUnread, type SincePreset} from './tail-view.ts';

export type OpenTailCluster = {access: ClusterClient; observer: ConnectionObserver};

export type TailCluster = {
	/** Shown with each line; `null` if it is the only one. */
	context: string | null;
	/** @throws SpokeError */
	open(): Promise<OpenTailCluster>;
};

/** Of previous logs. `part`: the read of a log was interrupted. */
type ReadExtent = 'none' | 'part' | 'whole';

/** Shorter than the time between two frames. */
const gatherMs = 20;

/** Lines per container at the default start. */
const tailLines = 500;

const beginnings: Readonly<Record<SincePreset, PodLogOptions>> = {
	tail: {tailLines},
	head: {},
	'1m': {sinceSeconds: 60},
	'5m': {sinceSeconds: 300},
	'15m': {sinceSeconds: 900},
	'30m': {sinceSeconds: 1800},
	'1h': {sinceSeconds: 3600},
};

const previousLogEnds: Readonly<Record<ReadExtent, {note: string; text: string}>> = {
	none: {note: 'no previous log read', text: 'no previous log was read'},
	part: {note: 'previous log interrupted', text: 'the previous log was not read to its end'},
	whole: {note: 'previous log read', text: 'end of the previous log'},
};

export class TailReader {
	readonly older: OlderLinesLoader;
	readonly #tail: TailSink;
	readonly #clusters: readonly TailCluster[];
	readonly #open = new Map<string | null, OpenTailCluster>();
	readonly #abort = new AbortController();
	readonly #flow = new LineFlow();
	readonly #points = new JoinPoints();
	readonly #events: TailEvents;
	readonly #previousReads = new Set<ReadExtent>();

	constructor(tail: TailSink, clusters: readonly TailCluster[]) {
		this.#tail = tail;
		this.#clusters = clusters;
		this.#events = new TailEvents(tail, this.#flow, this.#points);
		this.older = new OlderLinesLoader(tail, this.#points, context => this.#open.get(context)!, this.#abort.signal);
	}

	/** Never throws: failures appear in the stream. */
	async run(): Promise<void> {
		const {previous} = this.#tail.view;
		const [error = null, ...others] = await Promise.all(this.#clusters.map(async cluster => this.#readCluster(cluster, previous)));
		if (this.#abort.signal.aborted) {
			return;
		}

		if (error !== null && others.length === 0) {
			this.#events.end('failed', {note: error.message, text: sanitizeLine(fullMessage(error))});
		} else if (error !== null && others.every(other => other !== null)) {
			this.#events.end('failed', {note: 'no cluster can be read', text: 'no cluster can be read'});
		} else if (previous) {
			// A log that is missing does not make the others incomplete.
			this.#events.end('ended', previousLogEnds[(['part', 'whole'] as const).find(read => this.#previousReads.has(read)) ?? 'none']);
		} else if (isUnreadable(this.#tail.view.sources)) {
			this.#events.end('failed', {note: 'no logs could be read', text: 'no logs could be read'});
		} else {
			this.#events.end('ended', {note: 'no pods left to follow', text: 'tail ended: no more lines will arrive'});
		}
	}

	stop(): void {
		this.#abort.abort();
		this.#events.flush();
	}

	/** Returns the number of received lines, including backlog. */
	tick(): number {
		const now = Date.now();
		const {inflow, rate} = this.#flow.tick(now);
		const {view} = this.#tail;
		const to = {
			older: this.#isWhole(now) ? {...olderUnread, phase: 'none' as const} : view.older,
			rate,
			catchingUpAt: this.#flow.catchingUpAt(now),
			quietMs: this.#flow.quietMs(now),
			waitedMs: waitedMs(view, now),
		};
		if ((Object.keys(to) as Array<keyof typeof to>).some(name => to[name] !== view[name])) {
			this.#tail.view = {...view, ...to};
		}

		return inflow;
	}

	/** Resolves to the failure that ended it. That of one of several clusters stops no other. */
	async #readCluster({context, open}: TailCluster, previous: boolean): Promise<SpokeError | null> {
		const {signal} = this.#abort;
		try {
			const opened = await open();
			if (context !== null) {
				// Waits while it is down. Throws what waiting does not fix.
				for await (const event of waitForApiserver(opened.access, signal)) {
					this.#tail.view = noteContext(this.#tail.view, context, {isRead: event.type === 'apiserver-reached'});
					this.#events.reportEvent(event, context);
				}
			}

			this.#open.set(context, opened);
			const targets = await this.#tail.request.targets(opened.access, signal);
			await (previous ? this.#readPrevious(opened, targets, context) : this.#follow(opened, targets, context));
			return null;
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (context !== null && !signal.aborted) {
				this.#tail.view = noteContext(this.#tail.view, context, {isRead: false});
				this.#events.sortNotice(wholeTail, sanitizeLine(`${context}: ${fullMessage(error)}`));
			}

			return error;
		}
	}

	/** True when nothing older exists. */
	#isWhole(now: number): boolean {
		const {since, older, sources} = this.#tail.view;
		return (
			this.#open.size === this.#clusters.length &&
			since === 'tail' &&
			older.phase === 'unread' &&
			older.note === '' &&
			sources.every((_, index) => this.#flow.isPastBacklog(index, now)) &&
			this.#points.hadFewer(tailLines, sources.length)
		);
	}

	async #follow({access, observer}: OpenTailCluster, targets: FollowTargets, context: string | null): Promise<void> {
		const {
			request: {target: asked, containers},
			view: {since},
		} = this.#tail;
		const {signal} = this.#abort;
		for await (const event of followLogs(access, targets, {
			asked,
			containers,
			start: beginnings[since],
			startTimeoutMs: 0,
			gatherMs,
			observer,
			signal,
		})) {
			if (signal.aborted) {
				return;
			}

			this.#events.take(context === null ? event : withContext(event, context));
		}
	}

	/**
	A missing log becomes a notice. Emits nothing after `stop`.
	@throws SpokeError when the pods cannot be listed, or none has the named container
	*/
	async #readPrevious(cluster: OpenTailCluster, targets: FollowTargets, context: string | null): Promise<void> {
		const {containers} = this.#tail.request;
		const {signal} = this.#abort;
		const pods = targets.kind === 'pods' ? targets.pods : await listPods(cluster.access, targets.scope, signal);
		const [first] = pods;
		if (first && containers.kind === 'named' && pods.every(pod => selectContainers(pod, containers).length === 0)) {
			// Throws the error that names the containers.
			chooseContainer(first, containers.name, {unknownAnnotation: 'go-on'});
		}

		for (const pod of pods) {
			for (const container of selectContainers(pod, containers)) {
				this.#previousReads.add(await this.#readPreviousLog(cluster, {pod, container, chosenFrom: pods.length}, context));
				if (signal.aborted) {
					return;
				}
			}
		}
	}

	async #readPreviousLog(
		{access, observer}: OpenTailCluster,
		{pod, container, chosenFrom}: {pod: PodObject; container: string; chosenFrom: number},
		context: string | null,
	): Promise<ReadExtent> {
		const {signal} = this.#abort;
		const source = logSource(pod, container);
		const index = this.#events.indexOf(context === null ? source : {...source, context});
		const addNotice = (text: string) => {
			const named = `${pod.metadata.name}/${container}: ${sanitizeLine(text)}`;
			this.#events.sortNotice(index, context === null ? named : `${sanitizeLine(context)}: ${named}`);
		};

		const putLines = (block: Buffer) => {
			this.#events.putLines(index, block);
			this.#tail.changed();
		};

		let wasRead = false;
		try {
			const target = toResolvedTarget(this.#tail.request.target, pod, chosenFrom, container);
			const open = await openLog(access, source, {previous: true, timestamps: true}, {target, observer, signal});
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
						putLines(block);
					},
					{silenceTimeoutMs: readSilenceTimeoutMs},
				);
				signal.throwIfAborted();
				const {log, message} = splitKubeletError(remainder, {follows: false});
				putLines(log);
				if (message !== null) {
					throw new SpokeError('ERR_SECOND_LEG', 'the node has no previous log', {text: message});
				}

				if (error) {
					throw await locateInterruption(access, new LogInterruptedError('the previous log was interrupted', error), signal);
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
}

function withContext(event: LogEvent, context: string): LogEvent {
	return 'source' in event ? {...event, source: {...event.source, context}} : {...event, context};
}

/** The backlog has arrived by then. */
const backlogMs = 2000;

/** A log whose lines are older than this, since it was opened without a pause, is still sending its backlog. */
const backlogAgeMs = 30_000;

/** A backlog arrives without pauses of this length. */
const pauseMs = 1000;

/** A rate is shown once a source has been live for this long. */
const settledMs = 1000;

/** Seconds that a rate covers. */
const averagedSeconds = 5;

/** The rate of live lines, and which logs still send their backlog. */
export class LineFlow {
	/** When the lines of a source become live. */
	readonly #liveFrom = new Map<number, number>();
	readonly #lastAt = new Map<number, number>();
	/** Time of the last line of each source that sends its backlog. */
	readonly #backlogAt = new Map<number, number>();
	#arrived = 0;
	#live = 0;
	#rates: readonly number[] = [];

	recordOpened(source: number, now: number): void {
		this.#liveFrom.set(source, now + backlogMs);
		this.#lastAt.set(source, now);
		this.#backlogAt.set(source, 0);
	}

	quietSince(source: number): number | null {
		return this.#lastAt.get(source) ?? null;
	}

	/** `lineTime`: of the last line; `null` if it has no timestamp. */
	recordLines(source: number, count: number, now: number, lineTime: number | null = null): void {
		const from = this.#liveFrom.get(source) ?? now + backlogMs;
		if (lineTime === null || now - lineTime < backlogAgeMs) {
			this.#backlogAt.delete(source);
		} else if (this.#backlogAt.has(source) || !this.#liveFrom.has(source)) {
			this.#backlogAt.set(source, lineTime);
		}

		this.#liveFrom.set(source, from);
		this.#lastAt.set(source, now);
		this.#arrived += count;
		this.#live += now > from && !this.#backlogAt.has(source) ? count : 0;
	}

	isPastBacklog(source: number, now: number): boolean {
		return now > (this.#liveFrom.get(source) ?? Infinity);
	}

	/** Time without a line from any source; `null` before the first line. */
	quietMs(now: number): number | null {
		return this.#lastAt.size === 0 ? null : Math.max(0, now - Math.max(...this.#lastAt.values()));
	}

	/** The time of the oldest of the last lines, if logs send their backlog, else `null`. A pause ends a backlog. */
	catchingUpAt(now: number): number | null {
		for (const source of this.#backlogAt.keys()) {
			if (now - this.#lastAt.get(source)! > pauseMs) {
				this.#backlogAt.delete(source);
			}
		}

		const times = [...this.#backlogAt].flatMap(([source, time]) => (time > 0 && this.isPastBacklog(source, now) ? [time] : []));
		return times.length === 0 ? null : Math.min(...times);
	}

	/** Called once per second. */
	tick(now: number): {inflow: number; rate: number | null} {
		const inflow = this.#arrived;
		const isLive = [...this.#liveFrom].some(([source, from]) => now > from + settledMs && !this.#backlogAt.has(source));
		this.#rates = isLive ? [...this.#rates.slice(1 - averagedSeconds), this.#live] : [];
		this.#arrived = 0;
		this.#live = 0;
		return {inflow, rate: this.#rates.length === 0 ? null : this.#rates.reduce((sum, count) => sum + count, 0) / this.#rates.length};
	}
}
