/** Which columns of a list there is room for, how wide each is, and what goes first where there is less. */
import {isAscending} from '../state/sort-rows.ts';
import {ageTitle, listKinds, servicePodsTitle, type ListColumn} from '../state/list-kinds.ts';
import type {ListState} from '../state/list-state.ts';
import {servicePodsCell} from '../state/service-pods.ts';
import {cellNow, type Row} from '../state/table-rows.ts';
import {cellWidth, clipToCells, endInCells, fitToCells} from '../text/cell-width.ts';
import {grouped} from '../text/grouped.ts';
import {showAge} from '../text/show-age.ts';
import {cellRole} from './cell-role.ts';
import type {Screen} from './screen.ts';
import type {Role} from './theme.ts';

/** Blank between two columns. */
export const gap = 2;
/** On a narrow screen a status tells more than the middle of a name. */
const narrowName = 13;
const tightNamespace = 14;
/** Blank at the right of a row. */
const edge = 1;

/** A column as it is placed: no wider than `width`. */
export type Placed = {title: string; width: number; cell(row: Row): string; role?(row: Row): Role | undefined};

/** From left to right; `shown` are the rows on the screen. */
export function chooseColumns(screen: Screen, list: ListState, shown: readonly Row[], width: number): Placed[] {
	const kind = listKinds[list.name];
	const {now, cluster, servicePods} = screen.state;
	const isOld = list.phase.kind === 'interrupted';
	const isNarrow = width < 60;
	const sample = list.visible.length <= 300 ? list.visible : [...list.visible.slice(0, 100), ...shown];
	const measure = (title: string, cell: (row: Row) => string, most = 40): number => Math.min(most, Math.max(cellWidth(title), ...sample.map(row => cellWidth(cell(row)))));
	const age = (row: Row) => ageCell(row, now);
	const widest = isNarrow ? 11 : 40;
	let fixed: readonly Placed[] = [];
	if (kind.namespaced && cluster.namespace === null) {
		fixed = [{title: 'NAMESPACE', width: measure('NAMESPACE', row => row.namespace, 20), cell: row => row.namespace}];
	}

	const wanted = kind.columns.map((column, index) => ({column, index})).filter(({column}) => column.title !== servicePodsTitle || cluster.namespace !== null)
		.filter(({column}) => column.rank === 0 || (column.rank === 1 && width >= 100) || list.wide);
	const asColumn = ({column, index}: {column: ListColumn; index: number}, isTight: boolean): Placed => {
		const title = isTight ? column.short ?? column.title : column.title;
		const cell = (row: Row): string => {
			if (column.title === servicePodsTitle) {
				return servicePodsCell(servicePods, row.namespace, row.name);
			}

			// `13 (2m ago)`: when it was last is told with more columns.
			return list.wide || column.numeric !== true ? cellNow(row, index, now) : (row.cells[index] ?? '').replace(/ \(.*$/, '');
		};

		const head = list.order.column === column.title ? `${title}↓` : title;
		const width = measure(head, cell, isTight && !isNarrow ? column.tight ?? widest : widest);
		return {title, width, cell, role: row => isOld ? 'text.dim' : cellRole(column.title, cell(row))};
	};

	let columns = wanted.map(one => asColumn(one, false));
	const ages: Placed = {title: ageTitle, width: Math.max(4, measure(ageTitle, age)), cell: age};
	const nameWidth = measure('NAME', row => row.name, 63);
	let last: readonly Placed[] = [ages];
	const total = (list: readonly Placed[]) => [...fixed, ...list, ...last].reduce((sum, column) => sum + column.width + gap, 0);
	// What there is no room for goes from the right, before names are cut to less than is needed to tell them apart.
	const left = () => width - 3 - edge - total(columns);
	const isShort = () => left() < Math.min(nameWidth, 36);
	if (isShort()) {
		columns = wanted.map(one => asColumn(one, true));
		fixed = fixed.map(one => ({...one, width: Math.min(one.width, tightNamespace)}));
	}

	// The cell that tells most goes last, after the age.
	const leastName = (column: ListColumn) => isNarrow ? narrowName : column.leastName;
	for (;;) {
		const at = wanted.findLastIndex(({column}) => wanted.every(other => column.leastName >= other.column.leastName));
		const next = wanted[at]!.column;
		if (left() >= Math.min(Math.max(nameWidth, 10), leastName(next))) {
			break;
		}

		const isMost = next.leastName <= narrowName;
		if (isMost && last.length > 0) {
			last = [];
		} else if (columns.length > (isMost && isNarrow ? 2 : 1)) {
			wanted.splice(at, 1);
			columns = columns.toSpliced(at, 1);
		} else {
			break;
		}
	}

	const room = Math.max(8, left());
	const name: Placed = {title: 'NAME', width: Math.min(room, Math.max(nameWidth, 16)), cell: row => row.name};
	return [...fixed, name, ...columns, ...last];
}

function ageCell({gone, created}: Row, now: number): string {
	if (gone !== null) {
		return `gone ${Math.floor((now - gone) / 1000)}s`;
	}

	return created === null ? '' : showAge(now - created);
}

/** The titles, and the sign of the order; rows by name are as everybody expects them. */
export function headText({name, order}: ListState, columns: readonly Placed[]): string {
	const sign = isAscending(listKinds[name], order) ? '↑' : '↓';
	const signOf = (title: string) => title === order.column && (order.reverse || title !== 'NAME') ? sign : '';
	const heads = columns.map(({title, width}) => fillCell(`${title}${signOf(title)}`, width));
	return `   ${heads.join(' '.repeat(gap))}`.trimEnd();
}

/** Cells that are left between the titles and what is told at the right of them; none below 1. */
export function spaceBeside(text: string, range: string, width: number): number {
	return width - cellWidth(text) - cellWidth(range) - edge;
}

/** `1–20/345`: which rows are on the screen. */
export function rangeOf({visible, top}: ListState, rows: number): string {
	return `${grouped(top + 1)}–${grouped(Math.min(visible.length, top + rows))}/${grouped(visible.length)}`;
}

/** No wider and no narrower than `width`. */
export function fillCell(text: string, width: number): string {
	const wide = cellWidth(text);
	if (wide <= width) {
		return text + ' '.repeat(width - wide);
	}

	const head = clipToCells(text, Math.max(1, Math.floor((width - 1) * 0.6)), '');
	// The end of a pod's name tells it apart.
	return fitToCells(head + endInCells(text, width - cellWidth(head)), width);
}
