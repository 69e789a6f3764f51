/** Audits of several clusters as a table, with one row per context. */
import {needsInOneLine} from '../evidence/rules/needs.ts';
import {kubeletsRow, pathToNodes} from './hub-picture.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import {type Audit, type AuditRow, type RowVerdict, groupByCause, isProblem} from '../evidence/audit/audit-object.ts';
import {cellWidth, fitToCells} from '../text/cell-width.ts';
import {formatQuantity} from '../text/formats.ts';
import {sanitizeLine} from '../text/sanitize.ts';

export type AuditedContext = {context: string} & ({value: Audit; error: null} | {value: null; error: SpokeError});

const headings = ['CONTEXT', 'VERDICT', 'KUBELETS', 'ROUTE TO NODES', 'CAUSE'];

export function auditTable(audited: readonly AuditedContext[]): string {
	const rows = [headings, ...audited.map(one => cellsOf(one).map(cell => sanitizeLine(cell)))];
	const widths = headings.map((_, column) => Math.max(...rows.map(cells => cellWidth(cells[column]!))));
	const lines = rows.map(cells =>
		cells
			.map((cell, column) => fitToCells(cell, widths[column]!))
			.join('  ')
			.trimEnd(),
	);
	return [...lines, '', 'all rows of a cluster: spoke audit --context NAME', ''].join('\n');
}

function cellsOf({context, value: audit, error}: AuditedContext): readonly string[] {
	if (error !== null) {
		return [context, 'error', '–', '–', `${error.message} [${error.code}]`];
	}

	const {kubelets, route} = pathToNodes(audit.rows);
	return [context, verdictOf(audit), kubelets, route, causeOf(audit)];
}

const countedVerdicts = ['fail', 'warn', 'unknown'] as const satisfies readonly RowVerdict[];

/** The result of `--require`, or else how many rows are not as they should be. */
function verdictOf({require, summary}: Audit): string {
	const counts = countedVerdicts.filter(verdict => summary[verdict] > 0).map(verdict => `${summary[verdict]} ${verdict}`);
	return require.result?.replace('-', ' ') ?? (counts.join(', ') || 'pass');
}

function causeOf({require, rows}: Audit): string {
	if (require.result === 'met') {
		return '';
	}

	if (require.result !== null) {
		const deciding = rows.filter(({id}) => require.rows.includes(id));
		return require.result === 'undecided' ? describeUndecided(deciding) : describeRows(deciding);
	}

	const [first, ...others] = groupByCause(rows).filter(([row]) => isProblem(row!));
	if (first) {
		return `${describeRows(first)}${others.length === 0 ? '' : `; ${formatQuantity(others.length, 'more cause')}`}`;
	}

	const kubelets = kubeletsRow(rows);
	return kubelets.verdict === 'unknown' ? describeUndecided([kubelets]) : '';
}

/** Adds the needs of the first row. */
function describeUndecided(rows: readonly AuditRow[]): string {
	const {basis, need} = rows[0] ?? {basis: 'unknown', need: []};
	return [
		describeRows(rows),
		...(basis === 'inferred' ? ['inferred, not proven'] : []),
		...(need.length === 0 ? [] : [`needs ${needsInOneLine(need)}`]),
	].join('; ');
}

/** `C1, C2: ` and what was found for the first. */
function describeRows(rows: readonly AuditRow[]): string {
	return rows.length === 0 ? '' : `${rows.map(({id}) => id).join(', ')}: ${rows[0]!.message}`;
}
