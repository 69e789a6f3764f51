/** One list: rows and cursor. */
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
import {listKinds, type ListName} from './list-kinds.ts';
import {
	byName,
	filterRows,
	parseRowFilter,
	sortRows,
	type RowOrder,
	readablePhase,
	rowsOfSeveral,
	unreadRows,
	withContext,
} from './row-filter.ts';
import {hasProblem, leadingFirst, withoutEndedProblems, type KnownProblems} from './problems.ts';
import {applyChanges, type Row, type RowChange} from './table-rows.ts';

export type ListPhase =
	| {kind: 'idle'}
	| {kind: 'reading'}
	| {kind: 'live'}
	| {kind: 'polling'; everyMs: number}
	| {kind: 'interrupted'; error: ErrorObject; since: number; retryAt: number}
	| {kind: 'failed'; error: ErrorObject; since: number; retryAt: number | null};

/** The pods of one object, or the object of an event. */
export type ListScope = {
	/** Of several clusters, the one of the object. */
	context?: string;
	/** `deploy/web`. */
	of: string;
	from: ListName;
	/** `null` is all namespaces. */
	namespace: string | null;
	labelSelector?: string;
	fieldSelector?: string;
	/** Of a list of several resources, the only one: `deployments`. */
	resource?: string;
};

export type ListState = {
	name: ListName;
	scope: ListScope | null;
	/**
	Rows by source: `pods`, or `pods payments` (resource and namespace) if namespaces are read separately. Of several clusters: `inContext`.
	*/
	chunks: ReadonlyMap<string, readonly Row[]>;
	/** Rows that were read and are not deleted. */
	total: number;
	/** What the apiserver reports while the list is idle. */
	counted: number | null;
	/** Of several clusters, that of those that can be read. */
	phase: ListPhase;
	/** By context, of several clusters. */
	phases: ReadonlyMap<string, ListPhase>;
	filter: string;
	filterProblem: string | null;
	/** The selector of the rows shown. A new one applies only when it is sent. */
	selector: string;
	order: RowOrder;
	/** Until then, rows with problems come first. */
	isOrderChosen: boolean;
	problemsOnly: boolean;
	knownProblems: KnownProblems;
	/** Ids of the rows that come first: those with problems. */
	leading: ReadonlySet<string>;
	wide: boolean;
	visible: readonly Row[];
	/** Whether the user moved the cursor. Before that, it stays on the first row. */
	moved: boolean;
	cursorId: string | null;
	cursorIndex: number;
	top: number;
	windowRows: number;
	marked: ReadonlySet<string>;
	/** Rows keep their order until this time, so that nothing moves while the user navigates. */
	heldUntil: number;
};

export type ListSelection = Pick<ListState, 'cursorId' | 'moved' | 'cursorIndex' | 'top'>;

export type ListEvent =
	| {type: 'reset'; selector?: string}
	| {type: 'narrow'; scope: ListScope | null}
	/** Removes the rows of a resource. If the selected object returns, it is selected again. */
	| {type: 'clear'; resource: string}
	| {type: 'counted'; count: number | null}
	| {type: 'phase'; phase: ListPhase; context?: string}
	| {type: 'page'; chunk: string; rows: readonly Row[]; first: boolean}
	| {type: 'changes'; changes: readonly RowChange[]; now: number}
	| {type: 'expire'; now: number}
	| {type: 'move'; by: number; now?: number}
	/** Moves the window. The cursor stays in it. */
	| {type: 'scroll'; by: number; now: number}
	/** `from`: the selection that the filter starts from, not that of the filter before. */
	| {type: 'filter'; text: string; from?: ListSelection}
	| {type: 'problems'}
	/** `context`: as `rowContext`. `known`: by `keyOf`; `null` if they became unknown. */
	| {type: 'known-problems'; context: string; known: ReadonlyMap<string, string> | null}
	| {type: 'sort'; column: string}
	| {type: 'reverse'}
	| {type: 'wide'}
	| {type: 'mark'}
	| {type: 'unmark-all'}
	| {type: 'window'; rows: number};

export const orderHoldMs = 2000;

export const deletedRowMs = 3000;

export function emptyList(name: ListName): ListState {
	return {
		name,
		scope: null,
		chunks: new Map(),
		total: 0,
		counted: null,
		phase: {kind: 'idle'},
		phases: new Map(),
		filter: '',
		filterProblem: null,
		selector: '',
		order: listKinds[name].order ?? byName,
		isOrderChosen: false,
		problemsOnly: false,
		knownProblems: new Map(),
		leading: new Set(),
		wide: false,
		visible: [],
		moved: false,
		cursorId: null,
		cursorIndex: 0,
		top: 0,
		windowRows: 10,
		marked: new Set(),
		heldUntil: 0,
	};
}

