/** Action handlers of a tail: also its jumps to errors, gaps and marks, and its expanded line. */
import {readFields} from '../../base/lines/line-fields.ts';
import {isErrorLevel, levelNames, type LineLevel} from '../../base/lines/line-level.ts';
import {clean, cleanText, openTailInProgram, saveTail} from './export-lines.ts';
import {kindMask, levelMask, noticeFlags} from './line-buffer.ts';
import {changeTail, currentTail, openTail, withTail} from './open-tail.ts';
import {
	applyFilter,
	chooseFields,
	chooseSources,
	goToMatch,
	goToTop,
	promptFilter,
	promptSearch,
	scrollAbove,
	searchOlderLines,
	toggleMatchesOnly,
} from './tail-search.ts';
import {
	findLine,
	followTail,
	goTo,
	jumpTo,
	moveTail,
	numberAt,
	pauseTail,
	positionOf,
	selectedLine,
	shownLength,
	toggleField,
	topOf,
	type SincePreset,
	type TailView,
} from './tail-view.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import {chosenTargets} from '../lists/selection.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {scrollTail} from './log-line.ts';
import type {TailRun} from './tail-run.ts';
import {expandedLength} from './tail.tsx';

type IsWanted = (view: TailView, number: number) => boolean;

const onTail = (work: (session: Session, tail: TailRun) => Promise<void>) => async (session: Session) =>
	withTail(session, async tail => work(session, tail));

const pageOf = (view: TailView) => Math.max(1, view.windowRows - 1);

const move = (by: (view: TailView) => number) =>
	onTail(async (session, tail) => {
		const rows = by(tail.view);
		const above = positionOf(tail.view, selectedLine(tail.view));
		changeTail(session, view => moveTail(view, rows));
		if (above + rows < 0) {
			await scrollAbove(session, tail, -(above + rows));
		}
	});

const changeContext = (by: 1 | -1) =>
	onTail(async (session, tail) => {
		const {shownIndex, matchesOnly, context} = tail.view;
		if (shownIndex === null || !matchesOnly) {
			session.showMessage('all lines are shown, so matches need no context');
			return;
		}

		await applyFilter(session, tail, {context: Math.max(0, Math.min(20, context + by))});
	});

const jump = (direction: 1 | -1, isWanted: IsWanted, none: string) =>
	onTail(async (session, tail) => {
		const find = (view: TailView) => {
			const number = nextWanted(view, direction, isWanted);
			return number === null ? null : jumpTo(view, number);
		};

		const found = find(tail.view);
		if (found !== null) {
			changeTail(session, () => found);
		} else if (direction > 0) {
			session.showMessage(none);
		} else {
			await searchOlderLines(session, tail, find, none);
		}
	});

const since = (preset: SincePreset) => (session: Session) => {
	currentTail(session)?.start(preset);
};

/** From all lines to warnings, errors, then information; from there back to all. */
const nextLevel: Readonly<Partial<Record<LineLevel, LineLevel>>> = {0: 3, 3: 4, 4: 2};
const nextTimes = {clock: 'full', full: 'none', none: 'clock'} as const;
const nextNames = {short: 'full', full: 'none', none: 'short'} as const;

