/** Matches of a search that are neither filtered out nor buffered by a pause. */
import type {LineNumbers} from './line-numbers.ts';
import {activeIndex, shownEnd, type TailView} from './tail-view.ts';

/** Counting stops here, because the counters are drawn several times per second. */
const maxCountedMatches = 5000;

/** Wraps around. */
export function nextMatch(view: TailView, direction: 1 | -1): number | null {
	return direction > 0
		? (firstFrom(view, view.cursor + 1) ?? firstFrom(view, view.buffer.first))
		: (lastUpTo(view, view.cursor - 1) ?? lastUpTo(view, shownEnd(view) - 1));
}

export type MatchCount = {
	/** Number of the current or next match; `null` beyond the counted ones. */
	at: number | null;
	of: number;
	more: boolean;
	hidden: number;
};

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
