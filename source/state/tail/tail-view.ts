/** What the user sees of a tail: position, search, filter and display options. The lines are in its buffer. */
import {formatNumber} from '../../text/format-number.ts';
import {formatDuration} from '../../text/format-time.ts';
import type {NodeSkew} from './clock-skew.ts';
import {levelBits, LineBuffer, type LineLevel} from './line-buffer.ts';
import {LineIndex, searchQuery} from './line-index.ts';

export type TailSource = {
	namespace: string;
	pod: string;
	container: string;
	node: string | null;
	/** `x2xkq`, or with several containers `x2xkq/app`. */
	short: string;
	/** 1–8. */
	color: number;
	on: boolean;
	/** `checking`: open and silent, and the liveness check is pending. */
	state: 'waiting' | 'open' | 'checking' | 'interrupted' | 'ended';
	note: string;
	/** Since when its note applies, milliseconds since 1970, if known. */
	since?: number | null;
	/** Other containers of its pod. */
	besides?: readonly string[];
	/** Its pod was deleted. */
	isGone?: boolean;
};

/** Events of the streams; the buffer counts dropped lines. */
export type TailCounters = {reconnects: number; possibleGaps: number; restarts: number; json: number};
const noCounters: TailCounters = {reconnects: 0, possibleGaps: 0, restarts: 0, json: 0};

export type SincePreset = 'tail' | 'head' | '1m' | '5m' | '15m' | '30m' | '1h';

export type TailView = {
	id: string;
	title: string;
	buffer: LineBuffer;
	sources: readonly TailSource[];
	phase: 'opening' | 'following' | 'waiting' | 'ended' | 'failed';
	note: string;
	since: SincePreset;
	/** When the log was requested; `null` before. */
	askedAt: number | null;
	previous: boolean;
	follow: boolean;
	/** While paused, the number of the first buffered line. */
	pausedAt: number | null;
	/** The numbers of the selected line and of the line at the top. */
	cursor: number;
	top: number;
	left: number;
	wrap: boolean;
	json: boolean;
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
	/** Without a filter: hides lines that the search does not match. */
	searchOnly: boolean;
	/** Set while lines are hidden. */
	shownIndex: LineIndex | null;
	marked: ReadonlySet<number>;
	lineField: number;
	counters: TailCounters;
	/** Live lines per second; `null` if unknown. */
	rate: number | null;
	/** Time since the last line, milliseconds; `null` before the first. */
	quietMs: number | null;
	/** How long a response has been awaited, milliseconds; `null` if none is. */
	waitedMs: number | null;
	windowRows: number;
	older: OlderLines;
	/** Nodes whose clocks differ. */
	skews: readonly NodeSkew[];
};

/** Whether there are lines before the first one: not loaded, being loaded, none, or more than can be kept. */
export type OlderLines = {phase: 'unread' | 'reading' | 'none' | 'full'; read: number; note: string};
export const olderUnread: OlderLines = {phase: 'unread', read: 0, note: ''};

/** Counts equal names in two namespaces as two pods, and deleted pods only if all are. */
export function podCount(sources: readonly TailSource[]): number {
	return new Set(presentSources(sources).map(({namespace, pod}) => `${namespace}/${pod}`)).size;
}

/** The sources whose pod exists; if none does, all of them. */
export function presentSources(sources: readonly TailSource[]): readonly TailSource[] {
	const present = sources.filter(({isGone}) => isGone !== true);
	return present.length === 0 ? sources : present;
}

/** `214 lines/s`; below ten with one decimal. */
export function formatRate(rate: number): string {
	return `${rate > 0 && rate < 10 ? rate.toFixed(1) : formatNumber(Math.round(rate))} lines/s`;
}

/** A shorter silence may just be a slow log. */
const quietAfterMs = 5000;

/** `214 lines/s`, `no new lines for 12 s`, `reconnecting for 3.0 s`. */
export function describeActivity({
	phase,
	note,
	rate,
	quietMs,
	waitedMs,
}: Pick<TailView, 'phase' | 'note' | 'rate' | 'quietMs' | 'waitedMs'>): string {
	if (phase !== 'following') {
		return waitedMs === null ? note : `${note} for ${formatDuration(waitedMs)}`;
	}

	if (rate === 0 && quietMs !== null && quietMs >= quietAfterMs) {
		return `no new lines for ${formatDuration(quietMs)}`;
	}

	return rate === null ? '' : formatRate(rate);
}

/** An empty tail that follows the end. */
export function emptyTail(id: string, title: string, buffer = new LineBuffer()): TailView {
	return {
		id,
		title,
		buffer,
		sources: [],
		phase: 'opening',
		note: '',
		since: 'tail',
		askedAt: null,
		previous: false,
		follow: true,
		pausedAt: null,
		cursor: 0,
		top: 0,
		left: 0,
		wrap: false,
		json: false,
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
		quietMs: null,
		waitedMs: null,
		windowRows: 20,
		older: olderUnread,
		skews: [],
	};
}

/** Restarts a tail from another position; display options and filter stay. From the head, the cursor is on the first line. */
export function restartTail(view: TailView, since: SincePreset, {previous, now}: {previous: boolean; now: number}): TailView {
	const isHead = since === 'head';
	const begun = filterTail(
		{
			...view,
			since,
			previous,
			askedAt: now,
			phase: 'opening',
			note: '',
			sources: [],
			skews: [],
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
		},
		{},
	);
	return begun.follow ? begun : goTo(begun, 0);
}

