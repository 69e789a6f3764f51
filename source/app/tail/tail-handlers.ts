/** All that is done in a tail. */
import {allJsonFields, countJsonLines} from '../../state/tail/json-fields.ts';
import {emptyTail, findLine, followTail, goTo, jumpTo, moveTail, numberAt, pauseTail, placeOf, shownLength, toggleField, type SincePreset, type TailView} from '../../state/tail/tail-view.ts';
import {kindBits, levelBits, levelNames, noticeSign, type LineLevel} from '../../state/tail/line-buffer.ts';
import {counted} from '../../text/grouped.ts';
import {openedLength} from '../../ui/opened-line.ts';
import type {Session} from '../session.ts';
import {markedTargets, targetHere} from '../handlers/cursor.ts';
import type {Handlers} from '../handlers/handler.ts';
import {tellDock} from './tail-in-dock.ts';
import {TailRun} from './tail-run.ts';
import {tailAsk, type TailWish} from './tail-targets.ts';
import {chooseFields, chooseSources} from './tail-choices.ts';
import {changeTail as change, currentTail, withTail} from './current-tail.ts';
import {goAbove, goToTop, lookAbove} from './tail-older.ts';
import {filter, matchesOnly, search, showLines, toMatch} from './tail-search.ts';
import {clean, cleanText, saveTail, viewOutside} from './tail-copies.ts';

/** Opens a tail, or the one that is open already for the same wish. */
export function openTail(session: Session, wish: TailWish, since: SincePreset = 'tail', previous = false): TailRun {
	const ask = tailAsk(session.cluster.access, wish);
	const known = [...session.tails.values()].find(run => run.ask.asked === ask.asked && run.view.phase !== 'failed' && run.view.phase !== 'ended' && run.key === keyOf(session, wish));
	if (known && !previous) {
		known.view = followTail(known.view);
		session.store.now({type: 'push', layer: {kind: 'tail', id: known.id, line: null}});
		return known;
	}

	const id = session.nextId('tail');
	session.store.now({type: 'dock', event: {type: 'open', entry: {id, kind: 'logs', what: ask.title, context: session.cluster.context, namespace: wish.namespace, since: Date.now()}}});
	const run = new TailRun(id, ask, drawnLike(emptyTail(id, ask.title), [...session.tails.values()].at(-1)?.view), {
		cluster: session.cluster.access, witness: session.witnessFor(id),
		changed() {
			session.store.data({type: 'tail-changed'});
		},
	});
	run.onMoved.add(moved => {
		const layer = session.store.state.layers.at(-1);
		if (layer?.kind === 'tail' && layer.id === id && layer.line !== null) {
			session.store.data({type: 'layer', to: {line: moved(layer.line)}});
		}
	});
	run.key = keyOf(session, wish);
	session.tails.set(id, run);
	session.store.now({type: 'push', layer: {kind: 'tail', id, line: null}});
	run.start(since, previous);
	return run;
}

/** How lines are drawn was chosen once, and is not asked for again with each tail. */
export function drawnLike(view: TailView, last: TailView | undefined): TailView {
	const {wrap, json, times, names} = last ?? view;
	return {...view, wrap, json, times, names};
}

function keyOf(session: Session, {namespace, targets, selector, containers}: TailWish): string {
	return JSON.stringify([session.cluster.context, namespace, targets, selector, containers]);
}

function openTailHere(session: Session): void {
	const here = targetHere(session);
	if (here) {
		const marked = markedTargets(session, here.namespace);
		openTail(session, {namespace: here.namespace, targets: marked.length > 0 ? marked : [here.target], selector: null, containers: {kind: 'default'}});
	}
}

/** The line under the cursor; while it follows, the last one that is shown. */
const lineHere = (view: TailView) => view.follow ? numberAt(view, shownLength(view) - 1) : view.cursor;

const pageOf = (view: TailView) => Math.max(1, view.windowRows - 1);
const move = (by: (view: TailView) => number) => async (session: Session) => withTail(session, async run => {
	const rows = by(run.view);
	const above = placeOf(run.view, lineHere(run.view));
	change(session, view => moveTail(view, rows));
	if (above + rows < 0) {
		await goAbove(session, run, -(above + rows));
	}
});

