/** Runs one tail: follows the logs, puts the lines into its buffer in the order of their times, and keeps its view. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {asSpokeError} from '../errors/spoke-error.ts';
import {wholeFailure} from '../failures/whole-failure.ts';
import type {ConnectionWitness} from '../sessions/connection-witness.ts';
import type {LogEvent, LogSource} from '../sessions/logs/log-events.ts';
import {followLogs, type ContainerChoice, type FollowTargets} from '../sessions/logs/follow-logs.ts';
import type {LogRead} from '../sessions/logs/log-read.ts';
import {stampLength, stampMilliseconds} from '../sessions/logs/line-stamp.ts';
import type {Moved} from '../state/tail/insert-lines.ts';
import {ClockSkew} from '../state/tail/clock-skew.ts';
import {countJsonLines} from '../state/tail/json-fields.ts';
import {levelOf} from '../state/tail/line-level.ts';
import {filterTail, goTo, keptTail, movedTail, olderUnread, type OlderLines, type SincePreset, type TailSource, type TailView} from '../state/tail/tail-view.ts';
import {grouped} from '../text/grouped.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';
import {insertLate} from './late-lines.ts';
import {LineOrder} from './line-order.ts';
import {readLogsBefore} from './logs-before.ts';
import {JoinPoints, loadOlder} from './older-loading.ts';
import {noticeOf, phaseOf} from './tail-notices.ts';
import {asTailSource, shortNames} from './tail-source.ts';

export type TailAsk = {
	title: string;
	/** As typed, for labels. */
	asked: string;
	containers: ContainerChoice;
	/** Resolved anew for each read from another beginning. */
	targets(signal: AbortSignal): Promise<FollowTargets>;
};

/** What a log holds when a read begins has come by then. */
const backlogMs = 2000;

/** Less than the time between two frames. */
const gatherMs = 20;

/** Standard beginning: the last lines of each container. */
const tailLines = 500;

const beginnings: Readonly<Record<SincePreset, LogRead>> = {
	tail: {tailLines}, head: {}, '1m': {sinceSeconds: 60}, '5m': {sinceSeconds: 300}, '15m': {sinceSeconds: 900}, '30m': {sinceSeconds: 1800}, '1h': {sinceSeconds: 3600},
};

export class TailRun {
	readonly id: string;
	ask: TailAsk;
	/** Tells tails apart: asking for the same one again shows it. */
	key = '';
	view: TailView;
	/** Lines that came in the second before, what logs held before among them. */
	inflow = 0;
	/** Told when lines stand elsewhere. */
	readonly onMoved = new Set<(moved: Moved) => void>();
	readonly #cluster: ClusterAccess;
	readonly #witness: ConnectionWitness;
	readonly #changed: () => void;
	#abort = new AbortController();
	#order: LineOrder;
	#sources = new Map<string, number>();
	#points = new JoinPoints();
	#clocks = new ClockSkew();
	/** Since when what a source brings is live. */
	readonly #liveFrom = new Map<number, number>();
	#loading: Promise<void> | null = null;
	#arrived = 0;
	#live = 0;
	#rates: number[] = [];

	constructor(id: string, ask: TailAsk, view: TailView, {cluster, witness, changed}: {cluster: ClusterAccess; witness: ConnectionWitness; changed: () => void}) {
		this.id = id;
		this.ask = ask;
		this.view = view;
		this.#cluster = cluster;
		this.#witness = witness;
		this.#changed = changed;
		this.#order = this.#makeOrder();
	}

	/** Begins, or begins anew from another point; the lines so far are let go. */
	start(since: SincePreset, previous = false): void {
		this.stop();
		this.#abort = new AbortController();
		this.view.buffer.clear();
		this.#sources = new Map();
		this.#points = new JoinPoints();
		this.#clocks = new ClockSkew();
		this.#liveFrom.clear();
		this.#rates = [];
		this.#loading = null;
		this.#order = this.#makeOrder();
		this.view = filterTail({
			...this.view, since, skews: [], previous, phase: 'opening', note: '', sources: [], marked: new Set(), cursor: 0, top: 0, older: since === 'head' ? {...olderUnread, phase: 'none'} : olderUnread,
			follow: since !== 'head' || previous, pausedAt: null, searchIndex: null, search: null, searchOnly: false, counters: {reconnects: 0, possibleGaps: 0, restarts: 0, json: 0},
		}, {});
		if (!this.view.follow) {
			this.view = goTo(this.view, 0);
		}

		void this.#run(this.#abort.signal, since, previous);
		this.#changed();
	}

	stop(): void {
		this.#abort.abort();
		this.#order.flushAll();
	}

