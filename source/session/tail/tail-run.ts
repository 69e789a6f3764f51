/** One tail: request, reader and row of the connection list. Its view is in the state. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import {followLogs, type ContainerSelection, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import type {PodLogOptions} from '../../streams/logs/open-log.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {ConnectionEntry} from '../frame/connection-list.ts';
import type {Session} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';
import {describeActivity, describePods} from './describe-tail.ts';
import type {LineRemap} from './insert-lines.ts';
import {chooseJson} from './json-lines.ts';
import {wholeTail} from './line-buffer.ts';
import {OlderLinesLoader} from './older-lines-loader.ts';
import {combineExtents, previousLogEnd, type ReadExtent, readPreviousLogs} from './load-older-lines.ts';
import {eventOf, TailClusters, type OpenTailCluster, type TailCluster} from './tail-targets.ts';
import {TailEvents, type TailSink} from './tail-events.ts';
import {isUnreadable, noteContext, waitedMs} from './tail-sources.ts';
import {emptyTail, olderUnread, podCount, restartTail, type SincePreset, type TailView} from './tail-view.ts';

export type TailRequest = {
	title: string;
	target: string;
	/** `null` for a selector, several targets or several clusters. */
	onlyTarget: string | null;
	containers: ContainerSelection;
	targets(cluster: ClusterClient, signal: AbortSignal): Promise<FollowTargets>;
};

export type TrackedLine = {readonly number: number; readonly hasMoved: boolean; release(): void};

/** Time to find matches again. */
const rescanMs = 200;

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

const connectionPhase: Readonly<Record<TailView['phase'], ConnectionEntry['phase']>> = {
	opening: 'working',
	following: 'open',
	waiting: 'working',
	ended: 'stopped',
	failed: 'failed',
};

export class TailRun implements TailSink {
	readonly id: string;
	request: TailRequest;
	/** Equal keys show the open tail instead of a new one. */
	key = '';
	/** Lines per second, including backlog. */
	inflow = 0;
	readonly #onMoved = new Set<(moved: LineRemap) => void>();
	readonly #store: Store;
	readonly #clusters: readonly TailCluster[];
	#reader: TailReader | null = null;

	constructor(id: string, request: TailRequest, {store, clusters}: {store: Store; clusters: readonly TailCluster[]}) {
		this.id = id;
		this.request = request;
		this.#store = store;
		this.#clusters = clusters;
	}

	/** Empty after the tail was closed. */
	get view(): TailView {
		return this.#store.state.tails.get(this.id) ?? emptyTail(this.id, this.request.title);
	}

	set view(view: TailView) {
		this.#store.dispatch({type: 'tail', view});
	}

