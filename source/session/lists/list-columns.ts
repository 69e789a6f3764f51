/** Chooses the columns of a list, their widths, and the roles of cells that stand out. */
import {cellWidth, truncateToCells, truncateStartToCells, fitToCells} from '../../base/text/cell-width.ts';
import {hasContexts, shownNamespace, type SessionState} from '../frame/session-state.ts';
import {formatNumber, formatAge} from '../../base/text/formats.ts';
import type {Role} from '../kit/theme.ts';
import {ageTitle, contextTitle, listKinds, namespaceTitle, servicePodsTitle, type ListColumn} from './list-kinds.ts';
import {rowPhase, type ListState} from './list-state.ts';
import {knownProblem, servicePodsCell} from './problems.ts';
import {isAscending} from './row-filter.ts';
import {cellNow, type Row} from './table-rows.ts';

export const gap = 2;
const lead = 3;
const maxCellWidth = 40;
const narrowScreenBelow = 60;
const maxCellWidthNarrow = 11;
/** Width from which columns of rank 1 are shown. */
const rankOneFrom = 100;
/** Width of names on a narrow screen, where the status matters more than a complete name. */
const narrowName = 13;
const tightNamespace = 14;
const edge = 1;

/** `head`: the title, or its short form. */
export type ColumnLayout = {title: string; head: string; width: number; cell(row: Row): string; role?(row: Row): Role | undefined};

export function chooseColumns(state: SessionState, list: ListState, width: number): ColumnLayout[] {
	const isNarrow = width < narrowScreenBelow;
	const measure = measureOf(list);
	const {last} = listKinds[list.name];
	if (last !== undefined) {
		return columnsBeforeLast(state, list, measure, {last, width, isNarrow});
	}

	const nameWidth = measure('NAME', row => row.name, width);
	const remainingForName = (chosen: Chosen) => width - lead - edge - widthOf(chosen);
	const all = allColumns(state, list, measure, width);
	// Tighten other columns before names are cut below 36 cells.
	const chosen = remainingForName(all) < Math.min(nameWidth, 36) ? tightened(state, list, measure, all, isNarrow) : all;
	const {before, columns, after} = withFewer(
		chosen,
		{isNarrow, kept: list.order.column},
		one => remainingForName(one) >= Math.min(Math.max(nameWidth, 10), minNameWidth(one, isNarrow)),
	);
	const maxNameWidth = Math.max(8, remainingForName({before, columns, after}));
	const name: ColumnLayout = {title: 'NAME', head: 'NAME', width: Math.min(maxNameWidth, Math.max(nameWidth, 16)), cell: row => row.name};
	return [...before, name, ...columns.map(({layout}) => layout), ...after];
}

/** Of the columns on the screen, from left to right and around, the next by which rows can be sorted. */
export function nextSortColumn(state: SessionState, list: ListState): string {
	const titles = chooseColumns(state, list, state.size.columns).map(({title}) => title);
	const sortable = titles.filter(title => title !== namespaceTitle && title !== servicePodsTitle);
	// In a list of one context, the order by CONTEXT is the first order.
	const current = Math.max(0, sortable.indexOf(list.order.column));
	return sortable[(current + 1) % sortable.length]!;
}

/** Cells that the last column keeps. */
const minLastWidth = 24;

function columnsBeforeLast(
	state: SessionState,
	list: ListState,
	measure: Measure,
	{last, width, isNarrow}: {last: string; width: number; isNarrow: boolean},
): ColumnLayout[] {
	const remainingFor = (chosen: Chosen) => width - lead - edge - widthOf(chosen);
	const all = allColumns(state, list, measure, width);
	const before = {...all, columns: all.columns.filter(({column}) => column.title !== last), after: []};
	const tight = remainingFor(before) < minLastWidth ? tightened(state, list, measure, before, isNarrow) : before;
	const fewer = withFewer(tight, {isNarrow, kept: list.order.column}, one => remainingFor(one) >= minLastWidth);
	const {layout} = all.columns.find(({column}) => column.title === last)!;
	const lastWidth = Math.max(8, remainingFor(fewer));
	// A message is cut at its end.
	const cell = (row: Row) => truncateToCells(layout.cell(row), lastWidth);
	return [...fewer.before, ...fewer.columns.map(one => one.layout), {...layout, width: lastWidth, cell}];
}

type Wanted = {column: ListColumn; index: number; layout: ColumnLayout};

