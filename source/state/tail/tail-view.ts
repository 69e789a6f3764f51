/** What a person sees of a tail, and from where: position, search, filter, and how lines are drawn. The lines themselves are in its buffer. */
import {formatNumber} from '../../text/format-number.ts';
import {formatDuration} from '../../text/format-duration.ts';
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
	colour: number;
	on: boolean;
	/** `checking`: open, quiet, and the reads that tell whether it is alive are not answered yet. */
	state: 'waiting' | 'open' | 'checking' | 'interrupted' | 'ended';
	note: string;
	/** Since when it is as its note says, milliseconds since 1970, where that is told. */
	since?: number | null;
	/** Other containers of its pod. */
	besides?: readonly string[];
	/** Its pod was deleted. */
	isGone?: boolean;
};

/** What happened to the streams; lines that were let go are counted by the buffer. */
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
	/** When this beginning was asked for; `null` before. */
	askedAt: number | null;
	previous: boolean;
	follow: boolean;
	/** Lines that wait while paused: number of the first one that is not shown. */
	pausedAt: number | null;
	/** The line under the cursor, and at the top of the screen, by number. */
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
	/** False shows all lines, though there is a filter. */
	matchesOnly: boolean;
	/** Without a filter: lines that the search does not match are left out. */
	searchOnly: boolean;
	/** Set while lines are left out. */
	shownIndex: LineIndex | null;
	marked: ReadonlySet<number>;
	lineField: number;
	counters: TailCounters;
	/** Lines a second that come live; `null` before that is known. */
	rate: number | null;
	/** Since a line last came, milliseconds; `null` before one did. */
	quietMs: number | null;
	/** How long an answer is waited for, milliseconds; `null` where none is. */
	waitedMs: number | null;
	windowRows: number;
	older: OlderLines;
	/** Nodes whose clocks stand out. */
	skews: readonly NodeSkew[];
};

/** What stands before the first line here: not looked at, being read, nothing more, or more than is kept. */
export type OlderLines = {phase: 'unread' | 'reading' | 'none' | 'full'; read: number; note: string};
export const olderUnread: OlderLines = {phase: 'unread', read: 0, note: ''};

/** Pods of one name in two namespaces are two. Those that are gone are not counted beside others that are not. */
export function podCount(sources: readonly TailSource[]): number {
	return new Set(presentSources(sources).map(({namespace, pod}) => `${namespace}/${pod}`)).size;
}

/** Those whose pod is still there; where none is, all that were. */
export function presentSources(sources: readonly TailSource[]): readonly TailSource[] {
	const present = sources.filter(({isGone}) => isGone !== true);
	return present.length === 0 ? sources : present;
}

/** `214 lines/s`; below ten with a digit behind the point. */
export function formatRate(rate: number): string {
	return `${rate > 0 && rate < 10 ? rate.toFixed(1) : formatNumber(Math.round(rate))} lines/s`;
}

/** No lines for so long are told as such: below it, they may just be slow. */
const quietAfterMs = 5000;

/** What comes, or since when nothing does: `214 lines/s`, `quiet for 12 s`, `asking again for 3.0 s`. */
export function activityWords({
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
		return `quiet for ${formatDuration(quietMs)}`;
	}

	return rate === null ? '' : formatRate(rate);
}

/** Before its first line: at the end, following. */
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

/** The same tail before the first line from another beginning: how lines are drawn and filtered stays. From the head it stands on the first line. */
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

/** One past the newest line that is shown: what came while paused waits. */
export function shownEnd({buffer, pausedAt}: TailView): number {
	return pausedAt === null ? buffer.end : Math.max(buffer.first, Math.min(pausedAt, buffer.end));
}

/** What came since it was paused; errors are counted in what is still kept. */
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

/** How many lines the view can show now. */
export function shownLength(view: TailView): number {
	const index = activeIndex(view);
	return index === null ? shownEnd(view) - view.buffer.first : index.shown.indexOf(shownEnd(view));
}

/** Numbers of all lines that the view shows, in order, as it is now. */
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

/** Number of the line at `place` in the view's order; places outside give the nearest. */
export function numberAt(view: TailView, place: number): number {
	const length = shownLength(view);
	const at = Math.max(0, Math.min(place, length - 1));
	const index = activeIndex(view);
	return index === null ? view.buffer.first + at : (index.shown.at(at) ?? view.buffer.first);
}

