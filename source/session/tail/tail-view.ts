/** What the user sees of a tail. The lines are in its buffer. */
import {isErrorLevel, type LineLevel} from '../../base/lines/line-level.ts';
import {levelMask, LineBuffer} from './line-buffer.ts';
import {LineIndex, searchQuery} from './line-index.ts';
import {podNameKey} from './tail-sources.ts';

export type TailSource = {
	/** `null` if the tail has only one. */
	context: string | null;
	namespace: string;
	pod: string;
	container: string;
	node: string | null;
	/** Empty without several contexts. */
	shortContext: string;
	short: string;
	color: number;
	on: boolean;
	/** `checking`: open and silent, and the liveness check is pending. */
	state: 'waiting' | 'open' | 'checking' | 'interrupted' | 'ended';
	/** Of an ended one: it could not be read. */
	hasFailed?: boolean;
	note: string;
	/** Of a container that waits: the message of the pod's status, on one line; `null` without one. */
	message?: string | null;
	/** Since when the note applies, milliseconds since 1970. */
	since?: number | null;
	besides?: readonly string[];
	isGone?: boolean;
};

/** The buffer counts dropped lines. */
export type TailCounters = {reconnects: number; possibleGaps: number; restarts: number};
const noCounters: TailCounters = {reconnects: 0, possibleGaps: 0, restarts: 0};

export type SincePreset = 'tail' | 'head' | '1m' | '5m' | '15m' | '30m' | '1h';

export type TailView = {
	id: string;
	title: string;
	buffer: LineBuffer;
	sources: readonly TailSource[];
	/** Of several contexts, those that failed, or whose apiserver does not respond yet. */
	unreadContexts: readonly string[];
	phase: 'opening' | 'following' | 'waiting' | 'ended' | 'failed';
	note: string;
	since: SincePreset;
	requestedAt: number | null;
	previous: boolean;
	follow: boolean;
	/** Number of the first buffered line while paused. */
	pausedAt: number | null;
	cursor: number;
	top: number;
	left: number;
	wrap: boolean;
	json: boolean;
	/** `null`: readable if most lines are JSON. */
	jsonChoice: boolean | null;
	fields: readonly string[];
	times: 'clock' | 'full' | 'none';
	names: 'short' | 'full' | 'none';
	plain: boolean;
	search: {text: string; regex: boolean} | null;
	searchIndex: LineIndex | null;
	filter: {text: string; regex: boolean; inverse: boolean};
	level: LineLevel;
	context: number;
	/** False shows all lines despite a filter. */
	matchesOnly: boolean;
	/** Hides lines that the search does not match; used without a filter. */
	searchOnly: boolean;
	/** Set while lines are hidden. */
	shownIndex: LineIndex | null;
	marked: ReadonlySet<number>;
	lineField: number;
	counters: TailCounters;
	rate: number | null;
	/** The time of the lines that arrive while a log sends its backlog; otherwise `null`. */
	catchingUpAt: number | null;
	/** `null` before the first line. */
	quietMs: number | null;
	waitedMs: number | null;
	windowRows: number;
	older: OlderLines;
};

/** What the next tail inherits. */
export type TailDisplay = Pick<TailView, 'wrap' | 'jsonChoice' | 'times' | 'names'>;

export function displayOf({wrap, jsonChoice, times, names}: TailView): TailDisplay {
	return {wrap, jsonChoice, times, names};
}

/** `full`: more lines exist than can be kept. */
export type OlderLines = {phase: 'unread' | 'reading' | 'none' | 'full'; read: number; note: string};
export const olderUnread: OlderLines = {phase: 'unread', read: 0, note: ''};

/** Equal names in two namespaces or clusters count twice. Deleted pods count only if all are deleted. */
export function podCount(sources: readonly TailSource[]): number {
	return new Set(presentSources(sources).map(source => podNameKey(source))).size;
}

/** The sources whose pod exists; if none does, all of them. */
export function presentSources(sources: readonly TailSource[]): readonly TailSource[] {
	const present = sources.filter(({isGone}) => isGone !== true);
	return present.length === 0 ? sources : present;
}

