/** Search, filter and pickers of a tail, and moves to lines that are not loaded. */
import {setImmediate as turn, setTimeout as delay} from 'node:timers/promises';
import {readFields} from '../../base/lines/line-fields.ts';
import type {ContainerSelection} from '../../streams/logs/follow-logs.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import type {PickerItem} from '../dialogs/dialog.ts';
import type {Notices, DialogAccess, StateAccess} from '../frame/session.ts';
import {describeMatchCount, describeWrap} from '../kit/highlight-matches.ts';
import {queryProblem} from './line-index.ts';
import {changeTail, setView} from './open-tail.ts';
import type {TailRun} from './tail-run.ts';
import {fullSourceName} from './tail-sources.ts';
import {
	filterTail,
	goTo,
	jumpTo,
	numberAt,
	positionOf,
	searchTail,
	toggleField,
	topOf,
	type TailSource,
	type TailView,
} from './tail-view.ts';
import {countMatches, nextMatch} from './log-line.ts';

/** Lines per log that are loaded when scrolling up. */
const stepLines = 5000;

/** Scan time per typed letter; the rest runs between frames. */
const letterMs = 8;

/** Last lines that are scanned for fields. */
const scannedLines = 500;

const maxSourcesWaitMs = 1000;
const allContainers = 'all';
const onlyLead = 'only ';

/** Loads older lines before it wraps upward. */
export async function goToMatch(session: StateAccess & Notices, tail: TailRun, direction: 1 | -1): Promise<void> {
	if (!tail.view.search) {
		session.showMessage('no active search');
		return;
	}

	const number = nextMatch(tail.view, direction);
	const {cursor, follow} = tail.view;
	const wrapsAround = number !== null && (direction < 0 ? number >= cursor : number <= cursor);
	if (number !== null && !(direction < 0 && wrapsAround && canHaveOlderLines(tail))) {
		changeTail(session, view => jumpTo(view, number));
		if (wrapsAround && !follow) {
			session.showMessage(describeWrap(direction));
		}

		return;
	}

	await searchOlderLines(
		session,
		tail,
		view => {
			const found = nextMatch(view, direction);
			return found === null ? null : jumpTo(view, found);
		},
		number === null ? 'no match' : 'no match above',
	);
}

export async function promptSearch(session: StateAccess & Notices & DialogAccess, tail: TailRun): Promise<void> {
	const before = tail.view;
	const position = trackPosition(tail);
	// As in less: the next match from the top of the window, but the last one of a followed log. Lines that arrive while typing do not move
	// the shown match.
	const from = tail.trackLine(before.follow ? before.buffer.end : topOf(before));
	const nearest = (view: TailView) =>
		before.follow ? nextMatch({...view, cursor: from.number}, -1) : nextMatch({...view, cursor: from.number - 1}, 1);
	const wrapsTo = (number: number | null) => !before.follow && number !== null && number < from.number;
	const atNearest = (view: TailView) => {
		const number = nearest(view);
		return number === null ? null : jumpTo(position.restore(view), number);
	};

	const answer = await session.promptForText({
		lead: '/',
		purpose: 'search',
		accept: 'search',
		canUseRegex: true,
		note: text => (text === '' ? '' : (tail.view.searchIndex?.problem ?? describeMatchCount(countMatches(tail.view)))),
		onChange(text, regex) {
			tail.view = searchTail(tail.view, {text, regex});
			const isScanned = tail.scan(letterMs);
			const found = isScanned || !wrapsTo(nearest(tail.view)) ? atNearest(tail.view) : null;
			setView(session, tail, found ?? position.restore(tail.view));
		},
		check: (text, regex) => (text === '' ? null : queryProblem({text, regex})),
	});
	if (answer === null) {
		const view = position.restore(searchedAs(before, tail.view, from.hasMoved));
		setView(session, tail, before.searchOnly ? filterTail(view, {searchOnly: true}) : view);
	} else if (tail.view.search) {
		await searchAllLines(session, tail, atNearest, 'no match');
		const number = nearest(tail.view);
		if (wrapsTo(number) && tail.view.cursor === number) {
			session.showMessage(describeWrap(1));
		}
	}

	position.release();
	from.release();
}

/** Matches are stale once lines were inserted before them. */
function searchedAs({search, searchIndex}: TailView, now: TailView, hasMoved: boolean): TailView {
	return {...now, search, searchIndex: hasMoved ? searchTail(now, search).searchIndex : searchIndex};
}

