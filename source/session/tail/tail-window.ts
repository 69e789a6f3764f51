/** The lines of a tail on the screen, and the matches of a search among those that are shown. */
import type {TailLine} from './line-buffer.ts';
import type {LineNumbers} from './line-index.ts';
import {activeIndex, followTail, numberAt, positionOf, shownEnd, shownLength, topOf, type TailView} from './tail-view.ts';

type TailWindow = {
	lines: readonly TailLine[];
	above: number;
	below: number;
};

/** Counting stops here, because the counters are drawn several times per second. */
const maxCountedMatches = 5000;

export type MatchCount = {
	/** Number of the current or next match; `null` beyond the counted ones. */
	at: number | null;
	of: number;
	more: boolean;
	hidden: number;
};

/** While following, the newest line is always complete, so only the end of the first line may fit. */
export function tailWindow(view: TailView, rows: number, heightOf: (line: TailLine) => number): TailWindow {
	const length = shownLength(view);
	if (length === 0) {
		return {lines: [], above: 0, below: 0};
	}

	let from = view.follow ? length : positionOf(view, topOf(view));
	if (view.follow) {
		for (let remaining = rows; from > 0 && remaining > 0; from--) {
			remaining -= heightAt(view, from - 1, heightOf);
		}
	}

	const lines: TailLine[] = [];
	let position = from;
	for (let remaining = rows; position < length && (remaining > 0 || view.follow); position++) {
		const line = view.buffer.line(numberAt(view, position));
		if (line === null) {
			break;
		}

		lines.push(line);
		remaining -= heightOf(line);
	}

	return {lines, above: from, below: length - position};
}

/** A line that does not fit is visible from its top. */
export function scrollToCursor(view: TailView, rows: number, heightOf: (line: TailLine) => number): TailView {
	if (view.follow || shownLength(view) === 0) {
		return view;
	}

	const position = positionOf(view, view.cursor);
	let from = position;
	for (let remaining = rows - heightAt(view, position, heightOf); from > 0; from--) {
		remaining -= heightAt(view, from - 1, heightOf);
		if (remaining < 0) {
			break;
		}
	}

	return positionOf(view, topOf(view)) >= from ? view : {...view, top: numberAt(view, from)};
}

/** Moves the window. The cursor stays in it, and the end follows again. */
export function scrollTail(view: TailView, by: number): TailView {
	const length = shownLength(view);
	const last = Math.max(0, length - view.windowRows);
	const wanted = positionOf(view, topOf(view)) + by;
	if (by > 0 && (view.follow || (wanted >= last && view.pausedAt === null))) {
		return view.follow ? view : followTail(view);
	}

	const top = Math.max(0, Math.min(wanted, last));
	const position = view.follow ? length - 1 : positionOf(view, view.cursor);
	const cursor = Math.max(top, Math.min(position, top + view.windowRows - 1));
	return {...view, follow: false, top: numberAt(view, top), cursor: numberAt(view, cursor)};
}

function heightAt(view: TailView, position: number, heightOf: (line: TailLine) => number): number {
	const line = view.buffer.line(numberAt(view, position));
	return line === null ? 1 : heightOf(line);
}

/** Wraps around. */
export function nextMatch(view: TailView, direction: 1 | -1): number | null {
	return direction > 0
		? (firstFrom(view, view.cursor + 1) ?? firstFrom(view, view.buffer.first))
		: (lastUpTo(view, view.cursor - 1) ?? lastUpTo(view, shownEnd(view) - 1));
}

export function countMatches(view: TailView): MatchCount {
	const matches = view.searchIndex?.matches;
	if (!matches || activeIndex(view) === null) {
		const of = matches?.indexOf(shownEnd(view)) ?? 0;
		return {at: matches ? Math.min(of, matches.indexOf(view.cursor) + 1) : 0, of, more: false, hidden: (matches?.length ?? 0) - of};
	}

	let [of, before, isPast] = [0, 0, false];
	for (let number = firstFrom(view, view.buffer.first); number !== null; number = firstFrom(view, number + 1)) {
		if (of === maxCountedMatches) {
			return {at: isPast ? before + 1 : null, of, more: true, hidden: 0};
		}

		of++;
		isPast ||= number >= view.cursor;
		before += number < view.cursor ? 1 : 0;
	}

	return {at: Math.min(of, before + 1), of, more: false, hidden: matches.length - of};
}

function firstFrom(view: TailView, from: number): number | null {
	const [matches, shown] = [view.searchIndex?.matches, activeIndex(view)?.shown];
	for (let at = from; ;) {
		const match = matches?.at(matches.indexOf(at));
		const row = match === undefined || !shown ? match : shown.at(shown.indexOf(match));
		if (match === undefined || row === undefined || match >= shownEnd(view)) {
			return null;
		}

		if (row === match) {
			return match;
		}

		at = row;
	}
}

function lastUpTo(view: TailView, to: number): number | null {
	const [matches, shown] = [view.searchIndex?.matches, activeIndex(view)?.shown];
	for (let at = Math.min(to, shownEnd(view) - 1); ;) {
		const match = matches && upTo(matches, at);
		const row = match === undefined || !shown ? match : upTo(shown, match);
		if (match === undefined || row === undefined) {
			return null;
		}

		if (row === match) {
			return match;
		}

		at = row;
	}
}

function upTo(numbers: LineNumbers, number: number): number | undefined {
	return numbers.at(numbers.indexOf(number + 1) - 1);
}
