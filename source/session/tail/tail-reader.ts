/** Reads the logs of a tail into its buffer. */
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import {followLogs, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {logKey, type LogEvent, type LogSource} from '../../streams/logs/log-events.ts';
import type {PodLogOptions} from '../../streams/logs/pod-log-options.ts';
import {ClockSkew, noteClock} from './clock-skew.ts';
import type {LineRemap} from './insert-lines.ts';
import {levelOf} from '../../lines/line-level.ts';
import {wholeTail} from './line-buffer.ts';
import {LineFlow} from './line-flow.ts';
import {eventOf, TailClusters, type OpenTailCluster, type TailCluster} from './tail-clusters.ts';
import {asTailSource, sourceName} from './tail-source.ts';
import {changeSource, countUp, isUnreadable, noteContext, podGone, sourcesOf, waitedMs, withSource} from './tail-sources.ts';
import {clampToBuffer, olderUnread, type SincePreset, type TailView} from './tail-view.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {insertLateLines} from './insert-late-lines.ts';
import {LineSorter} from './line-sorter.ts';
import {combineExtents, previousLogEnd, type ReadExtent, readPreviousLogs} from './previous-logs.ts';
import {OlderLinesLoader} from './older-lines-loader.ts';
import {JoinPoints} from './load-older-lines.ts';
import {tailLine, tailNotice, type SourceChangeEvent} from './tail-notices.ts';
import type {TailRequest} from './tail-run.ts';

export type TailSink = {
	readonly request: TailRequest;
	view: TailView;
	changed(): void;
	remapLines(moved: LineRemap): void;
};

type LinesEvent = Extract<LogEvent, {type: 'lines'}>;

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

export class TailReader {
	readonly #tail: TailSink;
	readonly #clusters: TailClusters;
	readonly #abort = new AbortController();
	readonly #indexes = new Map<string, number>();
	readonly #points = new JoinPoints();
	readonly #clocks = new ClockSkew();
	readonly #flow = new LineFlow();
	readonly #sorter: LineSorter;
	readonly #older: OlderLinesLoader;
	/** JSON lines since the counters of the view. */
	#json = 0;
	#previousRead: ReadExtent = 'none';

	constructor(tail: TailSink, clusters: readonly TailCluster[]) {
		this.#tail = tail;
		this.#clusters = new TailClusters(clusters);
		this.#sorter = this.#createSorter();
		this.#older = new OlderLinesLoader(tail, this.#clusters, this.#points, this.#abort.signal);
	}

	/** Never throws: failures appear in the stream. */
	async run(): Promise<void> {
		const {previous} = this.#tail.view;
		const reads = this.#clusters.all.map(async cluster => this.#readCluster(cluster, previous));
		const [error = null, ...others] = await Promise.all(reads);
		if (this.#abort.signal.aborted) {
			return;
		}

		if (error !== null && others.length === 0) {
			this.#end('failed', {note: error.message, text: sanitizeLine(fullMessage(error))});
		} else if (error !== null && others.every(other => other !== null)) {
			this.#end('failed', {note: 'no cluster can be read', text: 'no cluster can be read'});
		} else {
			this.#close(previous);
		}
	}

	/** Resolves to the failure that ended it. That of one of several clusters stops no other. */
	async #readCluster(cluster: TailCluster, previous: boolean): Promise<SpokeError | null> {
		const {signal} = this.#abort;
		const {context} = cluster;
		try {
			const open = await this.#clusters.open(cluster, {
				signal,
				onEvent: (event, name) => {
					this.#tail.view = noteContext(this.#tail.view, name, {isRead: event.type === 'apiserver-reached'});
					this.#reportEvent(event, name);
				},
			});
			const targets = await this.#tail.request.targets(open.access, signal);
			await (previous ? this.#readPrevious(open, targets, context) : this.#follow(open, targets, context));
			return null;
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (context !== null && !signal.aborted) {
				this.#tail.view = noteContext(this.#tail.view, context, {isRead: false});
				this.#sortNotice(wholeTail, sanitizeLine(`${context}: ${fullMessage(error)}`));
			}

			return error;
		}
	}

	stop(): void {
		this.#abort.abort();
		this.#sorter.flushAll();
	}

	async loadOlder(maxLines: number | null): Promise<void> {
		await this.#older.load(maxLines);
	}

	/** Returns the number of received lines, including backlog. */
	tick(): number {
		const now = Date.now();
		const {inflow, rate} = this.#flow.tick(now);
		const quietMs = this.#flow.quietMs(now);
		const skews = this.#clocks.skews();
		const {view} = this.#tail;
		const older = this.#isWhole(now) ? {...olderUnread, phase: 'none' as const} : view.older;
		const waited = waitedMs(view, now);
		if (
			older !== view.older ||
			rate !== view.rate ||
			quietMs !== view.quietMs ||
			waited !== view.waitedMs ||
			skews.length > 0 ||
			view.skews.length > 0
		) {
			this.#tail.view = {...view, older, rate, quietMs, waitedMs: waited, skews};
		}

		return inflow;
	}

	#isWhole(now: number): boolean {
		const {since, older, sources} = this.#tail.view;
		return (
			this.#clusters.areOpen &&
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

			this.#take(eventOf(event, context));
		}
	}

	async #readPrevious({access, observer}: OpenTailCluster, targets: FollowTargets, context: string | null): Promise<void> {
		const read = await readPreviousLogs(
			access,
			targets,
			{request: this.#tail.request, observer, signal: this.#abort.signal},
			{
				source: source => this.#indexOf(context === null ? source : {...source, context}),
				lines: (index, block) => {
					this.#putLines(index, block);
					this.#tail.changed();
				},
				notice: (index, text) => {
					this.#sortNotice(index, context === null ? text : `${sanitizeLine(context)}: ${text}`);
				},
			},
		);
		this.#previousRead = combineExtents(this.#previousRead, read);
	}

	#close(previous: boolean): void {
		if (previous) {
			this.#end('ended', previousLogEnd(this.#previousRead));
		} else if (isUnreadable(this.#tail.view.sources)) {
			this.#end('failed', {note: 'no logs could be read', text: 'no logs could be read'});
		} else {
			this.#end('ended', {note: 'no pods left to follow', text: 'tail ended: no more lines will arrive'});
		}
	}

	#end(phase: 'ended' | 'failed', {note, text}: {note: string; text: string}): void {
		this.#sorter.flushAll();
		this.#tail.view = {...this.#tail.view, phase, note};
		this.#appendNotice(wholeTail, text);
	}

	#take(event: LogEvent): void {
		if (!('source' in event)) {
			this.#takePods(event);
		} else if (event.type === 'lines') {
			this.#takeLines(event);
		} else {
			this.#takeChange(event);
		}

		this.#tail.changed();
	}

	#takeLines({source, bytes}: LinesEvent): void {
		const index = this.#indexOf(source);
		const count = this.#putLines(index, bytes);
		const now = Date.now();
		this.#points.note(index, source, bytes, count);
		if (this.#flow.came(index, count, now)) {
			noteClock(this.#clocks, source, bytes, now);
		}

		const view = changeSource(this.#tail.view, index, {state: 'open', note: '', since: null});
		this.#tail.view = view.quietMs === 0 ? view : {...view, quietMs: 0};
	}

	#takeChange(event: SourceChangeEvent): void {
		const index = this.#indexOf(event.source);
		if (event.type === 'resumed' || event.type === 'opened') {
			this.#flow.opened(index, Date.now());
		} else if (event.type === 'restarted' || event.type === 'gap') {
			this.#points.close(index);
		}

		const {view} = this.#tail;
		const own = view.sources[index]!;
		const wasReported = sourcesOf(view, event.source).some(({isGone}) => isGone);
		const {
			text,
			counters = {},
			source,
		} = tailNotice(event, view.sources.length > 1 || own.context !== null ? sourceName(own) : '', own.state);
		this.#tail.view = countUp(
			changeSource(view, index, {since: this.#since(event, index, view), ...source, node: event.source.node}),
			counters,
		);

		// Report a deleted pod once, not once per container.
		if (text !== null && !(source.isGone && wasReported)) {
			this.#sortNotice(index, text);
		}
	}

	#since({type}: SourceChangeEvent, index: number, view: TailView): number | null {
		switch (type) {
			case 'asking': {
				return view.sources[index]!.since ?? Date.now();
			}

			case 'checking': {
				return this.#flow.quietSince(index);
			}

			case 'gap':
			case 'server-said': {
				return view.sources[index]!.since ?? null;
			}

			default: {
				return null;
			}
		}
	}

	#takePods(event: Exclude<LogEvent, {source: LogSource}>): void {
		if (event.type === 'pod-gone') {
			this.#takeGone(event);
		} else if (event.type === 'no-pods') {
			this.#takeNoPods(event);
		} else if (event.type === 'pod-appeared' && this.#tail.view.buffer.end > 0) {
			this.#reportEvent(event, event.pod, ' from the first line');
		}
	}

	#takeNoPods(event: Extract<LogEvent, {type: 'no-pods'}>): void {
		const {
			view,
			request: {target},
		} = this.#tail;
		const {context} = event;
		if (context !== undefined && view.sources.some(({state}) => state !== 'ended')) {
			this.#reportEvent(event, context);
			return;
		}

		if (isUnreadable(view.sources)) {
			this.#end('failed', {note: 'no logs can be read', text: 'no logs can be read now; new pods will be followed'});
			return;
		}

		this.#tail.view = {
			...view,
			phase: 'waiting',
			note: `${view.sources.length === 0 ? 'No pods yet' : 'No pods now'}. New pods of ${target} will be followed when they appear.`,
		};
		this.#reportEvent(event, context ?? '');
	}

	/** Containers that are still followed report it themselves. */
	#takeGone(event: Extract<LogEvent, {type: 'pod-appeared' | 'pod-gone'}>): void {
		const {view} = this.#tail;
		if (sourcesOf(view, event).every(({state, isGone}) => state === 'ended' && !isGone)) {
			this.#tail.view = podGone(view, event);
			if (view.buffer.end > 0) {
				this.#reportEvent(event, event.pod);
			}
		}
	}

	#reportEvent(event: LogEvent, who: string, more = ''): void {
		const text = tailLine(event, who);
		if (text !== null) {
			this.#sortNotice(wholeTail, `${text}${more}`);
		}
	}

	#sortNotice(source: number, text: string): void {
		this.#sorter.notice(source, () => {
			this.#appendNotice(source, text);
		});
	}

	#appendNotice(source: number, text: string): void {
		this.#tail.view.buffer.append(source, Date.now(), 0, 'notice', Buffer.from(text));
		this.#tail.changed();
	}

	#indexOf(source: LogSource): number {
		const key = logKey(source);
		const known = this.#indexes.get(key);
		if (known !== undefined) {
			return known;
		}

		const index = this.#indexes.size;
		this.#indexes.set(key, index);
		this.#tail.view = withSource(this.#tail.view, asTailSource(source));
		return index;
	}

	/** Returns the number of lines. */
	#putLines(index: number, bytes: Buffer): number {
		const count = this.#sorter.lines(index, bytes);
		this.#countLines();
		return count;
	}

	#countLines(): void {
		const view = clampToBuffer(this.#tail.view);
		this.#tail.view = this.#json === 0 ? view : countUp(view, {json: this.#json});
		this.#json = 0;
	}

	#createSorter(): LineSorter {
		const tail = this.#tail;
		return new LineSorter({
			put: (source, time, late, bytes, from, to) => {
				const {view} = tail;
				view.buffer.append(source, time, levelOf(bytes, from, to), 'text', bytes, late, from, to);
				this.#json += view.json && bytes[from] === 0x7b ? 1 : 0;
			},
			insert(lines) {
				tail.remapLines(insertLateLines(tail.view.buffer, lines));
			},
			settled: () => {
				this.#countLines();
				tail.changed();
			},
		});
	}
}