	changed(): void {
		this.view = {...chooseJson(this.view)};
		showTailFailure(this.#store, this);
	}

	start(since: SincePreset, previous = false): void {
		this.stop();
		this.view.buffer.clear();
		this.view = restartTail(this.view, since, {previous, now: Date.now()});
		this.#reader = new TailReader(this, this.#clusters);
		void this.#reader.run();
		this.changed();
	}

	stop(): void {
		this.#reader?.stop();
	}

	tick(): void {
		this.inflow = this.#reader?.tick() ?? 0;
	}

	scan(budgetMs: number): boolean {
		const {searchIndex, shownIndex, buffer} = this.view;
		const isDone = searchIndex?.advance(buffer, budgetMs) ?? true;
		return (shownIndex?.advance(buffer, budgetMs) ?? true) && isDone;
	}

	/** Approximate lines per log, `null` for all. */
	async loadOlder(maxLines: number | null): Promise<void> {
		await this.#reader?.loadOlder(maxLines);
	}

	mark(text: string): void {
		this.view.buffer.append(wholeTail, Date.now(), 0, 'mark', Buffer.from(text));
		this.changed();
	}

	/** `number` stays that of the same line until `release`. */
	trackLine(number: number): TrackedLine {
		const move = (to: LineRemap) => {
			tracked.number = to(tracked.number);
			tracked.hasMoved = true;
		};

		const tracked = {number, hasMoved: false, release: () => void this.#onMoved.delete(move)};
		this.#onMoved.add(move);
		return tracked;
	}

	remapLines(moved: LineRemap): void {
		this.#store.dispatch({type: 'lines-moved', id: this.id, moved});
		for (const remap of this.#onMoved) {
			remap(moved);
		}

		this.scan(rescanMs);
	}
}

/** Reads the logs of a tail into its buffer. */
class TailReader {
	readonly #tail: TailSink;
	readonly #clusters: TailClusters;
	readonly #abort = new AbortController();
	readonly #events: TailEvents;
	readonly #older: OlderLinesLoader;
	#previousRead: ReadExtent = 'none';

	constructor(tail: TailSink, clusters: readonly TailCluster[]) {
		this.#tail = tail;
		this.#clusters = new TailClusters(clusters);
		this.#events = new TailEvents(tail);
		this.#older = new OlderLinesLoader(tail, this.#clusters, this.#events.points, this.#abort.signal);
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
			this.#events.end('failed', {note: error.message, text: sanitizeLine(fullMessage(error))});
		} else if (error !== null && others.every(other => other !== null)) {
			this.#events.end('failed', {note: 'no cluster can be read', text: 'no cluster can be read'});
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
					this.#events.reportEvent(event, name);
				},
			});
			const targets = await this.#tail.request.targets(open.access, signal);
			await (previous ? this.#readPrevious(open, targets, context) : this.#follow(open, targets, context));
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

	stop(): void {
		this.#abort.abort();
		this.#events.flush();
	}

	async loadOlder(maxLines: number | null): Promise<void> {
		await this.#older.load(maxLines);
	}

	/** Returns the number of received lines, including backlog. */
	tick(): number {
		const now = Date.now();
		const {flow, clocks} = this.#events;
		const {inflow, rate} = flow.tick(now);
		const quietMs = flow.quietMs(now);
		const catchingUpAt = flow.catchingUpAt(now);
		const skews = clocks.skews();
		const {view} = this.#tail;
		const older = this.#isWhole(now) ? {...olderUnread, phase: 'none' as const} : view.older;
		const waited = waitedMs(view, now);
		if (
			older !== view.older ||
			rate !== view.rate ||
			catchingUpAt !== view.catchingUpAt ||
			quietMs !== view.quietMs ||
			waited !== view.waitedMs ||
			skews.length > 0 ||
			view.skews.length > 0
		) {
			this.#tail.view = {...view, older, rate, catchingUpAt, quietMs, waitedMs: waited, skews};
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
			sources.every((_, index) => this.#events.flow.isPastBacklog(index, now)) &&
			this.#events.points.hadFewer(tailLines, sources.length)
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

			this.#events.take(eventOf(event, context));
		}
	}

	async #readPrevious({access, observer}: OpenTailCluster, targets: FollowTargets, context: string | null): Promise<void> {
		const read = await readPreviousLogs(
			access,
			targets,
			{request: this.#tail.request, observer, signal: this.#abort.signal},
			{
				source: source => this.#events.indexOf(context === null ? source : {...source, context}),
				lines: (index, block) => {
					this.#events.putLines(index, block);
					this.#tail.changed();
				},
				notice: (index, text) => {
					this.#events.sortNotice(index, context === null ? text : `${sanitizeLine(context)}: ${text}`);
				},
			},
		);
		this.#previousRead = combineExtents(this.#previousRead, read);
	}

	#close(previous: boolean): void {
		if (previous) {
			this.#events.end('ended', previousLogEnd(this.#previousRead));
		} else if (isUnreadable(this.#tail.view.sources)) {
			this.#events.end('failed', {note: 'no logs could be read', text: 'no logs could be read'});
		} else {
			this.#events.end('ended', {note: 'no pods left to follow', text: 'tail ended: no more lines will arrive'});
		}
	}
}

export function tickTails(session: Pick<Session, 'store' | 'work'>): void {
	const listed = new Set(session.store.state.connections.map(({id}) => id));
	for (const {id, run} of session.work.list('tail')) {
		if (!listed.has(id)) {
			void session.work.end(id);
			continue;
		}

		run.tick();
		emitConnections(session.store, run, () => rowOf(run));
		session.store.dispatch({type: 'connections', event: {type: 'sample', id, value: run.view.rate ?? 0}});
	}
}

/** A failure changes the available keys. */
function showTailFailure(store: Store, tail: TailRun): void {
	emitConnections(store, tail, ({phase}) => ((phase === 'failed') === (tail.view.phase === 'failed') ? null : rowOf(tail)));
}

function emitConnections(store: Store, {id}: TailRun, changed: (entry: ConnectionEntry) => Partial<ConnectionEntry> | null): void {
	const entry = store.state.connections.find(one => one.id === id);
	const to = entry === undefined ? null : changed(entry);
	if (to !== null) {
		store.dispatch({type: 'connections', event: {type: 'change', id, to}});
	}
}

function rowOf({request, view}: TailRun): Partial<ConnectionEntry> {
	const {phase, sources} = view;
	const activity = describeActivity(view);
	return {
		what: podCount(sources) > 1 ? `${request.title}, ${describePods(sources)}` : request.title,
		phase: connectionPhase[phase],
		note: phase === 'following' ? '' : activity || phase,
		figures: phase === 'following' ? activity : '',
	};
}
