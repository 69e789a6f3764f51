/** Action handlers of a tail. */
import {levelNames, type LineLevel} from '../../lines/line-level.ts';
import {countJsonLines} from './json-lines.ts';
import {
	followTail,
	goTo,
	numberAt,
	selectedLine,
	moveTail,
	pauseTail,
	positionOf,
	shownLength,
	topOf,
	type SincePreset,
	type TailView,
} from './tail-view.ts';
import {formatQuantity} from '../../text/formats.ts';
import {markedTargets, selectedTarget} from '../lists/selection.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {changeTail as change, currentTail, withTail} from './current-tail.ts';
import {openTail} from './open-tail.ts';
import {expandedLineHandlers} from './expanded-line-handlers.ts';
import {chooseFields, chooseSources} from './tail-choices.ts';
import {cleanText, saveTail, openTailInProgram} from './export-lines.ts';
import {jumpHandlers} from './tail-jumps.ts';
import {scrollAbove, goToTop} from './seek-older-lines.ts';
import {scrollTail} from './tail-window.ts';
import {promptFilter, toggleMatchesOnly, promptSearch, applyFilter, goToMatch} from './tail-search.ts';

function openSelectedTail(session: Session): void {
	const selected = selectedTarget(session);
	if (selected) {
		const marked = markedTargets(session, selected);
		openTail(session, {
			cluster: selected.cluster,
			namespace: selected.namespace,
			targets: marked.length > 0 ? marked : [selected.target],
			selector: null,
			containers: {kind: 'default'},
		});
	}
}

const pageOf = (view: TailView) => Math.max(1, view.windowRows - 1);
const move = (by: (view: TailView) => number) => async (session: Session) =>
	withTail(session, async tail => {
		const rows = by(tail.view);
		const above = positionOf(tail.view, selectedLine(tail.view));
		change(session, view => moveTail(view, rows));
		if (above + rows < 0) {
			await scrollAbove(session, tail, -(above + rows));
		}
	});

const changeContext = (by: 1 | -1) => async (session: Session) =>
	withTail(session, async tail => {
		const {shownIndex, matchesOnly, context} = tail.view;
		if (shownIndex === null || !matchesOnly) {
			session.showMessage('all lines are shown, so matches need no context');
			return;
		}

		await applyFilter(session, tail, {context: Math.max(0, Math.min(20, context + by))});
	});

const since = (preset: SincePreset) => (session: Session) => {
	currentTail(session)?.start(preset);
};

/** From all lines to warnings, errors, then information; from there back to all. */
const nextLevel: Readonly<Partial<Record<LineLevel, LineLevel>>> = {0: 3, 3: 4, 4: 2};
const nextTimes = {clock: 'full', full: 'none', none: 'clock'} as const;
const nextNames = {short: 'full', full: 'none', none: 'short'} as const;