export function emptyTail(id: string, title: string, buffer = new LineBuffer()): TailView {
	return {
		id,
		title,
		buffer,
		sources: [],
		unreadContexts: [],
		phase: 'opening',
		note: '',
		since: 'tail',
		requestedAt: null,
		previous: false,
		follow: true,
		pausedAt: null,
		cursor: 0,
		top: 0,
		left: 0,
		wrap: false,
		json: false,
		jsonChoice: null,
		fields: [],
		times: 'clock',
		names: 'short',
		plain: false,
		search: null,
		searchIndex: null,
		filter: {text: '', regex: false, inverse: false},
		level: 0,
		context: 0,
		matchesOnly: true,
		searchOnly: false,
		shownIndex: null,
		marked: new Set(),
		lineField: 0,
		counters: {...noCounters},
		rate: null,
		catchingUpAt: null,
		quietMs: null,
		waitedMs: null,
		windowRows: 20,
		older: olderUnread,
	};
}

/** Display options and filter stay. */
export function restartTail(view: TailView, since: SincePreset, {previous, now}: {previous: boolean; now: number}): TailView {
	const isHead = since === 'head';
	const begun = filterTail(
		{
			...view,
			since,
			previous,
			requestedAt: now,
			phase: 'opening',
			note: '',
			sources: [],
			unreadContexts: [],
			marked: new Set(),
			cursor: 0,
			top: 0,
			follow: !isHead || previous,
			pausedAt: null,
			older: isHead ? {...olderUnread, phase: 'none'} : olderUnread,
			search: null,
			searchIndex: null,
			searchOnly: false,
			counters: {...noCounters},
			catchingUpAt: null,
		},
		{},
	);
	return begun.follow ? begun : goTo(begun, 0);
}

/** Number of the newest shown line plus one. */
export function shownEnd({buffer, pausedAt}: TailView): number {
	return pausedAt === null ? buffer.end : Math.max(buffer.first, Math.min(pausedAt, buffer.end));
}

/** Errors are counted among the kept lines. */
export function pausedBacklog({buffer, pausedAt}: TailView): {lines: number; errors: number} {
	const from = pausedAt ?? buffer.end;
	let errors = 0;
	for (const block of buffer.blocks.slice(
		Math.max(
			0,
			buffer.blocks.findLastIndex(({first}) => first <= from),
		),
	)) {
		for (let at = Math.max(0, from - block.first); at < block.count; at++) {
			errors += isErrorLevel(block.flags[at]! & levelMask) ? 1 : 0;
		}
	}

	return {lines: buffer.end - from, errors};
}

export function shownLength(view: TailView): number {
	const index = activeIndex(view);
	return index === null ? shownEnd(view) - view.buffer.first : index.shown.indexOf(shownEnd(view));
}

export function shownNumbers(view: TailView): Iterable<number> {
	const {first} = view.buffer;
	const end = shownEnd(view);
	return activeIndex(view)?.shown.between(first, end) ?? range(first, end);
}

function* range(from: number, end: number): Generator<number> {
	for (let number = from; number < end; number++) {
		yield number;
	}
}

/** Clamped to the ends. */
export function numberAt(view: TailView, position: number): number {
	const length = shownLength(view);
	const at = Math.max(0, Math.min(position, length - 1));
	const index = activeIndex(view);
	return index === null ? view.buffer.first + at : (index.shown.at(at) ?? view.buffer.first);
}

export function positionOf(view: TailView, number: number): number {
	const index = activeIndex(view);
	return index === null ? Math.max(0, number - view.buffer.first) : index.shown.indexOf(number);
}

/** The selected line; while following, the last shown line. */
export function selectedLine(view: TailView): number {
	return view.follow ? numberAt(view, shownLength(view) - 1) : view.cursor;
}

export function activeIndex({shownIndex, matchesOnly}: TailView): LineIndex | null {
	return matchesOnly ? shownIndex : null;
}

export function moveTail(view: TailView, by: number): TailView {
	const position = view.follow ? shownLength(view) - 1 : positionOf(view, view.cursor);
	return goTo({...view, top: topOf(view)}, numberAt(view, position + by));
}

/** Keeps the line in the window. */
export function goTo(view: TailView, number: number): TailView {
	const position = positionOf(view, number);
	const topPosition = positionOf(view, view.top);
	const from = Math.max(0, Math.min(Math.max(topPosition, position - view.windowRows + 1), position));
	return {...view, follow: false, cursor: numberAt(view, position), top: numberAt(view, from)};
}