const since = (preset: SincePreset) => (session: Session) => {
	currentTail(session)?.start(preset);
};

async function jump(session: Session, direction: 1 | -1, isWanted: (view: TailView, number: number) => boolean, none: string): Promise<void> {
	const find = (view: TailView) => {
		const from = view.follow ? view.buffer.end - (direction > 0 ? 1 : 0) : view.cursor;
		const isAtLast = view.follow && direction < 0 && shownLength(view) > 0 && isWanted(view, numberAt(view, shownLength(view) - 1));
		const number = isAtLast ? numberAt(view, shownLength(view) - 1) : findLine(view, from, direction, one => isWanted(view, one));
		return number === null ? null : jumpTo(view, number);
	};

	await withTail(session, async run => {
		const found = find(run.view);
		if (found !== null) {
			change(session, () => found);
		} else if (direction > 0) {
			session.tell(none);
		} else {
			await lookAbove(session, run, find, none);
		}
	});
}

const signAt = ({buffer}: TailView, number: number) => {
	const block = buffer.blockOf(number);
	return block === null ? 0 : block.signs[number - block.first]!;
};

const isError = (view: TailView, number: number) => (signAt(view, number) & levelBits) >= 4;
/** What befell the streams: every line that is neither a container's nor a person's mark. */
const isGap = (view: TailView, number: number) => (signAt(view, number) & kindBits) === noticeSign;
const isMark = (view: TailView, number: number) => view.buffer.line(number)?.kind === 'mark' || view.marked.has(number);

/** What the same key shows next: from a level on, times and names. */
const nextLevel: Readonly<Partial<Record<LineLevel, LineLevel>>> = {0: 3, 3: 4, 4: 2};
const nextTimes = {clock: 'full', full: 'none', none: 'clock'} as const;
const nextNames = {short: 'full', full: 'none', none: 'short'} as const;

