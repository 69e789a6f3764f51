/** Search and filter of a tail. */
import {queryProblem} from '../../state/tail/line-index.ts';
import {describeMatchCount} from '../../state/describe-matches.ts';
import {countMatches, nextMatch} from '../../state/tail/shown-matches.ts';
import {filterTail, goTo, jumpTo, searchTail, type TailView} from '../../state/tail/tail-view.ts';
import {formatQuantity} from '../../text/format-number.ts';
import type {Session} from '../session.ts';
import type {TailRun} from './tail-run.ts';
import {changeTail, currentTail, setView, withTail} from './current-tail.ts';
import {searchOlderLines, searchAllLines, canHaveOlderLines} from './seek-older-lines.ts';

/** Scan time per typed letter; the rest runs between frames. */
const letterMs = 8;

/** Loads older lines before it wraps upward. */
export async function goToMatch(session: Session, direction: 1 | -1): Promise<void> {
	await withTail(session, async run => {
		if (!run.view.search) {
			session.tell('no active search');
			return;
		}

		const number = nextMatch(run.view, direction);
		const isRound = direction < 0 && number !== null && number >= run.view.cursor;
		if (number !== null && !(isRound && canHaveOlderLines(run))) {
			changeTail(session, view => jumpTo(view, number));
			return;
		}

		await searchOlderLines(
			session,
			run,
			view => {
				const found = nextMatch(view, direction);
				return found === null ? null : jumpTo(view, found);
			},
			number === null ? 'no match' : 'no match above',
		);
	});
}

export async function promptSearch(session: Session): Promise<void> {
	const run = currentTail(session);
	if (!run) {
		return;
	}

	const before = run.view;
	const stood = standHeld(run);
	// Lines that arrive while typing do not move the shown match.
	const from = placeHeld(run, before.follow ? before.buffer.end : before.cursor);
	const atNearest = (view: TailView) => {
		const number = nextMatch({...view, cursor: from.number}, -1);
		return number === null ? null : jumpTo(stood.back(view), number);
	};

	const answer = await session.type({
		lead: '/',
		purpose: 'search',
		canUseRegex: true,
		note: text => (text === '' ? '' : (run.view.searchIndex?.problem ?? describeMatchCount(countMatches(run.view)))),
		onChange(text, regex) {
			run.view = searchTail(run.view, {text, regex});
			run.scan(letterMs);
			setView(session, run, atNearest(run.view) ?? stood.back(run.view));
		},
		check: (text, regex) => (text === '' ? null : queryProblem({text, regex})),
	});
	if (answer === null) {
		const view = stood.back(searchedAs(before, run.view, from.isMoved));
		setView(session, run, before.searchOnly ? filterTail(view, {searchOnly: true}) : view);
	} else if (run.view.search) {
		await searchAllLines(session, run, atNearest, 'no match');
	}

	stood.release();
	from.release();
}

/** Matches are stale once lines were inserted before them. */
function searchedAs({search, searchIndex}: TailView, now: TailView, isMoved: boolean): TailView {
	return {...now, search, searchIndex: isMoved ? searchTail(now, search).searchIndex : searchIndex};
}

export async function promptFilter(session: Session): Promise<void> {
	const run = currentTail(session);
	if (!run) {
		return;
	}

	const {filter: before, matchesOnly, follow, cursor} = run.view;
	const from = placeHeld(run, cursor);
	const keep = (change: Parameters<typeof filterTail>[1]) => {
		run.view = filterTail(run.view, change);
		run.scan(letterMs);
		setView(session, run, follow ? run.view : goTo(run.view, from.number));
	};

	const answer = await session.type({
		lead: '&',
		purpose: 'tail-filter',
		canUseRegex: true,
		regex: before.regex,
		text: `${before.inverse ? '!' : ''}${before.text}`,
		note: () =>
			run.view.shownIndex === null
				? 'all lines'
				: (run.view.shownIndex.problem ?? formatQuantity(run.view.shownIndex.matches.length, 'line')),
		onChange(typed, regex) {
			keep({filter: filterOf(typed, regex), matchesOnly: true});
		},
		check: (text, regex) => queryProblem(filterOf(text, regex)),
	});
	if (answer === null) {
		keep({filter: before, matchesOnly});
	}

	if (!follow) {
		await searchAllLines(session, run, view => goTo(view, from.number), 'no lines');
	}

	from.release();
}

/** `!healthz` matches lines without `healthz`. */
function filterOf(typed: string, regex: boolean): TailView['filter'] {
	const inverse = typed.startsWith('!');
	return {text: inverse ? typed.slice(1) : typed, regex, inverse};
}

export async function toggleMatchesOnly(session: Session): Promise<void> {
	const run = currentTail(session);
	if (!run) {
		return;
	}

	const {filter, search, searchOnly, shownIndex} = run.view;
	const isOfSearch = filter.text === '' && search !== null;
	if (!isOfSearch && shownIndex === null) {
		session.tell('no search or filter: all lines are shown');
		return;
	}

	await applyFilter(session, run, isOfSearch ? {searchOnly: !searchOnly, matchesOnly: true} : {matchesOnly: !run.view.matchesOnly});
}

export async function applyFilter(session: Session, run: TailRun, change: Parameters<typeof filterTail>[1]): Promise<void> {
	const {follow, cursor} = run.view;
	const from = placeHeld(run, cursor);
	run.view = filterTail(run.view, change);
	run.scan(letterMs);
	setView(session, run, follow ? run.view : goTo(run.view, from.number));
	if (!follow) {
		await searchAllLines(session, run, view => goTo(view, from.number), 'no lines');
	}

	from.release();
}

function standHeld(run: TailRun) {
	const {follow} = run.view;
	const [cursor, top] = [placeHeld(run, run.view.cursor), placeHeld(run, run.view.top)];
	return {
		back: (view: TailView): TailView => ({...view, follow, cursor: cursor.number, top: top.number}),
		release() {
			cursor.release();
			top.release();
		},
	};
}

function placeHeld(run: TailRun, number: number) {
	const held = {
		number,
		isMoved: false,
		release() {
			run.onMoved.delete(moved);
		},
	};
	const moved = (to: (number: number) => number) => {
		held.number = to(held.number);
		held.isMoved = true;
	};

	run.onMoved.add(moved);
	return held;
}