	/** Once a second: how many lines came, and how many of them live, averaged over five. */
	tick(): void {
		this.inflow = this.#arrived;
		this.#arrived = 0;
		const isLive = this.#liveFrom.values().some(from => Date.now() > from + 1000);
		this.#rates = isLive ? [...this.#rates.slice(-4), this.#live] : [];
		this.#live = 0;
		const rate = this.#rates.length === 0 ? null : this.#rates.reduce((sum, count) => sum + count, 0) / this.#rates.length;
		const {since, older: {phase, note}, sources} = this.view;
		const isWhole = since === 'tail' && phase === 'unread' && note === '' && sources.every((_, index) => Date.now() > (this.#liveFrom.get(index) ?? Infinity)) && this.#points.hadFewer(tailLines, sources.length);
		this.view = isWhole ? {...this.view, older: {...olderUnread, phase: 'none'}} : this.view;
		const skews = this.#clocks.skews();
		if (rate !== this.view.rate || skews.length > 0 || this.view.skews.length > 0) {
			this.view = {...this.view, rate, skews};
		}
	}

	/** Looks for matches in what was not looked at yet; true when all is done. */
	scan(budgetMs: number): boolean {
		const {searchIndex, shownIndex, buffer} = this.view;
		const isDone = searchIndex?.advance(buffer, budgetMs) ?? true;
		return (shownIndex?.advance(buffer, budgetMs) ?? true) && isDone;
	}

	/** Reads about so many lines of each log before the first ones here, `null` all, once at a time. The view shows how far it is, and why when it cannot be done. */
	async loadOlder(most: number | null): Promise<void> {
		if (this.#loading) {
			await this.#loading;
			if (most !== null || this.view.older.phase !== 'unread') {
				return;
			}
		}

		const loading = this.#loadOlder(most, this.#abort.signal).finally(() => {
			this.#loading = this.#loading === loading ? null : this.#loading;
		});
		this.#loading = loading;
		await loading;
	}

	/** A line of ours in the stream. */
	mark(text: string): void {
		this.view.buffer.append(-1, Date.now(), 0, 'mark', Buffer.from(text));
		this.#changed();
	}

	async #loadOlder(most: number | null, signal: AbortSignal): Promise<void> {
		const {buffer} = this.view;
		const told = (to: Partial<OlderLines>) => {
			if (!signal.aborted) {
				this.view = {...this.view, older: {...this.view.older, ...to}};
				this.#changed();
			}
		};

		if (buffer.first > 0) {
			told({phase: 'full', note: `${grouped(buffer.first)} older lines were let go`});
			return;
		}

		told({phase: 'reading', read: 0, note: ''});
		try {
			const {moved, isAll, letGo, problems} = await loadOlder(this.#cluster, buffer, this.#points, {
				most, signal, progress(read) {
					told({read});
				}, options: source => ({witness: this.#witness, target: {asked: this.ask.asked, kind: 'Pod', namespace: source.namespace, name: source.pod, uid: source.uid, node: source.node, container: source.container, chosenFrom: 1}}),
			});
			this.#tellMoved(moved);
			const problem = problems[0] && `${this.view.sources[problems[0].index]!.short}: ${problems[0].words}${problems.length > 1 ? `, and ${problems.length - 1} more` : ''}`;
			told({phase: letGo > 0 ? 'full' : isAll ? 'none' : 'unread', note: letGo > 0 ? `${grouped(letGo)} older ones are more than a tail keeps` : problem ?? ''});
		} catch (thrown) {
			told({phase: 'unread', note: asSpokeError(thrown).message});
		}
	}

	async #run(signal: AbortSignal, since: SincePreset, previous: boolean): Promise<void> {
		try {
			const targets = await this.ask.targets(signal);
			if (previous) {
				await readLogsBefore(this.#cluster, targets, {ask: this.ask, witness: this.#witness, signal}, {
					source: source => this.#sourceIndex(source),
					lines: (index, block) => {
						this.#order.lines(index, block);
						this.#changed();
					},
					notice: (index, text) => {
						this.#notice(index, text);
					},
				});
				if (!signal.aborted) {
					this.#end('the log before is read', 'end of the log before');
				}

				return;
			}