export async function promptFilter(session: StateAccess & Notices & DialogAccess, tail: TailRun): Promise<void> {
	const {filter: before, matchesOnly} = tail.view;
	const filtered = beginFilter(session, tail);
	const answer = await session.promptForText({
		lead: '&',
		purpose: 'tail-filter',
		accept: 'apply',
		canUseRegex: true,
		regex: before.regex,
		text: `${before.inverse ? '!' : ''}${before.text}`,
		note: () =>
			tail.view.shownIndex === null
				? 'all lines'
				: (tail.view.shownIndex.problem ?? formatQuantity(tail.view.shownIndex.matches.length, 'line')),
		onChange(typed, regex) {
			filtered.change({filter: filterOf(typed, regex), matchesOnly: true});
		},
		check: (text, regex) => queryProblem(filterOf(text, regex)),
	});
	if (answer === null) {
		filtered.change({filter: before, matchesOnly});
	}

	await filtered.release();
}

/** `!healthz` matches lines without `healthz`. */
function filterOf(typed: string, regex: boolean): TailView['filter'] {
	const inverse = typed.startsWith('!');
	return {text: inverse ? typed.slice(1) : typed, regex, inverse};
}

export async function toggleMatchesOnly(session: StateAccess & Notices, tail: TailRun): Promise<void> {
	const {filter, search, searchOnly, shownIndex} = tail.view;
	const isOfSearch = filter.text === '' && search !== null;
	if (!isOfSearch && shownIndex === null) {
		session.showMessage('no search or filter: all lines are shown');
		return;
	}

	await applyFilter(session, tail, isOfSearch ? {searchOnly: !searchOnly, matchesOnly: true} : {matchesOnly: !tail.view.matchesOnly});
}

export async function applyFilter(session: StateAccess & Notices, tail: TailRun, change: Parameters<typeof filterTail>[1]): Promise<void> {
	const filtered = beginFilter(session, tail);
	filtered.change(change);
	await filtered.release();
}

/** Each change keeps the selected line, or follows; `release` finds it also where it was not scanned yet. */
function beginFilter(session: StateAccess & Notices, tail: TailRun) {
	const {follow, cursor} = tail.view;
	const from = tail.trackLine(cursor);
	return {
		change(to: Parameters<typeof filterTail>[1]) {
			tail.view = filterTail(tail.view, to);
			tail.scan(letterMs);
			setView(session, tail, follow ? tail.view : goTo(tail.view, from.number));
		},
		async release() {
			if (!follow) {
				await searchAllLines(session, tail, view => goTo(view, from.number), 'no lines');
			}

			from.release();
		},
	};
}

/** Restores cursor, top and following, also after lines were inserted before them. */
function trackPosition(tail: TailRun) {
	const {follow} = tail.view;
	const cursor = tail.trackLine(tail.view.cursor);
	const top = tail.trackLine(tail.view.top);
	return {
		restore: (view: TailView): TailView => ({...view, follow, cursor: cursor.number, top: top.number}),
		release() {
			cursor.release();
			top.release();
		},
	};
}

export async function chooseFields(session: StateAccess & DialogAccess, tail: TailRun): Promise<void> {
	let last = '';
	for (;;) {
		const items = fieldItems(tail.view);
		const notes = items.length === 0 ? [`None of the last ${scannedLines} lines is JSON or logfmt.`] : [];
		const chosen = await session.pick({
			title: 'Fields',
			purpose: 'fields',
			heads: ['FIELD', '', 'SEEN IN'],
			keys: 'show or hide',
			toggles: true,
			notes,
			items: [{id: '', cells: ['(all fields)', tail.view.fields.length === 0 ? 'shown' : '', '']}, ...items],
			selected: last,
		});
		if (chosen === null) {
			return;
		}

		const {view} = tail;
		setView(session, tail, chosen === '' ? {...view, json: true, jsonChoice: true, fields: []} : toggleField(view, chosen));
		last = chosen;
	}
}

function fieldItems({buffer, fields}: TailView): PickerItem[] {
	const counts = new Map<string, number>();
	const first = Math.max(buffer.first, buffer.end - scannedLines);
	for (let number = first; number < buffer.end; number++) {
		for (const {name} of readFields(buffer.line(number)?.bytes.toString('utf8') ?? '') ?? []) {
			counts.set(name, (counts.get(name) ?? 0) + 1);
		}
	}

	return [...counts]
		.sort(([, one], [, other]) => other - one)
		.map(([name, count]) => ({
			id: name,
			cells: [name, fields.includes(name) ? 'shown' : '', `in ${count} of ${formatQuantity(buffer.end - first, 'line')}`],
		}));
}