/** Puts the line into the upper third, because matches and errors need the lines after them. */
export function jumpTo(view: TailView, number: number): TailView {
	const position = positionOf(view, number);
	const topPosition = positionOf(view, topOf(view));
	if (position >= topPosition && position < topPosition + view.windowRows) {
		return goTo({...view, top: topOf(view)}, number);
	}

	return {
		...view,
		follow: false,
		cursor: numberAt(view, position),
		top: numberAt(view, Math.max(0, position - Math.floor(view.windowRows / 3))),
	};
}

export function followTail(view: TailView): TailView {
	return {
		...view,
		follow: true,
		pausedAt: null,
		top: numberAt(view, shownLength(view) - view.windowRows),
		cursor: numberAt(view, shownLength(view) - 1),
	};
}

export function topOf(view: TailView): number {
	return view.follow ? numberAt(view, Math.max(0, shownLength(view) - view.windowRows)) : Math.max(view.top, view.buffer.first);
}

/** Moves cursor and marks to lines that were not dropped. */
export function clampToBuffer(view: TailView): TailView {
	const {first} = view.buffer;
	const areKept = view.marked.values().every(number => number >= first);
	return (view.follow || view.cursor >= first) && areKept
		? view
		: {
				...view,
				cursor: Math.max(view.cursor, first),
				top: Math.max(view.top, first),
				marked: areKept ? view.marked : new Set([...view.marked].filter(number => number >= first)),
			};
}

export function toggleField(view: TailView, name: string): TailView {
	const {fields} = view;
	return {...view, json: true, jsonChoice: true, fields: fields.includes(name) ? fields.filter(one => one !== name) : [...fields, name]};
}

export function pauseTail(view: TailView): TailView {
	return view.pausedAt === null ? {...view, pausedAt: view.buffer.end} : {...view, pausedAt: null};
}

/** The caller fills the index. */
export function searchTail(view: TailView, asked: TailView['search']): TailView {
	const search = asked?.text === '' ? null : asked;
	const next = {...view, search, searchIndex: search && new LineIndex(searchQuery(search), view.buffer.first)};
	return view.searchOnly ? filterTail(next, {searchOnly: false, context: 0}) : next;
}

/** The user's filter, or the search if it hides other lines. */
export function effectiveFilter({filter, search, searchOnly}: Pick<TailView, 'filter' | 'search' | 'searchOnly'>): TailView['filter'] {
	return filter.text === '' && searchOnly && search !== null ? {...search, inverse: false} : filter;
}

/** Hides no lines if there is nothing to filter. */
export function filterTail(
	view: TailView,
	change: Partial<Pick<TailView, 'filter' | 'level' | 'context' | 'matchesOnly' | 'searchOnly' | 'sources'>>,
): TailView {
	const next = {...view, ...change};
	const hidden = new Set(next.sources.flatMap(({on}, index) => (on ? [] : [index])));
	const {text, regex, inverse} = effectiveFilter(next);
	const isNeeded = text !== '' || next.level > 0 || hidden.size > 0;
	if (!isNeeded) {
		return {...next, context: 0, shownIndex: null};
	}

	// Hiding the others does not change the matching lines.
	const isSame = change.matchesOnly !== undefined && Object.keys(change).length === 1;
	return isSame
		? next
		: {
				...next,
				shownIndex: new LineIndex(
					{text, regex, inverse, level: next.level, hidden, context: next.context, notices: true},
					next.buffer.first,
				),
			};
}

export function remapTail(view: TailView, moved: (number: number) => number): TailView {
	const {buffer, searchIndex, shownIndex} = view;
	return {
		...view,
		cursor: moved(view.cursor),
		top: moved(view.top),
		pausedAt: view.pausedAt === null ? null : moved(view.pausedAt),
		marked: new Set([...view.marked].map(number => moved(number))),
		searchIndex: searchIndex && new LineIndex(searchIndex.query, buffer.first),
		shownIndex: shownIndex && new LineIndex(shownIndex.query, buffer.first),
	};
}

export function findLine(view: TailView, from: number, direction: 1 | -1, isWanted: (number: number) => boolean): number | null {
	for (let position = positionOf(view, from) + direction; position >= 0 && position < shownLength(view); position += direction) {
		const number = numberAt(view, position);
		if (isWanted(number)) {
			return number;
		}
	}

	return null;
}