export const tailHandlers: Handlers = {
	'pods.logs': openTailHere,
	'workloads.logs': openTailHere,
	'services.logs': openTailHere,
	'tail.down': move(() => 1),
	'tail.up': move(() => -1),
	'tail.page-down': move(pageOf),
	'tail.page-up': move(view => -pageOf(view)),
	'tail.half-down': move(view => Math.ceil(pageOf(view) / 2)),
	'tail.half-up': move(view => -Math.ceil(pageOf(view) / 2)),
	'tail.left'(session) {
		change(session, view => ({...view, left: Math.max(0, view.left - 20)}));
	},
	'tail.right'(session) {
		change(session, view => ({...view, left: view.left + 20}));
	},
	'tail.top': async session => withTail(session, async run => goToTop(session, run)),
	'tail.follow'(session) {
		change(session, followTail);
	},
	'tail.pause'(session) {
		change(session, pauseTail);
	},
	'tail.search': search,
	'tail.next-match': async session => toMatch(session, 1),
	'tail.previous-match': async session => toMatch(session, -1),
	'tail.filter': filter,
	'tail.matches-only': matchesOnly,
	'tail.more-context': async session => withTail(session, async run => showLines(session, run, {context: Math.min(20, run.view.context + 1)})),
	'tail.less-context': async session => withTail(session, async run => showLines(session, run, {context: Math.max(0, run.view.context - 1)})),
	'tail.next-error': async session => jump(session, 1, isError, 'no error below'),
	'tail.previous-error': async session => jump(session, -1, isError, 'no error above'),
	'tail.level': async session => withTail(session, async run => {
		const level = nextLevel[run.view.level] ?? 0;
		session.tell(level === 0 ? 'all lines' : `only ${levelNames[level]} and worse`);
		await showLines(session, run, {level});
	}),
	'tail.next-mark': async session => jump(session, 1, isMark, 'no mark below'),
	'tail.previous-mark': async session => jump(session, -1, isMark, 'no mark above'),
	'tail.next-gap': async session => jump(session, 1, isGap, 'no gap, reconnect or restart below'),
	'tail.previous-gap': async session => jump(session, -1, isGap, 'no gap, reconnect or restart above'),
	'tail.mark'(session) {
		const run = currentTail(session);
		if (run?.view.follow) {
			run.mark(`mark ${new Date().toISOString().slice(11, 19)}`);
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
	'tail.json'(session) {
		change(session, view => ({...view, json: !view.json, counters: {...view.counters, json: view.json ? 0 : countJsonLines(view.buffer)}}));
	},
	'tail.fields': async session => withTail(session, async run => chooseFields(session, run)),
	'tail.wrap'(session) {
		change(session, view => ({...view, wrap: !view.wrap, left: 0}));
	},
	'tail.timestamps'(session) {
		change(session, view => ({...view, times: nextTimes[view.times]}));
	},
	'tail.names'(session) {
		change(session, view => ({...view, names: nextNames[view.names]}));
	},
	'tail.sources': async session => withTail(session, async run => chooseSources(session, run)),
	'tail.previous-log'(session) {
		const run = currentTail(session);
		// Of a log before the last words are wanted, and back from it what goes on.
		run?.start(run.view.previous ? 'tail' : 'head', !run.view.previous);
	},
	'failed.again'(session) {
		const run = currentTail(session);
		if (run) {
			run.start(run.view.since, run.view.previous);
			tellDock(session, run);
		}
	},
	'tail.open-line'(session) {
		const run = currentTail(session);
		if (run && shownLength(run.view) > 0) {
			change(session, view => ({...goTo(view, lineHere(view)), lineField: 0}));
			session.store.now({type: 'layer', to: {line: run.view.cursor}});
		}
	},
	'line.close'({store}) {
		store.now({type: 'layer', to: {line: null}});
	},
	'line.down'(session) {
		moveInLine(session, 1);
	},
	'line.up'(session) {
		moveInLine(session, -1);
	},
	'line.copy'(session) {
		const field = fieldHere(session);
		if (field) {
			session.copy(field.value, field.name === '' ? 'the line' : field.name);
		}
	},
	'line.add-field'(session) {
		const field = fieldHere(session);
		if (field && field.name !== '') {
			change(session, view => toggleField(view, field.name));
		}
	},
	'tail.copy'(session) {
		const run = currentTail(session);
		if (run) {
			const {view} = run;
			if (view.marked.size === 0 && shownLength(view) === 0) {
				session.tell('there is no line to copy');
				return;
			}

			const numbers = view.marked.size > 0 ? [...view.marked].sort((one, other) => one - other) : [lineHere(view)];
			session.copy(numbers.map(number => cleanText(view, number)).join('\n'), counted(numbers.length, 'line'));
		}
	},
	'tail.save': async session => withTail(session, async run => saveTail(session, run)),
	'tail.plain'(session) {
		change(session, view => ({...view, plain: !view.plain}));
		if (currentTail(session)?.view.plain) {
			session.tell('bare lines: select with the terminal');
		}
	},
	'tail.pager': async session => withTail(session, async run => viewOutside(session, run, 'pager')),
	'tail.editor': async session => withTail(session, async run => viewOutside(session, run, 'editor')),
	'tail.since-tail': since('tail'),
	'tail.since-head': since('head'),
	'tail.since-1m': since('1m'),
	'tail.since-5m': since('5m'),
	'tail.since-15m': since('15m'),
	'tail.since-30m': since('30m'),
	'tail.since-1h': since('1h'),
};

/** No further than the opened line's own fields or rows. */
function moveInLine(session: Session, by: 1 | -1): void {
	const line = currentTail(session)?.view.buffer.line(currentTail(session)?.view.cursor ?? -1);
	const last = line ? openedLength(line, session.store.state.size.columns) - 1 : 0;
	change(session, view => ({...view, lineField: Math.max(0, Math.min(view.lineField + by, last))}));
}

function fieldHere(session: Session): {name: string; value: string} | null {
	const run = currentTail(session);
	const text = run?.view.buffer.line(run.view.cursor)?.bytes.toString('utf8');
	if (!run || text === undefined) {
		return null;
	}

	const fields = allJsonFields(text);
	return fields === null ? {name: '', value: clean(text)} : fields[Math.min(run.view.lineField, fields.length - 1)] ?? null;
}