/** One after the newest line that is shown; a pause hides later ones. */
export function shownEnd({buffer, pausedAt}: TailView): number {
	return pausedAt === null ? buffer.end : Math.max(buffer.first, Math.min(pausedAt, buffer.end));
}

/** Lines received since the pause; errors are counted among the kept ones. */
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
			errors += (block.signs[at]! & levelBits) >= 4 ? 1 : 0;
		}
	}

	return {lines: buffer.end - from, errors};
}

/** The number of lines that the view can show. */
export function shownLength(view: TailView): number {
	const index = activeIndex(view);
	return index === null ? shownEnd(view) - view.buffer.first : index.shown.indexOf(shownEnd(view));
}

/** The numbers of all lines that the view shows, in order. */
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

/** The number of the line at `place` in the view's order, clamped to its ends. */
export function numberAt(view: TailView, place: number): number {
	const length = shownLength(view);
	const at = Math.max(0, Math.min(place, length - 1));
	const index = activeIndex(view);
	return index === null ? view.buffer.first + at : (index.shown.at(at) ?? view.buffer.first);
}

/** The place of a line, or of the next one that is shown. */
export function placeOf(view: TailView, number: number): number {
	const index = activeIndex(view);
	return index === null ? Math.max(0, number - view.buffer.first) : index.shown.indexOf(number);
}

/** The selected line; while following, the last line shown. */
export function selectedLine(view: TailView): number {
	return view.follow ? numberAt(view, shownLength(view) - 1) : view.cursor;
}

/** The lines that pass the filter; `null` if all lines are shown. */
export function activeIndex({shownIndex, matchesOnly}: TailView): LineIndex | null {
	return matchesOnly ? shownIndex : null;
}

/** Moves the cursor by lines; leaving the end stops following. */
export function moveTail(view: TailView, by: number): TailView {
	const place = view.follow ? shownLength(view) - 1 : placeOf(view, view.cursor);
	return goTo({...view, top: topOf(view)}, numberAt(view, place + by));
}

/** Selects a line and keeps it in the window. */
export function goTo(view: TailView, number: number): TailView {
	const place = placeOf(view, number);
	const topPlace = placeOf(view, view.top);
	const from = Math.max(0, Math.min(Math.max(topPlace, place - view.windowRows + 1), place));
	return {...view, follow: false, cursor: numberAt(view, place), top: numberAt(view, from)};
}

/** Like goTo, with the line in the upper third: matches, errors and marks need the lines after them. */
export function jumpTo(view: TailView, number: number): TailView {
	const place = placeOf(view, number);
	const topPlace = placeOf(view, topOf(view));
	if (place >= topPlace && place < topPlace + view.windowRows) {
		return goTo({...view, top: topOf(view)}, number);
	}

	return {...view, follow: false, cursor: numberAt(view, place), top: numberAt(view, Math.max(0, place - Math.floor(view.windowRows / 3)))};
}

/** Goes to the newest line and follows. */
export function followTail(view: TailView): TailView {
	return {
		...view,
		follow: true,
		pausedAt: null,
		top: numberAt(view, shownLength(view) - view.windowRows),
		cursor: numberAt(view, shownLength(view) - 1),
	};
}

/** The line at the top of the window. */
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

/** Shows or hides a field of JSON lines. */
export function toggleField(view: TailView, name: string): TailView {
	const {fields} = view;
	return {...view, json: true, fields: fields.includes(name) ? fields.filter(one => one !== name) : [...fields, name]};
}

/** Pauses, or resumes. */
export function pauseTail(view: TailView): TailView {
	return view.pausedAt === null ? {...view, pausedAt: view.buffer.end} : {...view, pausedAt: null};
}

/** Starts a search in all lines; an empty text ends it. The caller fills the index. */
export function searchTail(view: TailView, asked: TailView['search']): TailView {
	const search = asked?.text === '' ? null : asked;
	const next = {...view, search, searchIndex: search && new LineIndex(searchQuery(search), view.buffer.first)};
	return view.searchOnly ? filterTail(next, {searchOnly: false}) : next;
}

/** The effective filter: that of the user, or the search if it hides other lines. */
export function effectiveFilter({filter, search, searchOnly}: Pick<TailView, 'filter' | 'search' | 'searchOnly'>): TailView['filter'] {
	return filter.text === '' && searchOnly && search !== null ? {...search, inverse: false} : filter;
}

/** Sets the filter; hides no lines if there is nothing to filter. */
export function filterTail(
	view: TailView,
	change: Partial<Pick<TailView, 'filter' | 'level' | 'context' | 'matchesOnly' | 'searchOnly' | 'sources'>>,
): TailView {
	const next = {...view, ...change};
	const hidden = new Set(next.sources.flatMap(({on}, index) => (on ? [] : [index])));
	const {text, regex, inverse} = effectiveFilter(next);
	const isNeeded = text !== '' || next.level > 0 || hidden.size > 0;
	if (!isNeeded) {
		return {...next, shownIndex: null};
	}

	// The matching lines are the same, whether the others are hidden or not.
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

/** Applies the new numbers of lines after an insertion, and repeats the search. */
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

/** The next line in either direction that `isWanted`; `null` if there is none. */
export function findLine(view: TailView, from: number, direction: 1 | -1, isWanted: (number: number) => boolean): number | null {
	for (let place = placeOf(view, from) + direction; place >= 0 && place < shownLength(view); place += direction) {
		const number = numberAt(view, place);
		if (isWanted(number)) {
			return number;
		}
	}

	return null;
}