			const start: LogRead = beginnings[since];
			const events = followLogs(this.#cluster, targets, {asked: this.ask.asked, containers: this.ask.containers, start, startLimitMs: 0, gatherMs, witness: this.#witness, signal});
			for await (const event of events) {
				if (signal.aborted) {
					return;
				}

				this.#take(event);
			}

			if (!signal.aborted) {
				this.#end('the pods are done', 'tail ended: nothing more will come');
			}
		} catch (thrown) {
			if (!signal.aborted) {
				const error = asSpokeError(thrown);
				this.view = {...this.view, phase: 'failed', note: error.message};
				this.#notice(-1, sanitiseLine(wholeFailure(error)));
			}
		}
	}

	#end(note: string, text: string): void {
		this.#order.flushAll();
		this.view = {...this.view, phase: 'ended', note};
		this.#notice(-1, text);
	}

	#take(event: LogEvent): void {
		if (!('source' in event)) {
			this.#takePods(event);
			return;
		}

		const index = this.#sourceIndex(event.source);
		if (event.type === 'lines') {
			const count = this.#order.lines(index, event.bytes);
			this.view = keptTail(this.view);
			this.#arrived += count;
			this.#points.note(index, event.source, event.bytes, count);
			this.#live += this.#noteClock(index, event.source, event.bytes) ? count : 0;
			this.#setSource(index, {state: 'open', note: ''});
			this.#settlePhase();

			this.#changed();
			return;
		}

		if (event.type === 'resumed' || event.type === 'opened') {
			this.#liveFrom.set(index, Date.now() + backlogMs);
		} else if (event.type === 'restarted' || event.type === 'gap') {
			this.#points.close(index);
		}

		const wasTold = this.#sourcesOf(event.source).some(({isGone}) => isGone);
		const {text, counters, source} = noticeOf(event, this.view.sources.length > 1 ? `${this.view.sources[index]!.short}: ` : '', this.view.sources[index]!.state);
		this.#setSource(index, source);
		this.#settlePhase();
		if (counters) {
			const now = this.view.counters;
			this.view = {...this.view, counters: {...now, ...Object.fromEntries(Object.entries(counters).map(([name, more]) => [name, now[name as keyof typeof now] + more]))}};
		}

		// A pod is gone once, however many of its containers are followed.
		if (text !== null && !(source.isGone && wasTold)) {
			this.#order.notice(index, () => {
				this.#notice(index, text);
			});
		}

		this.#changed();
	}

	/** The last line of a block that came live; what a log held before came later than it was written. Gives whether it is live. */
	#noteClock(index: number, {node}: LogSource, block: Buffer): boolean {
		const now = Date.now();
		const from = this.#liveFrom.get(index) ?? (now + backlogMs);
		this.#liveFrom.set(index, from);
		const at = block.lastIndexOf(0x0A, block.length - 2) + 1;
		const length = stampLength(block, at);
		if (node !== null && now > from && length > 0) {
			this.#clocks.note(node, stampMilliseconds(block, at, length), now);
		}

		return now > from;
	}

	#takePods(event: Exclude<LogEvent, {source: LogSource}>): void {
		if (event.type === 'no-pods') {
			this.view = {...this.view, phase: 'waiting', note: `No pod yet. New pods of ${this.ask.asked} will be followed as they come.`};
			this.#notice(-1, 'no pod now; pods that come are followed');
		} else if (event.type === 'pod-gone') {
			this.#takeGone(event);
		} else if (this.view.buffer.end > 0) {
			this.#notice(-1, `new pod ${event.pod}, followed from its first line`);
		}

		this.#changed();
	}

	/** A container that was followed up to now tells it itself. */
	#takeGone(place: Pick<LogSource, 'namespace' | 'pod'>): void {
		const its = this.#sourcesOf(place);
		if (its.every(({state, isGone}) => state === 'ended' && !isGone)) {
			this.view = {...this.view, sources: this.view.sources.map(source => its.includes(source) ? {...source, isGone: true} : source)};
			if (this.view.buffer.end > 0) {
				this.#notice(-1, `${place.pod} is gone`);
			}
		}
	}

	#sourcesOf({namespace, pod}: Pick<LogSource, 'namespace' | 'pod'>): readonly TailSource[] {
		return this.view.sources.filter(source => source.namespace === namespace && source.pod === pod);
	}

	#notice(source: number, text: string): void {
		this.view.buffer.append(source, Date.now(), 0, 'notice', Buffer.from(text));
		this.#changed();
	}

	#sourceIndex(source: LogSource): number {
		const key = `${source.uid ?? `${source.namespace}/${source.pod}`}/${source.container}`;
		const known = this.#sources.get(key);
		if (known !== undefined) {
			return known;
		}

		const index = this.#sources.size;
		this.#sources.set(key, index);
		const sources = [...this.view.sources, asTailSource(source)];
		const names = shortNames(sources);
		this.view = {...this.view, sources: sources.map((one, at) => ({...one, short: names[at]!}))};
		return index;
	}

	#setSource(index: number, change: Partial<TailSource>): void {
		const source = this.view.sources[index]!;
		if (Object.entries(change).some(([name, value]) => source[name as keyof TailSource] !== value)) {
			this.view = {...this.view, sources: this.view.sources.with(index, {...source, ...change})};
		}
	}

	#settlePhase(): void {
		const to = phaseOf(this.view.sources);
		if (to && (to.phase !== this.view.phase || to.note !== this.view.note)) {
			this.view = {...this.view, ...to};
		}
	}

	#makeOrder(): LineOrder {
		return new LineOrder({
			put: (source, time, late, bytes, from, to) => {
				this.view.buffer.append(source, time, levelOf(bytes, from, to), 'text', bytes, late, from, to);
				if (this.view.json && bytes[from] === 0x7B) {
					this.view.counters.json++;
				}
			},
			insert: lines => {
				this.#tellMoved(insertLate(this.view.buffer, lines));
			},
			settled: () => {
				this.view = keptTail(this.view);
				this.#changed();
			},
		});
	}

	#tellMoved(moved: Moved): void {
		this.view = movedTail(this.view, moved);
		if (this.view.json) {
			this.view = {...this.view, counters: {...this.view.counters, json: countJsonLines(this.view.buffer)}};
		}

		for (const tell of this.onMoved) {
			tell(moved);
		}

		this.scan(200);
	}
}