export const tailHandlers = {
	...jumpHandlers,
	...expandedLineHandlers,
	'list/logs': openSelectedTail,
	'tail/move.down': move(() => 1),
	'tail/move.up': move(() => -1),
	'tail/move.page-down': move(pageOf),
	'tail/move.page-up': move(view => -pageOf(view)),
	'tail/move.half-down': move(view => Math.ceil(pageOf(view) / 2)),
	'tail/move.half-up': move(view => -Math.ceil(pageOf(view) / 2)),
	'tail/move.left'(session) {
		change(session, view => ({...view, left: Math.max(0, view.left - 20)}));
	},
	'tail/move.right'(session) {
		change(session, view => ({...view, left: view.left + 20}));
	},
	'tail/move.start': async session => withTail(session, async tail => goToTop(session, tail)),
	'tail/move.end'(session) {
		change(session, followTail);
	},
	'tail.pause'(session) {
		change(session, pauseTail);
	},
	'tail.background'(session) {
		session.store.dispatchNow({type: 'pop'});
		session.refreshFeeds();
	},
	'tail/search': promptSearch,
	'tail/search.next': async session => goToMatch(session, 1),
	'tail/search.previous': async session => goToMatch(session, -1),
	'tail/filter': promptFilter,
	'tail.matches-only': toggleMatchesOnly,
	'tail.more-context': changeContext(1),
	'tail.less-context': changeContext(-1),
	'tail.level': async session =>
		withTail(session, async tail => {
			const level = nextLevel[tail.view.level] ?? 0;
			session.showMessage(level === 0 ? 'all lines' : `only ${levelNames[level]} and above`);
			await applyFilter(session, tail, {level});
		}),
	'tail/mark'(session) {
		const tail = currentTail(session);
		if (tail?.view.follow) {
			tail.mark(`mark ${new Date().toISOString().slice(11, 19)}`);
		} else {
			change(session, view => {
				const marked = new Set(view.marked);
				if (!marked.delete(view.cursor)) {
					marked.add(view.cursor);
				}

				return moveTail({...view, marked}, 1);
			});
		}
	},
	'tail/json'(session) {
		change(session, view => ({
			...view,
			json: !view.json,
			jsonChoice: !view.json,
			counters: {...view.counters, json: view.json ? 0 : countJsonLines(view.buffer)},
		}));
	},
	'tail.fields': async session => withTail(session, async tail => chooseFields(session, tail)),
	'tail/wrap'(session) {
		change(session, view => ({...view, wrap: !view.wrap, left: 0}));
	},
	'tail.timestamps'(session) {
		change(session, view => ({...view, times: nextTimes[view.times]}));
	},
	'tail.names'(session) {
		change(session, view => ({...view, names: nextNames[view.names]}));
	},
	'tail.sources': async session => withTail(session, async tail => chooseSources(session, tail)),
	'tail.previous-log'(session) {
		const tail = currentTail(session);
		// The previous log is complete, so it is shown from its start.
		tail?.start(tail.view.previous ? 'tail' : 'head', !tail.view.previous);
	},
	'failed/retry'(session) {
		const tail = currentTail(session);
		tail?.start(tail.view.since, tail.view.previous);
	},
	'tail/copy'(session) {
		const tail = currentTail(session);
		if (tail) {
			const {view} = tail;
			if (view.marked.size === 0 && shownLength(view) === 0) {
				session.showMessage('no line to copy');
				return;
			}

			const numbers = view.marked.size > 0 ? [...view.marked].sort((one, other) => one - other) : [selectedLine(view)];
			session.copy(numbers.map(number => cleanText(view, number)).join('\n'), formatQuantity(numbers.length, 'line'));
		}
	},
	'tail/save': async session => withTail(session, async tail => saveTail(session, tail)),
	'tail.plain'(session) {
		change(session, view => ({...view, plain: !view.plain}));
		if (currentTail(session)?.view.plain) {
			session.showMessage('undecorated lines: select text with the mouse');
		}
	},
	'tail/pager': async session => withTail(session, async tail => openTailInProgram(session, tail, 'pager')),
	editor: async session => withTail(session, async tail => openTailInProgram(session, tail, 'editor')),
	'tail.since-tail': since('tail'),
	'tail.since-head': since('head'),
	'tail.since-1m': since('1m'),
	'tail.since-5m': since('5m'),
	'tail.since-15m': since('15m'),
	'tail.since-30m': since('30m'),
	'tail.since-1h': since('1h'),
} satisfies Handlers;

/** With the wheel. Above the first line it reads older lines, as the key does. */
export function scrollTailRows(session: Session, rows: number): void {
	const view = currentTail(session)?.view;
	if (view && rows < 0 && positionOf(view, topOf(view)) === 0) {
		change(session, at => goTo(at, numberAt(at, 0)));
		session.perform('move.up');
	} else {
		change(session, at => scrollTail(at, rows));
	}
}

/** With a click. */
export function selectTailLine(session: Session, number: number): void {
	change(session, view => goTo({...view, top: topOf(view)}, number));
}