export async function chooseSources(session: StateAccess & Notices & DialogAccess, tail: TailRun): Promise<void> {
	let last = '';
	for (;;) {
		const {sources} = tail.view;
		const chosen = await session.pick({
			title: 'Pods and containers',
			purpose: 'sources',
			items: sourceItems(sources, tail.request.containers),
			selected: last,
			keys: 'show or hide',
			toggles: true,
		});
		if (chosen === null) {
			return;
		}

		const containers = containersOf(chosen, tail.request.containers);
		if (containers !== null) {
			tail.request.containers = containers;
			tail.start(tail.view.since, tail.view.previous);
			await sourcesKnown(tail);
			last = chosen;
			continue;
		}

		last = chosen;
		const at = Number(chosen);
		const source = tail.view.sources[at]!;
		await applyFilter(session, tail, {sources: tail.view.sources.with(at, {...source, on: !source.on})});
	}
}

/** The list stays open, so that the key that closes it does not close the tail. */
async function sourcesKnown(tail: TailRun): Promise<void> {
	for (let waited = 0; waited < maxSourcesWaitMs && tail.view.sources.length === 0 && tail.view.phase === 'opening'; waited += 50) {
		await delay(50);
	}
}

function sourceItems(sources: readonly TailSource[], {kind}: ContainerSelection): PickerItem[] {
	const followed = new Set(sources.map(({container}) => container));
	const others = new Set(sources.flatMap(({besides = []}) => besides).filter(name => !followed.has(name)));
	return [
		...sources.map((source, index) => ({
			id: String(index),
			cells: [
				fullSourceName(source),
				source.on ? 'shown' : 'hidden',
				source.node === null ? source.state : `${source.state} on ${source.node}`,
			],
		})),
		...[...others].map(name => ({id: `${onlyLead}${name}`, cells: [name, 'not followed', 'Enter to follow only this one']})),
		{id: allContainers, cells: ['(all containers of these pods)', kind === 'all' ? 'followed' : 'not followed', '']},
	];
}

/** `null` when a source was toggled. */
function containersOf(chosen: string, now: ContainerSelection): ContainerSelection | null {
	if (chosen === allContainers) {
		return now.kind === 'all' ? {kind: 'default'} : {kind: 'all'};
	}

	return chosen.startsWith(onlyLead) ? {kind: 'named', name: chosen.slice(onlyLead.length)} : null;
}

export async function goToTop(session: StateAccess & Notices, tail: TailRun): Promise<void> {
	setView(session, tail, toFirst(tail.view));
	await whileStaying(session, tail, null, view => toFirst(view));
}

export async function scrollAbove(session: StateAccess & Notices, tail: TailRun, rows: number): Promise<void> {
	await whileStaying(session, tail, stepLines, view => goTo(view, numberAt(view, positionOf(view, view.cursor) - rows)));
}

/** `find` returns the view with the match. */
async function searchAllLines(
	session: StateAccess & Notices,
	tail: TailRun,
	find: (view: TailView) => TailView | null,
	none: string,
): Promise<void> {
	const {cursor, follow} = tail.view;
	await finishScan(tail);
	const found = find(tail.view);
	if (found === null) {
		await searchOlderLines(session, tail, find, none);
	} else if (tail.view.cursor === cursor && tail.view.follow === follow) {
		setView(session, tail, found);
	}
}

export async function searchOlderLines(
	session: StateAccess & Notices,
	tail: TailRun,
	find: (view: TailView) => TailView | null,
	none: string,
): Promise<void> {
	if (!tail.scan(0)) {
		await searchAllLines(session, tail, find, none);
		return;
	}

	if (!canHaveOlderLines(tail)) {
		session.showMessage(none);
		return;
	}

	session.showMessage(`${none} in the loaded lines; reading older lines`);
	await whileStaying(session, tail, null, async () => {
		await finishScan(tail);
		const found = find(tail.view);
		session.showMessage(found === null ? none : 'found in older lines');
		return found ?? tail.view;
	});
}

function canHaveOlderLines({
	view: {
		older: {phase},
	},
}: TailRun): boolean {
	return phase === 'unread' || phase === 'reading';
}

async function whileStaying(
	session: StateAccess & Notices,
	tail: TailRun,
	maxLines: number | null,
	then: (view: TailView) => TailView | Promise<TailView>,
): Promise<void> {
	if (!canHaveOlderLines(tail)) {
		return;
	}

	const {follow} = tail.view;
	const cursor = tail.trackLine(tail.view.cursor);
	await tail.loadOlder(maxLines);
	cursor.release();
	if (tail.view.follow === follow && (follow || tail.view.cursor === cursor.number)) {
		setView(session, tail, await then(tail.view));
	}

	const {note} = tail.view.older;
	if (note !== '') {
		session.showMessage(note, 'warn');
	}
}

function toFirst(view: TailView): TailView {
	return goTo({...view, follow: false}, numberAt(view, 0));
}

export async function finishScan(tail: TailRun): Promise<void> {
	while (!tail.scan(8)) {
		await turn();
	}
}