export const tailHandlers = {
	async 'list/logs'(session) {
		const chosen = await chosenTargets(session);
		if (chosen) {
			openTail(session, {...chosen, selector: null, containers: {kind: 'default'}});
		}
	},
	'tail/move.down': move(() => 1),
	'tail/move.up': move(() => -1),
	'tail/move.page-down': move(pageOf),
	'tail/move.page-up': move(view => -pageOf(view)),
	'tail/move.half-down': move(view => Math.ceil(pageOf(view) / 2)),
	'tail/move.half-up': move(view => -Math.ceil(pageOf(view) / 2)),
	'tail/move.left'(session) {
		changeTail(session, view => ({...view, left: Math.max(0, view.left - 20)}));
	},
	'tail/move.right'(session) {
		changeTail(session, view => ({...view, left: view.left + 20}));
	},
	'tail/move.start': onTail(goToTop),
	'tail/move.end'(session) {
		changeTail(session, followTail);
	},
	'tail.pause'(session) {
		changeTail(session, pauseTail);
	},
	'tail.background'(session) {
		session.store.dispatchNow({type: 'pop'});
		session.refreshFeeds();
	},
	'tail/search': onTail(promptSearch),
	'tail/search.next': onTail(async (session, tail) => goToMatch(session, tail, 1)),
	'tail/search.previous': onTail(async (session, tail) => goToMatch(session, tail, -1)),
	'tail.next-error': jump(1, isError, 'no error below'),
	'tail.previous-error': jump(-1, isError, 'no error above'),
	'tail.next-mark': jump(1, isMark, 'no mark below'),
	'tail.previous-mark': jump(-1, isMark, 'no mark above'),
	'tail.next-gap': jump(1, isGap, 'no gap, reconnect or restart below'),
	'tail.previous-gap': jump(-1, isGap, 'no gap, reconnect or restart above'),
	'tail/filter': onTail(promptFilter),
	'tail.matches-only': onTail(toggleMatchesOnly),
	'tail.more-context': changeContext(1),
	'tail.less-context': changeContext(-1),
	'tail.level': onTail(async (session, tail) => {
		const level = nextLevel[tail.view.level] ?? 0;
		session.showMessage(level === 0 ? 'all lines' : `only ${levelNames[level]} and above`);
		await applyFilter(session, tail, {level});
	}),
	'tail/mark'(session) {
		const tail = currentTail(session);
		if (tail?.view.follow) {
			tail.mark(`mark ${new Date().toISOString().slice(11, 19)}`);
		} else {
			changeTail(session, view => {
				const marked = new Set(view.marked);
				if (!marked.delete(view.cursor)) {
					marked.add(view.cursor);
				}

				return moveTail({...view, marked}, 1);
			});
		}
	},
	'tail/json'(session) {
		changeTail(session, view => ({...view, json: !view.json, jsonChoice: !view.json}));
	},
	'tail.fields': onTail(chooseFields),
	'tail/wrap'(session) {
		changeTail(session, view => ({...view, wrap: !view.wrap, left: 0}));
	},
	'tail.timestamps'(session) {
		changeTail(session, view => ({...view, times: nextTimes[view.times]}));
	},
	'tail.names'(session) {
		changeTail(session, view => ({...view, names: nextNames[view.names]}));
	},
	'tail.sources': onTail(chooseSources),
	'tail.previous-log'(session) {
		const tail = currentTail(session);
		// The previous log is complete, so it is shown from its start.
		tail?.start(tail.view.previous ? 'tail' : 'head', !tail.view.previous);
	},
	'failed/retry'(session) {
		const tail = currentTail(session);
		tail?.start(tail.view.since, tail.view.previous);
	},
	'tail/copy': onTail(async (session, {view}) => {
		if (view.marked.size === 0 && shownLength(view) === 0) {
			session.showMessage('no line to copy');
			return;
		}

		const numbers = view.marked.size > 0 ? [...view.marked].sort((one, other) => one - other) : [selectedLine(view)];
		session.copy(numbers.map(number => cleanText(view, number)).join('\n'), formatQuantity(numbers.length, 'line'));
	}),
	'tail/save': onTail(saveTail),
	'tail.plain'(session) {
		changeTail(session, view => ({...view, plain: !view.plain}));
		if (currentTail(session)?.view.plain) {
			session.showMessage('undecorated lines: select text with the mouse');
		}
	},
	'tail/pager': onTail(async (session, tail) => openTailInProgram(session, tail, 'pager')),
	editor: onTail(async (session, tail) => openTailInProgram(session, tail, 'editor')),
	'tail.since-tail': since('tail'),
	'tail.since-head': since('head'),
	'tail.since-1m': since('1m'),
	'tail.since-5m': since('5m'),
	'tail.since-15m': since('15m'),
	'tail.since-30m': since('30m'),
	'tail.since-1h': since('1h'),
	'tail/open'(session) {
		const tail = currentTail(session);
		if (tail && shownLength(tail.view) > 0) {
			changeTail(session, view => ({...goTo(view, selectedLine(view)), lineField: 0}));
			session.store.dispatchNow({type: 'layer', to: {line: tail.view.cursor}});
		}
	},
	'line/view.back'({store}) {
		store.dispatchNow({type: 'layer', to: {line: null}});
	},
	'line/move.down'(session) {
		moveInLine(session, 1);
	},
	'line/move.up'(session) {
		moveInLine(session, -1);
	},
	'line/copy'(session) {
		const field = selectedField(session);
		if (field) {
			session.copy(field.value, field.name === '' ? 'the line' : field.name);
		}
	},
	'line.add-field'(session) {
		const field = selectedField(session);
		if (field && field.name !== '') {
			changeTail(session, view => toggleField(view, field.name));
		}
	},
} satisfies Handlers;

/** With the wheel. Above the first line it reads older lines, as the key does. */
export function scrollTailRows(session: Session, rows: number): void {
	const view = currentTail(session)?.view;
	if (view && rows < 0 && positionOf(view, topOf(view)) === 0) {
		changeTail(session, at => goTo(at, numberAt(at, 0)));
		session.perform('move.up');
	} else {
		changeTail(session, at => scrollTail(at, rows));
	}
}

/** With a click. */
export function selectTailLine(session: Session, number: number): void {
	changeTail(session, view => goTo({...view, top: topOf(view)}, number));
}

/** The next matching line. While following, the last line itself can match, because the cursor has not been on it. */
function nextWanted(view: TailView, direction: 1 | -1, isWanted: IsWanted): number | null {
	const last = selectedLine(view);
	if (view.follow && direction < 0 && shownLength(view) > 0 && isWanted(view, last)) {
		return last;
	}

	const from = view.follow ? view.buffer.end - (direction > 0 ? 1 : 0) : view.cursor;
	return findLine(view, from, direction, number => isWanted(view, number));
}

function isError(view: TailView, number: number): boolean {
	return isErrorLevel(flagsAt(view, number) & levelMask);
}

function isGap(view: TailView, number: number): boolean {
	return (flagsAt(view, number) & kindMask) === noticeFlags;
}

function isMark(view: TailView, number: number): boolean {
	return view.buffer.line(number)?.kind === 'mark' || view.marked.has(number);
}

function flagsAt({buffer}: TailView, number: number): number {
	const block = buffer.blockOf(number);
	return block === null ? 0 : block.flags[number - block.first]!;
}

function moveInLine(session: Session, by: 1 | -1): void {
	const view = currentTail(session)?.view;
	const line = view?.buffer.line(view.cursor);
	const last = line ? expandedLength(line, session.store.state.size.columns) - 1 : 0;
	changeTail(session, view => ({...view, lineField: Math.max(0, Math.min(view.lineField + by, last))}));
}

/** An empty name means the whole line. */
function selectedField(session: Session): {name: string; value: string} | null {
	const view = currentTail(session)?.view;
	const text = view?.buffer.line(view.cursor)?.bytes.toString('utf8');
	if (!view || text === undefined) {
		return null;
	}

	const fields = readFields(text);
	return fields === null ? {name: '', value: clean(text)} : (fields[Math.min(view.lineField, fields.length - 1)] ?? null);
}
