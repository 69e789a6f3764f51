/** The filter and the order of the rows of a list, also of several clusters. */
import {invertSelector, labelSelectorError} from '../../cluster/targets/label-selector.ts';
import {ageTitle, contextTitle, type ListKind} from './list-kinds.ts';
import {momentOf, type Row, idInContext} from './table-rows.ts';
import {matchWithin, escapeRegExp, describeRegexError} from '../../base/text/search-patterns.ts';
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
import type {ClusterState, SessionState} from '../frame/session-state.ts';
import type {ListEvent, ListPhase, ListState} from './list-state.ts';

type RowFilter =
	| {kind: 'none'}
	| {kind: 'text'; text: string; inverse: boolean}
	| {kind: 'regex'; pattern: RegExp; inverse: boolean}
	| {kind: 'labels'; selector: string}
	| {kind: 'invalid'; why: string};

export type RowOrder = {column: string; reverse: boolean};
export const byName: RowOrder = {column: 'NAME', reverse: false};

/** Text, `~regex` or `-l SELECTOR`; `!` before it excludes matches. The apiserver evaluates selectors. */
export function parseRowFilter(typed: string): RowFilter {
	const labels = /^(!?)-l\s*(.*)$/.exec(typed);
	if (labels) {
		return labelFilter(labels[2]!.trim(), labels[1] === '!');
	}

	const inverse = typed.startsWith('!');
	const rest = inverse ? typed.slice(1) : typed;
	if (rest === '' || rest === '~') {
		return {kind: 'none'};
	}

	if (!rest.startsWith('~')) {
		return {kind: 'text', text: rest.toLowerCase(), inverse};
	}

	try {
		// Every cell is one line, so an anchor is an edge of a cell.
		return {kind: 'regex', pattern: new RegExp(rest.slice(1), 'imsu'), inverse};
	} catch (error) {
		return {kind: 'invalid', why: describeRegexError(error)};
	}
}

function labelFilter(selector: string, inverse: boolean): RowFilter {
	if (selector === '') {
		return {kind: 'none'};
	}

	const why = rowSelectorError(selector);
	if (why !== null) {
		return {kind: 'invalid', why};
	}

	const asked = inverse ? invertSelector(selector) : selector;
	return asked === null
		? {kind: 'invalid', why: 'only a single KEY, !KEY, =, !=, in or notin can be inverted'}
		: {kind: 'labels', selector: asked};
}

const regexLimitMs = 200;

export function filterRows(rows: readonly Row[], filter: RowFilter): {rows: readonly Row[]; problem: string | null} {
	switch (filter.kind) {
		case 'text': {
			// Unlike toLowerCase, a pattern does not copy every cell.
			const pattern = new RegExp(escapeRegExp(filter.text), 'i');
			return {rows: rows.filter(row => holds(row, pattern) !== filter.inverse), problem: null};
		}

		case 'regex': {
			const found = matchWithin(
				filter.pattern,
				rows.map(row =>
					[`${row.namespace}/${row.name}`, row.name, ...(row.context === undefined ? [] : [row.context]), ...row.cells].join('\n'),
				),
				regexLimitMs,
			);
			return found === null
				? {rows, problem: `this regular expression takes longer than ${regexLimitMs} ms and is not used`}
				: {rows: rows.filter((_, index) => found[index] !== filter.inverse), problem: null};
		}

		case 'invalid': {
			return {rows, problem: filter.why};
		}

		default: {
			return {rows, problem: null};
		}
	}
}

function holds(row: Row, pattern: RegExp): boolean {
	return (
		pattern.test(row.name) ||
		pattern.test(row.namespace) ||
		(row.context !== undefined && pattern.test(row.context)) ||
		row.cells.some(cell => pattern.test(cell))
	);
}

export function rowSelectorError(selector: string): string | null {
	const fault = labelSelectorError(selector);
	return fault === null ? null : `invalid label selector: ${fault}`;
}

export function isAscending(kind: ListKind, {column, reverse}: RowOrder): boolean {
	return kind.columns.some(({title, numeric}) => title === column && numeric === true) === reverse;
}

