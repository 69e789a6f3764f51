/** Takes the events of a tail's logs into its buffer and its view, some as notices. */
import {shortError} from '../../report/descriptions/describe-error.ts';
import {describeLogEvent, describeTermination, waitingMessage} from '../../report/descriptions/describe-log-event.ts';
import {joinParts} from '../../report/descriptions/parts.ts';
import {levelOf} from '../../base/lines/line-level.ts';
import {lineFeed, timestampLength, timestampMilliseconds} from '../../streams/logs/log-lines.ts';
import {logKey, type LogEvent, type LogSource} from '../../streams/logs/log-events.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {insertBacklog, LineSorter} from './insert-lines.ts';
import {wholeTail} from './line-buffer.ts';
import type {JoinPoints} from './older-lines.ts';
import type {LineFlow} from './tail-reader.ts';
import type {TailRun} from './tail-run.ts';
import {asTailSource, changeSource, countUp, isUnreadable, podGone, sourceName, sourcesOf, withSource} from './tail-sources.ts';
import {clampToBuffer, type TailCounters, type TailSource, type TailView} from './tail-view.ts';

/** What a reader of a tail needs of it. */
export type TailSink = Pick<TailRun, 'request' | 'view' | 'changed' | 'remapLines'>;

type TailNotice = {
	/** `null` adds no line. */
	text: string | null;
	counters?: Partial<TailCounters>;
	source: Partial<TailSource>;
};

type SourceChangeEvent = Exclude<Extract<LogEvent, {source: LogSource}>, {type: 'lines'}>;
type SourceChange = Pick<TailNotice, 'counters' | 'source'>;

export class TailEvents {
	readonly #tail: TailSink;
	readonly #flow: LineFlow;
	readonly #points: JoinPoints;
	readonly #indexes = new Map<string, number>();
	readonly #sorter: LineSorter;

	constructor(tail: TailSink, flow: LineFlow, points: JoinPoints) {
		this.#tail = tail;
		this.#flow = flow;
		this.#points = points;
		this.#sorter = this.#createSorter();
	}

	take(event: LogEvent): void {
		if (!('source' in event)) {
			this.#takePods(event);
		} else if (event.type === 'lines') {
			this.#takeLines(event);
		} else {
			this.#takeChange(event);
		}

		this.#tail.changed();
	}

	flush(): void {
		this.#sorter.flushAll();
	}

	end(phase: 'ended' | 'failed', {note, text}: {note: string; text: string}): void {
		this.flush();
		this.#tail.view = {...this.#tail.view, phase, note};
		this.#appendNotice(wholeTail, text);
	}

	#takeLines({source, bytes}: Extract<LogEvent, {type: 'lines'}>): void {
		const index = this.indexOf(source);
		const count = this.#sortLines(index, bytes);
		this.#points.recordBlock(index, source, bytes, count);
		this.#flow.recordLines(index, count, Date.now(), lastLineTime(bytes));
		const view = changeSource(clampToBuffer(this.#tail.view), index, {state: 'open', note: '', since: null});
		this.#tail.view = view.quietMs === 0 ? view : {...view, quietMs: 0};
	}

	#takeChange(event: SourceChangeEvent): void {
		const index = this.indexOf(event.source);
		if (event.type === 'resumed' || event.type === 'opened') {
			this.#flow.recordOpened(index, Date.now());
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
			this.sortNotice(index, text);
		}
	}

	#since({type}: SourceChangeEvent, index: number, view: TailView): number | null {
		const since = view.sources[index]!.since ?? null;
		if (type === 'checking') {
			return this.#flow.quietSince(index);
		}

		return type === 'asking' ? (since ?? Date.now()) : type === 'gap' || type === 'server-said' ? since : null;
	}

	#takePods(event: Exclude<LogEvent, {source: LogSource}>): void {
		if (event.type === 'pod-gone') {
			this.#takeGone(event);
		} else if (event.type === 'no-pods') {
			this.#takeNoPods(event);
		} else if (event.type === 'pod-appeared' && this.#tail.view.buffer.end > 0) {
			this.reportEvent(event, event.pod, ' from the first line');
		}
	}

	#takeNoPods(event: Extract<LogEvent, {type: 'no-pods'}>): void {
		const {
			view,
			request: {target},
		} = this.#tail;
		const {context} = event;
		if (context !== undefined && view.sources.some(({state}) => state !== 'ended')) {
			this.reportEvent(event, context);
			return;
		}

		if (isUnreadable(view.sources)) {
			this.end('failed', {note: 'no logs can be read', text: 'no logs can be read now; new pods will be followed'});
			return;
		}

		this.#tail.view = {
			...view,
			phase: 'waiting',
			note: `${view.sources.length === 0 ? 'No pods yet' : 'No pods now'}. New pods of ${target} will be followed when they appear.`,
		};
		this.reportEvent(event, context ?? '');
	}

	/** Containers that are still followed report it themselves. */
	#takeGone(event: Extract<LogEvent, {type: 'pod-appeared' | 'pod-gone'}>): void {
		const {view} = this.#tail;
		if (sourcesOf(view, event).every(({state, isGone}) => state === 'ended' && !isGone)) {
			this.#tail.view = podGone(view, event);
			if (view.buffer.end > 0) {
				this.reportEvent(event, event.pod);
			}
		}
	}

	reportEvent(event: LogEvent, who: string, more = ''): void {
		const text = tailLine(event, who);
		if (text !== null) {
			this.sortNotice(wholeTail, `${text}${more}`);
		}
	}

	sortNotice(source: number, text: string): void {
		this.#sorter.notice(source, () => {
			this.#appendNotice(source, text);
		});
	}

	#appendNotice(source: number, text: string): void {
		this.#tail.view.buffer.append(source, Date.now(), 0, 'notice', Buffer.from(text));
		this.#tail.changed();
	}

	indexOf(source: LogSource): number {
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

	putLines(index: number, bytes: Buffer): void {
		this.#sortLines(index, bytes);
		this.#tail.view = clampToBuffer(this.#tail.view);
	}

	/** Returns the number of lines. */
	#sortLines(index: number, bytes: Buffer): number {
		return this.#sorter.lines(index, bytes, !this.#flow.isPastBacklog(index, Date.now()));
	}

	#createSorter(): LineSorter {
		const tail = this.#tail;
		return new LineSorter({
			put: (source, time, bytes, from, to) => {
				const {view} = tail;
				view.buffer.append(source, time, levelOf(bytes, from, to), 'text', bytes, from, to);
			},
			insert(lines) {
				tail.remapLines(insertBacklog(tail.view.buffer, lines));
			},
			settled: () => {
				tail.view = clampToBuffer(tail.view);
				tail.changed();
			},
		});
	}
}