/** Place of a line, or of the first one behind it that is shown. */
export function placeOf(view: TailView, number: number): number {
	const index = activeIndex(view);
	return index === null ? Math.max(0, number - view.buffer.first) : index.shown.indexOf(number);
}

/** The line under the cursor; while it follows, the last one that is shown. */
export function selectedLine(view: TailView): number {
	return view.follow ? numberAt(view, shownLength(view) - 1) : view.cursor;
}

/** What the filter lets through; `null` where all lines are shown. */
export function activeIndex({shownIndex, matchesOnly}: TailView): LineIndex | null {
	return matchesOnly ? shownIndex : null;
}

/** Moves the cursor by lines; leaving the end holds the view there. */
export function moveTail(view: TailView, by: number): TailView {
	const place = view.follow ? shownLength(view) - 1 : placeOf(view, view.cursor);
	return goTo({...view, top: topOf(view)}, numberAt(view, place + by));
}

/** Puts the cursor on a line and keeps it in the window. */
export function goTo(view: TailView, number: number): TailView {
	const place = placeOf(view, number);
	const topPlace = placeOf(view, view.top);
	const from = Math.max(0, Math.min(Math.max(topPlace, place - view.windowRows + 1), place));
	return {...view, follow: false, cursor: numberAt(view, place), top: numberAt(view, from)};
}

/** The same with the line in the upper third: for matches, errors and marks, which want what stands behind them. */
export function jumpTo(view: TailView, number: number): TailView {
	const place = placeOf(view, number);
	const topPlace = placeOf(view, topOf(view));
	if (place >= topPlace && place < topPlace + view.windowRows) {
		return goTo({...view, top: topOf(view)}, number);
	}

	return {...view, follow: false, cursor: numberAt(view, place), top: numberAt(view, Math.max(0, place - Math.floor(view.windowRows / 3)))};
}

/** To the newest line, and on with those that come. */
export function followTail(view: TailView): TailView {
	return {
		...view,
		follow: true,
		pausedAt: null,
		top: numberAt(view, shownLength(view) - view.windowRows),
		cursor: numberAt(view, shownLength(view) - 1),
	};
}

/** The line at the top of the window now. */
export function topOf(view: TailView): number {
	return view.follow ? numberAt(view, Math.max(0, shownLength(view) - view.windowRows)) : Math.max(view.top, view.buffer.first);
}

/** The same view when lines were let go: its cursor and its marks are on lines that are kept. */
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

/** Shows a field of JSON lines, or leaves it out again. */
export function toggleField(view: TailView, name: string): TailView {
	const {fields} = view;
	return {...view, json: true, fields: fields.includes(name) ? fields.filter(one => one !== name) : [...fields, name]};
}

/** Holds what comes from now on, or lets it go on. */
export function pauseTail(view: TailView): TailView {
	return view.pausedAt === null ? {...view, pausedAt: view.buffer.end} : {...view, pausedAt: null};
}

/** Sets what is searched for, in all lines again; an empty text is nothing. The index is filled by whoever has the time. */
export function searchTail(view: TailView, asked: TailView['search']): TailView {
	const search = asked?.text === '' ? null : asked;
	const next = {...view, search, searchIndex: search && new LineIndex(searchQuery(search), view.buffer.first)};
	return view.searchOnly ? filterTail(next, {searchOnly: false}) : next;
}

/** What lines are asked for: the filter, or the search where it leaves out what it does not match. */
export function effectiveFilter({filter, search, searchOnly}: Pick<TailView, 'filter' | 'search' | 'searchOnly'>): TailView['filter'] {
	return filter.text === '' && searchOnly && search !== null ? {...search, inverse: false} : filter;
}

/** Sets which lines are left out; without any reason to leave out, none is. */
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

	// Which lines fit is the same, whether the others are left out or not.
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

/** The same view when lines were put between others: what it points at moved. What is searched for is looked for anew. */
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

/** The next line, in either direction, that `isWanted`; `null` when there is none. */
export function findLine(view: TailView, from: number, direction: 1 | -1, isWanted: (number: number) => boolean): number | null {
	for (let place = placeOf(view, from) + direction; place >= 0 && place < shownLength(view); place += direction) {
		const number = numberAt(view, place);
		if (isWanted(number)) {
			return number;
		}
	}

	return null;
}