/** Rows arrive sorted by namespace and name. */
export function sortRows(rows: readonly Row[], kind: ListKind, order: RowOrder): readonly Row[] {
	if (order.column === byName.column) {
		return order.reverse ? rows.toReversed() : rows;
	}

	const sign = order.reverse ? -1 : 1;
	if (order.column === ageTitle) {
		return rows.toSorted((one, other) => sign * ((other.created ?? 0) - (one.created ?? 0)));
	}

	if (order.column === contextTitle) {
		return rows.toSorted((one, other) => sign * compareText(one.context ?? '', other.context ?? ''));
	}

	const at = kind.columns.findIndex(column => column.title === order.column);
	const {numeric = false, ages = false} = kind.columns[at] ?? {};
	if (ages) {
		const moment = (row: Row) => momentOf(row, at) ?? Number.MIN_SAFE_INTEGER;
		return rows.toSorted((one, other) => sign * (moment(other) - moment(one)));
	}

	return rows.toSorted((one, other) => {
		const [a, b] = [one.cells[at] ?? '', other.cells[at] ?? ''];
		return sign * (numeric ? Number.parseInt(b, 10) - Number.parseInt(a, 10) : compareText(a, b));
	});
}

/** Rows of several clusters, so that equal objects stand side by side. */
function byObject(one: Row, other: Row): number {
	return (
		compareText(one.namespace, other.namespace) || compareText(one.name, other.name) || compareText(one.context ?? '', other.context ?? '')
	);
}

/** By code units, as the apiserver sorts. */
function compareText(one: string, other: string): number {
	return one < other ? -1 : one > other ? 1 : 0;
}

/** The context of the rows of a cluster; empty if the lists show only one. */
export function rowContext({others}: Pick<SessionState, 'others'>, {context}: Pick<ClusterState, 'context'>): string {
	return others.length === 0 ? '' : context;
}

/** Sets the entry of a context, or removes it for `null`. */
export function withContext<Known>(all: ReadonlyMap<string, Known>, context: string, known: Known | null): ReadonlyMap<string, Known> {
	const next = new Map(all);
	if (known === null) {
		next.delete(context);
	} else {
		next.set(context, known);
	}

	return next;
}

/** The event of the list of one cluster, for the list of all. */
export function inContext(event: ListEvent, context: string): ListEvent {
	const ofContext = (row: Row): Row => ({...row, id: idInContext(row.id, context), context});
	switch (event.type) {
		case 'phase': {
			return {...event, context};
		}

		case 'clear': {
			return {...event, resource: chunkIn(context, event.resource)};
		}

		case 'page': {
			return {...event, chunk: chunkIn(context, event.chunk), rows: event.rows.map(row => ofContext(row))};
		}

		case 'changes': {
			const changes = event.changes.map(one => ({...one, chunk: chunkIn(context, one.chunk), row: ofContext(one.row)}));
			return {...event, changes};
		}

		default: {
			return event;
		}
	}
}

function chunkIn(context: string, chunk: string): string {
	return `${context}\n${chunk}`;
}

/** Sorted together, within each resource and namespace. */
export function rowsOfSeveral(chunks: ListState['chunks']): readonly Row[] {
	const sources = Map.groupBy(chunks, ([chunk]) => chunk.slice(chunk.indexOf('\n') + 1));
	return [...sources.keys()].sort().flatMap(source =>
		sources
			.get(source)!
			.flatMap(([, rows]) => rows)
			.sort(byObject),
	);
}

/** One for each cluster that cannot be read now. */
export function unreadRows(phases: ListState['phases']): Row[] {
	return [...phases].flatMap(([context, phase]) =>
		isUnread(phase)
			? [{id: `unread ${context}`, context, unread: phase.error, namespace: '', name: context, cells: [], created: null, gone: null}]
			: [],
	);
}

/** The phase of the clusters that can be read, if any can. */
export function readablePhase(phases: readonly ListPhase[]): ListPhase {
	const readable = phases.filter(phase => !isUnread(phase));
	return worstOf(readable.length > 0 ? readable : phases);
}

function isUnread(phase: ListPhase): phase is Extract<ListPhase, {error: ErrorObject}> {
	return phase.kind === 'failed' || phase.kind === 'interrupted';
}

/** The worst of several phases. Of several interruptions, the longest counts, because no row is older. */
export function worstOf(phases: readonly ListPhase[]): ListPhase {
	const order: ReadonlyArray<ListPhase['kind']> = ['failed', 'interrupted', 'idle', 'reading', 'polling', 'live'];
	return phases.reduce((worst, phase) =>
		order.indexOf(phase.kind) < order.indexOf(worst.kind) || isCutLonger(phase, worst) ? phase : worst,
	);
}

function isCutLonger(one: ListPhase, other: ListPhase): boolean {
	return one.kind === 'interrupted' && other.kind === 'interrupted' && one.since < other.since;
}