type Chosen = {before: readonly ColumnLayout[]; columns: readonly Wanted[]; after: readonly ColumnLayout[]};

type Measure = (title: string, cell: (row: Row) => string, most?: number) => number;

function measureOf(list: ListState): Measure {
	const shown = list.visible.slice(list.top, list.top + list.windowRows);
	const sample = (list.visible.length <= 300 ? list.visible : [...sampleOf(list), ...shown]).filter(({unread}) => unread === undefined);
	return (title, cell, most = maxCellWidth) => Math.min(most, Math.max(cellWidth(title), ...sample.map(row => cellWidth(cell(row)))));
}

/** Rows from all parts of the list. The same for each order, so that the columns keep their widths. */
function sampleOf({chunks, visible}: ListState): readonly Row[] {
	const step = Math.ceil(visible.length / 100);
	const sample: Row[] = [];
	let at = 0;
	for (const rows of chunks.values()) {
		for (; at < rows.length; at += step) {
			sample.push(rows[at]!);
		}

		at -= rows.length;
	}

	return sample;
}

function allColumns(state: SessionState, list: ListState, measure: Measure, width: number): Chosen {
	const {columns, namespaced} = listKinds[list.name];
	const namespace = shownNamespace(state, list);
	const age = (row: Row) => ageCell(row, state.now);
	const isWanted = ({title, rank}: ListColumn) =>
		(title !== servicePodsTitle || namespace !== null) &&
		(rank === 0 || title === list.order.column || (rank === 1 && width >= rankOneFrom) || list.wide);
	const isFilled = ({title, sparse}: ListColumn, index: number) =>
		sparse !== true || title === list.order.column || measure('', row => row.cells[index] ?? '') > 0;
	const most = width < narrowScreenBelow ? maxCellWidthNarrow : maxCellWidth;
	return {
		before: [
			...(hasContexts(state, list) ? [placeColumn(contextTitle, row => row.context ?? '', measure)] : []),
			...(namespaced && typeof namespace !== 'string' ? [placeColumn(namespaceTitle, row => row.namespace, measure)] : []),
		],
		columns: columns
			.map((column, index) => ({column, index}))
			.filter(({column, index}) => isWanted(column) && isFilled(column, index))
			.map(one => ({...one, layout: layoutOf(state, list, measure, {...one, head: one.column.title, most})})),
		after: [{title: ageTitle, head: ageTitle, width: Math.max(4, measure(ageTitle, age)), cell: age}],
	};
}

function placeColumn(title: string, cell: (row: Row) => string, measure: Measure): ColumnLayout {
	return {title, head: title, width: measure(title, cell, 20), cell};
}

function tightened(state: SessionState, list: ListState, measure: Measure, {before, columns, after}: Chosen, isNarrow: boolean): Chosen {
	return {
		before: before.map(one => ({...one, width: Math.min(one.width, tightNamespace)})),
		columns: columns.map(({column, index}) => ({
			column,
			index,
			layout: layoutOf(state, list, measure, {
				column,
				index,
				head: column.short ?? column.title,
				most: isNarrow ? maxCellWidthNarrow : (column.tight ?? maxCellWidth),
			}),
		})),
		after,
	};
}

function layoutOf(
	state: SessionState,
	list: ListState,
	measure: Measure,
	{
		column: {title},
		column,
		index,
		head,
		most,
	}: {
		column: ListColumn;
		index: number;
		head: string;
		most: number;
	},
): ColumnLayout {
	const cell = cellOf(state, list, column, index);
	const isOld = (row: Row) => rowPhase(list, row).kind === 'interrupted';
	return {title, head, width: measure(head, cell, most), cell, role: row => (isOld(row) ? 'text.dim' : cellRole(title, cell(row), row))};
}

