/** The order of list rows. */
import {ageTitle, contextTitle, type ListKind} from './list-kinds.ts';
import {momentOf, type Row} from './table-rows.ts';

export type RowOrder = {column: string; reverse: boolean};
export const byName: RowOrder = {column: 'NAME', reverse: false};

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
export function byObject(one: Row, other: Row): number {
	return (
		compareText(one.namespace, other.namespace) || compareText(one.name, other.name) || compareText(one.context ?? '', other.context ?? '')
	);
}

/** By code units, as the apiserver sorts. */
function compareText(one: string, other: string): number {
	return one < other ? -1 : one > other ? 1 : 0;
}
