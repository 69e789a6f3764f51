/** Reads the logs of a tail into its buffer. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {followLogs, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {timestampLength, timestampMilliseconds} from '../../streams/logs/line-timestamp.ts';
import {logKey, type LogEvent, type LogSource} from '../../streams/logs/log-events.ts';
import type {PodLogOptions} from '../../streams/logs/pod-log-options.ts';
import {ClockSkew} from './clock-skew.ts';
import type {LineRemap} from './insert-lines.ts';
import {levelOf} from '../../lines/line-level.ts';
import {LineFlow} from './line-flow.ts';
import {asTailSource} from './tail-source.ts';
import {changeSource, countUp, isUnreadable, podGone, sourcesOf, waitedMs, withSource} from './tail-sources.ts';
import {clampToBuffer, olderUnread, type SincePreset, type TailView} from './tail-view.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {insertLateLines} from './insert-late-lines.ts';
import {LineSorter} from './line-sorter.ts';
import {readPreviousLogs} from './previous-logs.ts';
import {OlderLinesLoader} from './older-lines-loader.ts';
import {JoinPoints} from './load-older-lines.ts';
import {tailLine, tailNotice} from './tail-notices.ts';
import type {TailRequest} from './tail-run.ts';

export type TailSink = {
	readonly ask: TailRequest;
	view: TailView;
	changed(): void;
	tellMoved(moved: LineRemap): void;
};

export type TailContext = {cluster: ClusterClient; observer: ConnectionObserver};

type SourceEvent = Extract<LogEvent, {source: LogSource}>;
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

/** Stands for the whole tail. */
const ofTail = -1;

export class TailReader {
	readonly #tail: TailSink;
	readonly #means: TailContext;
	readonly #abort = new AbortController();
	readonly #indexes = new Map<string, number>();
	readonly #points = new JoinPoints();
	readonly #clocks = new ClockSkew();
	readonly #flow = new LineFlow();
	readonly #order: LineSorter;
	readonly #older: OlderLinesLoader;
	/** JSON lines since the counters of the view. */
	#json = 0;

	constructor(tail: TailSink, means: TailContext) {
		this.#tail = tail;
		this.#means = means;
		this.#order = this.#makeOrder();
		this.#older = new OlderLinesLoader(tail, means, this.#points, this.#abort.signal);
	}

