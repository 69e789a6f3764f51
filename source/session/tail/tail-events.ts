/** Takes the events of a tail's logs into its buffer and its view, some as notices. */
import {shortError} from '../../descriptions/describe-error.ts';
import {describeLogEvent, describeTermination, waitingMessage} from '../../descriptions/describe-log-event.ts';
import {joinParts} from '../../descriptions/parts.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import {levelOf} from '../../lines/line-level.ts';
import {logKey, type LogEvent, type LogSource} from '../../streams/logs/log-events.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import {ClockSkew, lastLineTime, LineFlow, recordBlockArrival} from './line-flow.ts';
import {insertLateLines, type LineRemap} from './insert-lines.ts';
import {wholeTail} from './line-buffer.ts';
import {LineSorter} from './line-sorter.ts';
import {JoinPoints} from './load-older-lines.ts';
import type {TailRequest} from './tail-run.ts';
import {asTailSource, changeSource, countUp, isUnreadable, podGone, sourceName, sourcesOf, withSource} from './tail-sources.ts';
import {clampToBuffer, type TailCounters, type TailSource, type TailView} from './tail-view.ts';

export type TailSink = {
	readonly request: TailRequest;
	view: TailView;
	changed(): void;
	remapLines(moved: LineRemap): void;
};

type LinesEvent = Extract<LogEvent, {type: 'lines'}>;

type TailNotice = {
	/** `null` adds no line. */
	text: string | null;
	counters?: Partial<TailCounters>;
	source: Partial<TailSource>;
};

type SourceChangeEvent = Exclude<Extract<LogEvent, {source: LogSource}>, {type: 'lines'}>;
type SourceChange = Pick<TailNotice, 'counters' | 'source'>;

export class TailEvents {
	readonly points = new JoinPoints();
	readonly clocks = new ClockSkew();
	readonly flow = new LineFlow();
	readonly #tail: TailSink;
	readonly #indexes = new Map<string, number>();
	readonly #sorter: LineSorter;
	/** JSON lines since the counters of the view. */
	#json = 0;

	constructor(tail: TailSink) {
		this.#tail = tail;
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

	#takeLines({source, bytes}: LinesEvent): void {
		const index = this.indexOf(source);
		const count = this.putLines(index, bytes);
		const now = Date.now();
		this.points.recordBlock(index, source, bytes, count);
		if (this.flow.recordLines(index, count, now, lastLineTime(bytes))) {
			recordBlockArrival(this.clocks, source, bytes, now);
		}

		const view = changeSource(this.#tail.view, index, {state: 'open', note: '', since: null});
		this.#tail.view = view.quietMs === 0 ? view : {...view, quietMs: 0};
	}

	#takeChange(event: SourceChangeEvent): void {
		const index = this.indexOf(event.source);
		if (event.type === 'resumed' || event.type === 'opened') {
			this.flow.recordOpened(index, Date.now());
		} else if (event.type === 'restarted' || event.type === 'gap') {
			this.points.close(index);
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
		switch (type) {
			case 'asking': {
				return view.sources[index]!.since ?? Date.now();
			}

			case 'checking': {
				return this.flow.quietSince(index);
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

	/** Returns the number of lines. */
	putLines(index: number, bytes: Buffer): number {
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

/** `who` is the source's short name with several sources, otherwise empty. `state` is the previous one. */
export function tailNotice(event: SourceChangeEvent, who: string, state: TailSource['state']): TailNotice {
	return {text: isChange(event, state) ? tailLine(event, who) : null, ...sourceChange(event, state)};
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
	return sanitizeLine(`${name === '' ? '' : `${name}: `}${shortIds(joinParts(parts, {short: true, without: ['cause']}))}`);
}

/** As container runtimes show the id of a container. */
function shortIds(text: string): string {
	return text.replaceAll(/\b([\da-f]{12})[\da-f]{52}\b/g, '$1');
}

function podName(event: LogEvent): string {
	const place = 'source' in event ? event.source : 'pod' in event ? event : null;
	return [place?.context, place?.pod].filter(part => part !== undefined).join(' ');
}

/** An outage is reported only at its start. */
function isChange({type}: SourceChangeEvent, state: TailSource['state']): boolean {
	switch (type) {
		case 'waiting': {
			return state === 'open' || state === 'checking';
		}

		case 'reconnecting': {
			return state !== 'interrupted';
		}

		default: {
			return true;
		}
	}
}

function sourceChange(event: SourceChangeEvent, state: TailSource['state']): SourceChange {
	switch (event.type) {
		case 'opened':
		case 'resumed':
		case 'checked': {
			return {source: {state: 'open', note: ''}};
		}

		case 'waiting': {
			const started = event.ended === null ? 'not started' : sanitizeLine(describeTermination({...event.ended, at: null}));
			const message = waitingMessage(event);
			return {source: {state: 'waiting', note: event.reason ?? started, message: message === null ? null : sanitizeLine(message)}};
		}

		case 'stalled': {
			return {source: {state: 'interrupted', note: 'stalled'}, counters: {reconnects: 1}};
		}

		case 'reconnecting': {
			const note = event.error === null ? 'resuming' : `${shortReason(event.error)} · attempt ${event.attempt}`;
			return {source: {state: 'interrupted', note}, ...(state !== 'interrupted' && {counters: {reconnects: 1}})};
		}

		case 'asking': {
			return {source: {state: 'interrupted', note: 'requested again, no response'}};
		}

		case 'checking': {
			return {source: {state: 'checking', note: 'checking whether the stream is alive; no data'}};
		}

		case 'gap': {
			return {source: {}, counters: {possibleGaps: 1}};
		}

		case 'restarted': {
			return {source: {state: 'waiting', note: 'restarted', message: null}, counters: {restarts: 1}};
		}

		case 'server-said': {
			return {source: {}};
		}

		case 'ended': {
			return {source: {state: 'ended', hasFailed: false, note: '', ...(event.reason === 'pod-gone' && {isGone: true})}};
		}

		case 'failed': {
			return {source: {state: 'ended', hasFailed: true, note: 'failed'}};
		}
	}
}

/** A source's row is too short for the cause of an interruption. */
function shortReason(error: SpokeError): string {
	return error.code === 'ERR_STREAM_LOST' ? 'interrupted' : shortError(error);
}