/** Once moved, the cursor stays on its object and not on its position. */
export function reduceList(list: ListState, event: ListEvent): ListState {
	const reduce = reducers[event.type] as (list: ListState, event: ListEvent) => ListState;
	return reduce(list, event);
}

const reducers: {readonly [Type in ListEvent['type']]: (list: ListState, event: Extract<ListEvent, {type: Type}>) => ListState} = {
	reset: (list, event) => ({
		...emptyList(list.name),
		scope: list.scope,
		filter: list.filter,
		selector: event.selector ?? '',
		order: list.order,
		isOrderChosen: list.isOrderChosen,
		problemsOnly: list.problemsOnly,
		knownProblems: list.knownProblems,
		wide: list.wide,
		windowRows: list.windowRows,
	}),
	narrow(list, event) {
		const {order, isOrderChosen, wide, windowRows} = list;
		return {...emptyList(list.name), order, isOrderChosen, wide, windowRows, scope: event.scope};
	},
	clear(list, event) {
		const chunks = new Map([...list.chunks].filter(([chunk]) => chunk !== event.resource && !chunk.startsWith(`${event.resource} `)));
		return {...list, chunks, total: chunks.values().reduce((sum, rows) => sum + countPresent(rows), 0)};
	},
	counted: (list, event) => ({...list, counted: event.count}),
	phase: (list, event) => (event.context === undefined ? {...list, phase: event.phase} : withPhase(list, event.context, event.phase)),
	page(list, event) {
		const chunks = new Map(list.chunks);
		chunks.set(event.chunk, event.first ? event.rows : [...(chunks.get(event.chunk) ?? []), ...event.rows]);
		return settle({...list, chunks});
	},
	changes: (list, event) => settle({...list, chunks: applyChanges(list, event.changes, event.now)}, event.now < list.heldUntil),
	expire(list, {now}) {
		if (now < list.heldUntil) {
			return expire(list, now);
		}

		const chunks = withoutEndedProblems(list.chunks, now);
		const isSettled = chunks === null && list.heldUntil === 0;
		return expire(isSettled ? list : settle({...list, heldUntil: 0, chunks: chunks ?? list.chunks}), now);
	},
	move: (list, event) =>
		moveCursorTo(
			{...list, moved: true, heldUntil: event.now === undefined ? list.heldUntil : event.now + orderHoldMs},
			list.cursorIndex + event.by,
		),
	scroll(list, event) {
		const lowest = Math.max(0, list.visible.length - list.windowRows);
		const top = Math.max(0, Math.min(list.top + event.by, lowest));
		const cursor = Math.max(top, Math.min(list.cursorIndex, top + list.windowRows - 1));
		return moveCursorTo({...list, top, moved: true, heldUntil: event.now + orderHoldMs}, cursor);
	},
	filter(list, event) {
		// The selected object stays selected.
		return settle({...list, ...(event.from ?? {...selectionFor(list), top: 0}), filter: event.text});
	},
	problems: list => settle({...list, problemsOnly: !list.problemsOnly, top: 0}),
	'known-problems': (list, event) => withKnownProblems(list, event.context, event.known),
	sort: (list, event) => settle({...list, order: {column: event.column, reverse: false}, isOrderChosen: true}),
	reverse: list => settle({...list, order: {...list.order, reverse: !list.order.reverse}, isOrderChosen: true}),
	wide: list => ({...list, wide: !list.wide}),
	mark(list) {
		const marked = new Set(list.marked);
		const id = selectedRow(list)?.id;
		if (id !== undefined && !marked.delete(id)) {
			marked.add(id);
		}

		return moveCursorTo({...list, marked, moved: true}, list.cursorIndex + 1);
	},
	'unmark-all': list => ({...list, marked: new Set()}),
	window: (list, event) => (event.rows === list.windowRows ? list : keepInWindow({...list, windowRows: Math.max(1, event.rows)})),
};

/** The namespace that a list shows; `null` is all. */
export function listNamespace({scope}: Pick<ListState, 'scope'>, namespace: string | null): string | null {
	return scope === null ? namespace : scope.namespace;
}

/** The selection that a new filter starts from: that of a filter stays. */
export function selectionFor({cursorId, moved, filter, cursorIndex, top}: ListState): ListSelection {
	return {cursorId, moved: moved || filter !== '', cursorIndex, top};
}

export function rowPhase({phase, phases}: ListState, {context}: Row): ListPhase {
	return (context === undefined ? undefined : phases.get(context)) ?? phase;
}

