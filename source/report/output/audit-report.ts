/** Audits as text. */
import {describeAuditRow, describeProvenFor, hubPicture, kubeletsRow, pathToNodes} from '../descriptions/describe-audit.ts';
import {describeReplicas} from '../descriptions/describe-path.ts';
import {type DetailPart, needsLegend, withLocation} from '../descriptions/describe-verdict.ts';
import {type Audit, type AuditRow, groupByCause, isProblem} from '../../evidence/audit/audit-object.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {wrapText, cellWidth, fitToCells} from '../../base/text/cell-width.ts';
import {clusterName, type ReportLayout} from './path-report.ts';
import {needsInOneLine} from '../../evidence/rules/needs.ts';
import type {Audited} from './audit-for-ci.ts';
import {formatQuantity} from '../../base/text/formats.ts';

/** The summary, a block for each cause with its fix once, then the rows that pass. With evidence, also theirs. */
export function auditReport(audit: Audit, layout: ReportLayout): string {
	const blocks = groupByCause(audit.rows).map(rows => blockOf(rows, audit, layout));
	const legend = needsLegend(blocks.flatMap(({details}) => details));
	return [
		...headLines(audit),
		'',
		...hubPicture(audit.rows).map(line => sanitizeLine(line)),
		'━ proven   ╍ inferred   ┈ unknown',
		'',
		...blocks.flatMap(({lines, isShort}, index) => (isShort && blocks[index + 1]?.isShort ? lines : [...lines, ''])),
		...(legend === null ? [] : [...wrapText(legend, layout.width), '']),
		...(layout.withEvidence ? [] : ['evidence of each row: spoke audit -v 1', '']),
	].join('\n');
}

function headLines({cluster, replicas, nodes, summary, identity, require, probe}: Audit): string[] {
	const {known, read} = replicas;
	const examined = known === null ? describeReplicas(replicas).text : `${read} of ${known} known examined`;
	const apiservers = `${examined}${replicas.agree === false ? '; they differ' : ''}`;
	const looked = `${nodes.total ?? 'not listed'}${nodes.chosen === 'sample' ? `, ${nodes.examined} examined` : ''}`;
	return [
		`${clusterName(cluster)}  ${cluster.version ?? 'version unknown'}  as ${identity.user ?? 'an unknown user'}`,
		`apiservers: ${apiservers}   nodes: ${looked}   probe: ${probe}`,
		...replicas.unreached.map(text => `not examined: apiserver ${text}`),
		`${summary.fail} fail, ${summary.warn} warn, ${summary.unknown} unknown, ${summary.pass} pass, ${summary['not-applicable']} not applicable`,
		...(require.asked.length > 0 ? [requireLine(require)] : []),
	].map(line => sanitizeLine(line));
}

function requireLine({asked, minBasis, result, rows, results}: Audit['require']): string {
	const accepted = results.filter(one => one.result === 'accepted').map(({row}) => row);
	const failed = result === 'met' ? '' : ` by ${rows.join(', ')}`;
	return `required: ${asked.join(', ')} (${minBasis}): ${result}${failed}${accepted.length > 0 ? `, accepted: ${accepted.join(', ')}` : ''}`;
}

/** `isShort`: one line without anything below it. `details`: those that are shown. */
type Block = {lines: string[]; isShort: boolean; details: DetailPart[]};

/** Of the rows that one change fixes, or of one row. */
function blockOf(rows: readonly AuditRow[], audit: Audit, layout: ReportLayout): Block {
	const described = rows.map(row => ({row, ...describeAuditRow(row, audit)}));
	const advice = described[0]!.details.filter(({role}) => isProblem(rows[0]!) && (role === 'fix' || role === 'docs'));
	const shown = described.map(({row, details}, index) => {
		const below = described[index + 1]?.row.message;
		return details.filter(part => isShown(part, row, layout) && (layout.withEvidence || part.role !== 'message' || part.text !== below));
	});
	const lines = [
		...advice.flatMap(part => detailLines(part, layout, '')),
		...described.flatMap(({row, state, basis}, index) => [
			sanitizeLine(`${marks[row.verdict]} ${row.id.padEnd(3)} ${row.title}: ${state}${basis === null ? '' : `, ${basis}`}${scopeOf(row)}`),
			...shortened(shown[index]!, layout).flatMap(part => detailLines(part, layout, '         ')),
		]),
	];
	return {lines, isShort: lines.length === 1, details: shown.flat()};
}

const marks: Readonly<Record<AuditRow['verdict'], string>> = {
	pass: 'pass',
	warn: 'warn',
	fail: 'FAIL',
	unknown: '?   ',
	'not-applicable': 'n/a ',
};

function scopeOf(row: AuditRow): string {
	return (row.scope.of ?? 0) > 1 ? ` (${describeProvenFor(row)})` : '';
}

/** The advice stands above the rows of a block. */
function isShown({role}: DetailPart, {verdict}: AuditRow, {withEvidence}: ReportLayout): boolean {
	if (role === 'fix' || role === 'docs') {
		return false;
	}

	const isSettled = verdict === 'pass' || verdict === 'not-applicable';
	return withEvidence || role === 'accepted' || (!isSettled && role !== 'evidence');
}

/** Without the ends of long lists. */
function shortened(details: readonly DetailPart[], {withEvidence}: ReportLayout): DetailPart[] {
	const limits: Readonly<Partial<Record<DetailPart['role'], number>>> = {evidence: 6, exception: withEvidence ? 10 : 3};
	return details.flatMap(part => {
		const alike = details.filter(({role}) => role === part.role);
		const beyond = alike.indexOf(part) - (limits[part.role] ?? Infinity);
		return beyond < 0
			? [part]
			: beyond === 0 && part.role === 'exception'
				? [{...part, text: `${alike.length - alike.indexOf(part)} more`}]
				: [];
	});
}

/** `indent`: of the row that it belongs to; advice for a whole block has none. */
function detailLines(part: DetailPart, {width}: ReportLayout, indent: string): string[] {
	const name = part.role === 'or' || part.role === 'and' ? `   ${part.role}` : part.role;
	const label = part.role === 'message' ? '' : name.padEnd(indent === '' ? 5 : 11);
	const lines = wrapText(sanitizeLine(withLocation(part)), width - indent.length - label.length);
	return lines.map((line, index) => `${indent}${index === 0 ? label : ' '.repeat(label.length)}${line}`);
}

/** Audits of several clusters as a table, with one row per context. */
export function auditTable(audited: ReadonlyArray<Audited & {context: string}>): string {
	const headings = ['CONTEXT', 'VERDICT', 'KUBELETS', 'ROUTE TO NODES', 'CAUSE'];
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

function cellsOf({context, value: audit, error}: Audited & {context: string}): readonly string[] {
	if (error !== null) {
		return [context, 'error', '–', '–', `${error.message} [${error.code}]`];
	}

	const {kubelets, route} = pathToNodes(audit.rows);
	return [context, verdictOf(audit), kubelets, route, causeOf(audit)];
}

/** The result of `--require`, or else how many rows are not as they should be. */
function verdictOf({require, summary}: Audit): string {
	const counts = (['fail', 'warn', 'unknown'] as const)
		.filter(verdict => summary[verdict] > 0)
		.map(verdict => `${summary[verdict]} ${verdict}`);
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