/** Of whole lines; `null` without a timestamp. */
function lastLineTime(block: Buffer): number | null {
	const at = block.lastIndexOf(lineFeed, block.length - 2) + 1;
	const length = timestampLength(block, at);
	return length > 0 ? timestampMilliseconds(block, at, length) : null;
}

/** `who` is the source's short name with several sources, otherwise empty. `state` is the previous one. */
export function tailNotice(event: SourceChangeEvent, who: string, state: TailSource['state']): TailNotice {
	const change = sourceChanges[event.type] as ChangeOfSource<SourceChangeEvent['type']>;
	return {text: isChange(event, state) ? tailLine(event, who) : null, ...change(event, state)};
}

/** An event of a source or a pod as a line of the tail. */
export function tailLine(event: LogEvent, who: string): string | null {
	const description = describeLogEvent(event);
	if (description === null) {
		return null;
	}

	const {subject, parts} = description;
	const container = subject === 'container' && 'source' in event ? event.source.container : '';
	const named = subject === 'pod' && who !== '' ? podName(event) : who;
	const name = named === '' ? container : named;
	// As container runtimes show the id of a container.
	const text = joinParts(parts, {short: true, without: ['cause']}).replaceAll(/\b([\da-f]{12})[\da-f]{52}\b/g, '$1');
	return sanitizeLine(name === '' ? text : `${name}: ${text}`);
}

function podName(event: LogEvent): string {
	const place = 'source' in event ? event.source : 'pod' in event ? event : null;
	return [place?.context, place?.pod].filter(part => part !== undefined).join(' ');
}

/** An outage is reported only at its start. */
function isChange({type}: SourceChangeEvent, state: SourceState): boolean {
	return type === 'waiting' ? state === 'open' || state === 'checking' : type !== 'reconnecting' || state !== 'interrupted';
}

type SourceState = TailSource['state'];
type ChangeOfSource<Type extends SourceChangeEvent['type']> = (
	event: Extract<SourceChangeEvent, {type: Type}>,
	state: SourceState,
) => SourceChange;

const isOpen = (): SourceChange => ({source: {state: 'open', note: ''}});

const sourceChanges: {readonly [Type in SourceChangeEvent['type']]: ChangeOfSource<Type>} = {
	opened: isOpen,
	resumed: isOpen,
	checked: isOpen,
	waiting(event) {
		const started = event.ended === null ? 'not started' : sanitizeLine(describeTermination({...event.ended, at: null}));
		const message = waitingMessage(event);
		return {source: {state: 'waiting', note: event.reason ?? started, message: message === null ? null : sanitizeLine(message)}};
	},
	stalled: () => ({source: {state: 'interrupted', note: 'stalled'}, counters: {reconnects: 1}}),
	reconnecting({error, attempt}, state) {
		// A source's row is too short for the cause of an interruption.
		const reason = error?.code === 'ERR_STREAM_LOST' ? 'interrupted' : error && shortError(error);
		const note = reason === null ? 'resuming' : `${reason} · attempt ${attempt}`;
		return {source: {state: 'interrupted', note}, ...(state !== 'interrupted' && {counters: {reconnects: 1}})};
	},
	asking: () => ({source: {state: 'interrupted', note: 'requested again, no response'}}),
	checking: () => ({source: {state: 'checking', note: 'checking whether the stream is alive; no data'}}),
	gap: () => ({source: {}, counters: {possibleGaps: 1}}),
	restarted: () => ({source: {state: 'waiting', note: 'restarted', message: null}, counters: {restarts: 1}}),
	'server-said': () => ({source: {}}),
	ended: ({reason}) => ({source: {state: 'ended', hasFailed: false, note: '', ...(reason === 'pod-gone' && {isGone: true})}}),
	failed: () => ({source: {state: 'ended', hasFailed: true, note: 'failed'}}),
};