export function selectedRow(list: ListState): Row | null {
	return list.visible[list.cursorIndex] ?? null;
}

export function countPresent(rows: readonly Row[]): number {
	return rows.reduce((count, {gone, unread}) => (gone === null && unread === undefined ? count + 1 : count), 0);
}

/** The cursor keeps its object, and the object its position on the screen. */
function settle(list: ListState, isHeld = false): ListState {
	const all = list.phases.size === 0 ? rowsOfOne(list) : rowsOfSeveral(list.chunks);
	const {rows, problem} = filterRows(all, parseRowFilter(list.filter));
	const chosen = list.problemsOnly ? rows.filter(row => hasProblem(row, list.knownProblems)) : rows;
	const sorted = sortRows(chosen, listKinds[list.name], list.order);
	const leading = isHeld ? list.leading : leadingOf(list, sorted);
	const ordered = leading.size === 0 ? sorted : leadingFirst(sorted, ({id}) => leading.has(id));
	const unread = unreadRows(list.phases);
	const present = isHeld && list.order.column !== byName.column ? inOrderOf(list.visible, ordered) : ordered;
	const visible = unread.length === 0 ? present : [...unread, ...present];
	const next = {...list, total: countPresent(all), visible, leading, filterProblem: problem};
	if (!list.moved || list.cursorId === null) {
		return moveCursorTo({...next, moved: false, top: 0, cursorIndex: 0}, unread.length);
	}

	const index = visible[list.cursorIndex]?.id === list.cursorId ? list.cursorIndex : visible.findIndex(row => row.id === list.cursorId);
	if (index < 0) {
		// Without rows, the selected object is selected again when it returns.
		return visible.length === 0 ? {...next, cursorIndex: 0, top: 0} : moveCursorTo(next, list.cursorIndex);
	}

	return keepInWindow({...next, cursorIndex: index, top: list.top + index - list.cursorIndex});
}

function rowsOfOne({chunks}: ListState): readonly Row[] {
	const keys = [...chunks.keys()].sort();
	return keys.length === 1 ? chunks.get(keys[0]!)! : keys.flatMap(key => chunks.get(key)!);
}

function withPhase(list: ListState, context: string, phase: ListPhase): ListState {
	const phases = new Map(list.phases).set(context, phase);
	return settle({...list, phases, phase: readablePhase([...phases.values()])});
}

function withKnownProblems(list: ListState, context: string, known: ReadonlyMap<string, string> | null): ListState {
	const {knownProblems} = list;
	return (knownProblems.get(context) ?? null) === known
		? list
		: settle({...list, knownProblems: withContext(knownProblems, context, known)});
}

function leadingOf(list: ListState, rows: readonly Row[]): ReadonlySet<string> {
	const hasOwnOrder = list.isOrderChosen || list.problemsOnly || listKinds[list.name].order !== undefined;
	return new Set(hasOwnOrder ? [] : rows.filter(row => hasProblem(row, list.knownProblems)).map(({id}) => id));
}

/** Rows that were shown keep their order; new ones follow. */
function inOrderOf(shown: readonly Row[], rows: readonly Row[]): readonly Row[] {
	const indexes = new Map(shown.map((row, index) => [row.id, index]));
	const indexOf = (row: Row) => indexes.get(row.id) ?? shown.length;
	return rows.toSorted((one, other) => indexOf(one) - indexOf(other));
}

function moveCursorTo(list: ListState, index: number): ListState {
	const cursorIndex = Math.max(0, Math.min(index, list.visible.length - 1));
	const cursorId = list.visible[cursorIndex]?.id ?? null;
	const previous = list.visible[list.cursorIndex];
	const next = keepInWindow({...list, cursorIndex, cursorId});
	return previous !== undefined && previous.gone !== null && cursorId !== previous.id ? dropGone(next, previous.id) : next;
}

function keepInWindow(list: ListState): ListState {
	const lowest = Math.max(0, list.visible.length - list.windowRows);
	const top = Math.min(Math.max(list.top, list.cursorIndex - list.windowRows + 1), list.cursorIndex, lowest);
	return {...list, top: Math.max(0, top)};
}

function expire(list: ListState, now: number): ListState {
	const row = selectedRow(list);
	return row !== null && row.gone !== null && now - row.gone >= deletedRowMs ? settle({...dropGone(list, row.id), cursorId: row.id}) : list;
}

function dropGone(list: ListState, id: string): ListState {
	const chunks = new Map(
		[...list.chunks].map(([key, rows]) => [key, rows.some(row => row.id === id) ? rows.filter(row => row.id !== id) : rows] as const),
	);
	return settle({...list, chunks});
}