export function cellOf({now, servicePods}: SessionState, list: ListState, column: ListColumn, index: number): (row: Row) => string {
	if (column.title === servicePodsTitle) {
		return row => servicePodsCell(servicePods.get(row.context ?? ''), row.namespace, row.name);
	}

	if (list.name === 'nodes' && column.title === 'STATUS' && list.knownProblems.size > 0) {
		return row => [row.cells[index], knownProblem(row, list.knownProblems)].filter(Boolean).join(',');
	}

	// `13 (2m ago)`: only wide columns show the age.
	return list.wide || column.numeric !== true
		? row => cellNow(row, index, column, now)
		: row => (row.cells[index] ?? '').replace(/ \(.*$/, '');
}

function widthOf({before, columns, after}: Chosen): number {
	return [...before, ...columns.map(({layout}) => layout), ...after].reduce((sum, column) => sum + column.width + gap, 0);
}

/** `kept`: the column of the order. */
type Fewer = {isNarrow: boolean; kept: string};

function withFewer(chosen: Chosen, which: Fewer, isEnough: (chosen: Chosen) => boolean): Chosen {
	const fewer = isEnough(chosen) ? null : withoutOne(chosen, which);
	return fewer === null ? chosen : withFewer(fewer, which, isEnough);
}

/** Removes the column that needs the widest NAME column beside it. */
function withoutOne(chosen: Chosen, {isNarrow, kept}: Fewer): Chosen | null {
	const {columns, after} = chosen;
	const most = mostDemanding(columns.filter(({column}) => column.title !== kept));
	const hasOnlyEssential = most === null || most.column.leastName <= narrowName;
	if (hasOnlyEssential && after.length > 0 && kept !== ageTitle) {
		return {...chosen, after: []};
	}

	const least = hasOnlyEssential && isNarrow ? 2 : 1;
	return most !== null && columns.length > least ? {...chosen, columns: columns.filter(one => one !== most)} : null;
}

function minNameWidth({columns}: Chosen, isNarrow: boolean): number {
	return isNarrow ? narrowName : (mostDemanding(columns)?.column.leastName ?? narrowName);
}

function mostDemanding(columns: readonly Wanted[]): Wanted | null {
	return columns.reduce<Wanted | null>((most, one) => (most === null || one.column.leastName >= most.column.leastName ? one : most), null);
}

function ageCell({gone, created}: Row, now: number): string {
	if (gone !== null) {
		return `gone ${Math.floor((now - gone) / 1000)}s`;
	}

	return created === null ? '' : formatAge(now - created);
}

/** No sort direction for the default order by name. */
export function headText({name, order}: ListState, columns: readonly ColumnLayout[]): string {
	const sign = isAscending(listKinds[name], order) ? '↑' : '↓';
	const signOf = (title: string) => (title === order.column && (order.reverse || title !== 'NAME') ? sign : '');
	// The arrow may take a cell of the gap, so that no order changes the columns.
	const heads = columns.map(({title, head, width}) => fillCell(`${fillCell(head, width).trimEnd()}${signOf(title)}`, width + gap));
	return `   ${heads.join('')}`.trimEnd();
}

/** Below 1, the range does not fit. */
export function remainingWidth(text: string, range: string, width: number): number {
	return width - cellWidth(text) - cellWidth(range) - edge;
}

export function rangeOf({visible, top}: ListState, rows: number): string {
	return `${formatNumber(top + 1)}–${formatNumber(Math.min(visible.length, top + rows))}/${formatNumber(visible.length)}`;
}

export function fillCell(text: string, width: number): string {
	const wide = cellWidth(text);
	if (wide <= width) {
		return text + ' '.repeat(width - wide);
	}

	const head = truncateToCells(text, Math.max(1, Math.floor((width - 1) * 0.6)), '');
	// The end of a pod name identifies the pod.
	return fitToCells(head + truncateStartToCells(text, width - cellWidth(head)), width);
}

export function cellRole(title: string, cell: string, {ended}: Pick<Row, 'ended'> = {}): Role | undefined {
	if (title === 'STATUS') {
		return statusRole(cell);
	}

	const ready = title === 'READY' || title === servicePodsTitle ? /^(\d+)\/(\d+)$/.exec(cell) : null;
	if (ready && ready[1] !== ready[2]) {
		// No container of a completed pod is ready.
		return ended === 'Succeeded' ? 'text.dim' : 'state.working';
	}

	if (title === 'TYPE' && cell === 'Warning') {
		return 'level.warn';
	}

	return title === 'RESTARTS' && cell !== '0' && !cell.startsWith('0 ') ? 'level.warn' : undefined;
}

export function statusRole(status: string): Role | undefined {
	if (/^(?:Running|Ready|Active|Complete|\d+)$/.test(status)) {
		return undefined;
	}

	if (/^(?:Completed|Succeeded)$/.test(status)) {
		return 'text.dim';
	}

	return /BackOff|Err|Failed|NotReady|Evicted|OOM|Invalid|Unknown|Lost/.test(status) ? 'state.failed' : 'state.working';
}
