/** Orders audit rows by what causes them. */
import type {AuditRow, RowId, RowVerdict} from './audit-object.ts';

/** `heading`: above the first of several rows with one cause. */
export type CausedRow = {row: AuditRow; heading: string | null};

const badness: Readonly<Record<RowVerdict, number>> = {fail: 0, warn: 1, unknown: 2, pass: 3, 'not-applicable': 4};

/** The worst rows come first, and with each of them the rows that the same change fixes. */
export function groupByCause(rows: readonly AuditRow[]): ReadonlyArray<readonly AuditRow[]> {
	return [...Map.groupBy(worstFirst(rows), row => causeOf(row, rows) ?? row.id).values()];
}

/** The groups as one list. */
export function rowsByCause(rows: readonly AuditRow[]): readonly CausedRow[] {
	return groupByCause(rows).flatMap(group =>
		group.map((row, index) => ({
			row,
			heading: index === 0 && group.length > 1 ? `1 cause, ${group.length} rows: ${causeOf(row, rows)!}` : null,
		})),
	);
}

/** Changes that fix the rows which fail or warn. */
export function countCauses(rows: readonly AuditRow[]): number {
	return new Set(rows.filter(isProblem).map(row => causeOf(row, rows) ?? row.id)).size;
}

/** Rows that sum up others. C11 is one, because its remedy begins with that of C4. */
const sums: Readonly<Partial<Record<RowId, readonly RowId[]>>> = {N5: ['N1', 'N2', 'N3', 'N4', 'N6'], C11: ['C4']};

/** A sum of one problem has the cause of that problem. */
function causeOf(row: AuditRow, rows: readonly AuditRow[]): string | null {
	const problems = rows.filter(one => sums[row.id]?.includes(one.id) && isProblem(one));
	return isProblem(row) ? (problems.length === 1 ? problems[0]! : row).remedy : null;
}

export function isProblem({verdict}: AuditRow): boolean {
	return verdict === 'fail' || verdict === 'warn';
}

function worstFirst(rows: readonly AuditRow[]): readonly AuditRow[] {
	return rows.toSorted((one, other) => badness[one.verdict] - badness[other.verdict]);
}