	/** Never throws: failures appear in the stream. */
	async run(): Promise<void> {
		const {signal} = this.#abort;
		const {previous} = this.#tail.view;
		try {
			const targets = await this.#tail.ask.targets(signal);
			await (previous ? this.#readBefore(targets, signal) : this.#follow(targets, signal));
			if (!signal.aborted) {
				this.#close(previous);
			}
		} catch (thrown) {
			if (!signal.aborted) {
				const error = toSpokeError(thrown);
				this.#end('failed', {note: error.message, text: sanitizeLine(fullMessage(error))});
			}
		}
	}

	stop(): void {
		this.#abort.abort();
		this.#order.flushAll();
	}

	async loadOlder(most: number | null): Promise<void> {
		await this.#older.load(most);
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
			since === 'tail' &&
			older.phase === 'unread' &&
			older.note === '' &&
			sources.every((_, index) => this.#flow.isPastBacklog(index, now)) &&
			this.#points.hadFewer(tailLines, sources.length)
		);
	}

	async #follow(targets: FollowTargets, signal: AbortSignal): Promise<void> {
		const {
			ask: {asked, containers},
			view: {since},
		} = this.#tail;
		for await (const event of followLogs(this.#means.cluster, targets, {
			asked,
			containers,
			start: beginnings[since],
			startTimeoutMs: 0,
			gatherMs,
			observer: this.#means.observer,
			signal,
		})) {
			if (signal.aborted) {
				return;
			}

			this.#take(event);
		}
	}

	async #readBefore(targets: FollowTargets, signal: AbortSignal): Promise<void> {
		const {cluster, observer} = this.#means;
		await readPreviousLogs(
			cluster,
			targets,
			{ask: this.#tail.ask, observer, signal},
			{
				source: source => this.#indexOf(source),
				lines: (index, block) => {
					this.#putLines(index, block);
					this.#tail.changed();
				},
				notice: (index, text) => {
					this.#sayInOrder(index, text);
				},
			},
		);
	}

	#close(previous: boolean): void {
		if (previous) {
			this.#end('ended', {note: 'previous log read', text: 'end of the previous log'});
		} else if (isUnreadable(this.#tail.view.sources)) {
			this.#end('failed', {note: 'no logs could be read', text: 'no logs could be read'});
		} else {
			this.#end('ended', {note: 'no pods left to follow', text: 'tail ended: no more lines will arrive'});
		}
	}

	#end(phase: 'ended' | 'failed', {note, text}: {note: string; text: string}): void {
		this.#order.flushAll();
		this.#tail.view = {...this.#tail.view, phase, note};
		this.#say(ofTail, text);
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

	#takeChange(event: Exclude<SourceEvent, LinesEvent>): void {
		const index = this.#indexOf(event.source);
		if (event.type === 'resumed' || event.type === 'opened') {
			this.#flow.opened(index, Date.now());
		} else if (event.type === 'restarted' || event.type === 'gap') {
			this.#points.close(index);
		}

		const {view} = this.#tail;
		const {short, state} = view.sources[index]!;
		const wasTold = sourcesOf(view, event.source).some(({isGone}) => isGone);
		const {text, counters = {}, source} = tailNotice(event, view.sources.length > 1 ? short : '', state);
		this.#tail.view = countUp(
			changeSource(view, index, {since: this.#since(event, index, view), ...source, node: event.source.node}),
			counters,
		);

		// Report a deleted pod once, not once per container.
		if (text !== null && !(source.isGone && wasTold)) {
			this.#sayInOrder(index, text);
		}
	}

	#since({type}: SourceEvent, index: number, view: TailView): number | null {
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

	#takePods(event: Exclude<LogEvent, SourceEvent>): void {
		const {
			view,
			ask: {asked},
		} = this.#tail;
		if (event.type === 'no-pods') {
			this.#takeNoPods(event, asked);
		} else if (event.type === 'pod-gone') {
			this.#takeGone(event);
		} else if (view.buffer.end > 0) {
			this.#sayOfTail(event, event.pod, ' from the first line');
		}
	}

	#takeNoPods(event: LogEvent, asked: string): void {
		if (isUnreadable(this.#tail.view.sources)) {
			this.#end('failed', {note: 'no logs can be read', text: 'no logs can be read now; new pods will be followed'});
			return;
		}

		this.#tail.view = {
			...this.#tail.view,
			phase: 'waiting',
			note: `${this.#tail.view.sources.length === 0 ? 'No pods yet' : 'No pods now'}. New pods of ${asked} will be followed when they appear.`,
		};
		this.#sayOfTail(event, '');
	}

	/** Containers that are still followed report it themselves. */
	#takeGone(event: Extract<LogEvent, {type: 'pod-appeared' | 'pod-gone'}>): void {
		const {view} = this.#tail;
		if (sourcesOf(view, event).every(({state, isGone}) => state === 'ended' && !isGone)) {
			this.#tail.view = podGone(view, event);
			if (view.buffer.end > 0) {
				this.#sayOfTail(event, event.pod);
			}
		}
	}

	#sayOfTail(event: LogEvent, who: string, more = ''): void {
		const text = tailLine(event, who);
		if (text !== null) {
			this.#sayInOrder(ofTail, `${text}${more}`);
		}
	}

	#sayInOrder(source: number, text: string): void {
		this.#order.notice(source, () => {
			this.#say(source, text);
		});
	}

	#say(source: number, text: string): void {
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
		const count = this.#order.lines(index, bytes);
		this.#countLines();
		return count;
	}

	#countLines(): void {
		const view = clampToBuffer(this.#tail.view);
		this.#tail.view = this.#json === 0 ? view : countUp(view, {json: this.#json});
		this.#json = 0;
	}

	#makeOrder(): LineSorter {
		const tail = this.#tail;
		return new LineSorter({
			put: (source, time, late, bytes, from, to) => {
				const {view} = tail;
				view.buffer.append(source, time, levelOf(bytes, from, to), 'text', bytes, late, from, to);
				this.#json += view.json && bytes[from] === 0x7b ? 1 : 0;
			},
			insert(lines) {
				tail.tellMoved(insertLateLines(tail.view.buffer, lines));
			},
			settled: () => {
				this.#countLines();
				tail.changed();
			},
		});
	}
}

/** Use only the last line of a live block: backlog lines arrive later than they were written. */
function noteClock(clocks: ClockSkew, {node}: LogSource, block: Buffer, now: number): void {
	const at = block.lastIndexOf(0x0a, block.length - 2) + 1;
	const length = timestampLength(block, at);
	if (node !== null && length > 0) {
		clocks.note(node, timestampMilliseconds(block, at, length), now);
	}
}
