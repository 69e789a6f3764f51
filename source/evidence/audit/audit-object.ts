/** The Audit object of the contract, and the order of its rows by cause. */
import type {Basis, Citation, ClusterIdentity, Evidence, Need, RouteState, TlsState} from '../evidence.ts';

export const rowIds = ['N1', 'N2', 'N3', 'N4', 'N5', 'N6', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9', 'C10', 'C11'] as const;
export type RowId = (typeof rowIds)[number];

export type RowVerdict = 'pass' | 'warn' | 'fail' | 'unknown' | 'not-applicable';

export type AuditedLeg = {route: {state: RouteState; basis: Basis}; tls: {state: TlsState; basis: Basis}};

export type AuditRow = {
	id: RowId;
	title: string;
	verdict: RowVerdict;
	state: string;
	/** Leg 2, with a basis for each verdict; that of the row is the basis of the exposure. For layouts: `spoke/v1` has no field for it. */
	leg: AuditedLeg | null;
	basis: Basis;
	/** `of`: apiservers or nodes covered, `null` if there may be unknown ones. `proven`: how many of them are proven. */
	scope: {of: number | null; proven: number};
	evidence: readonly string[];
	exceptions: readonly string[];
	need: readonly Need[];
	message: string;
	remedy: string | null;
	docs: string | null;
	/** The last attempt failed, and nothing newer contradicts it. */
	broken: boolean;
	/** The reason of `--accept`; it does not change the verdict. */
	accepted: string | null;
};

export type RowResult = Omit<AuditRow, 'id' | 'title' | 'evidence' | 'docs' | 'accepted'> & {citations: readonly Citation[]};

/** In the order of their ids, as far as they are judged. */
export type JudgedRows = ReadonlyMap<RowId, RowResult>;

export type RequireResult = 'met' | 'not-met' | 'undecided';

/** `accepted`: not met, but waived. */
export type RequiredRow = {row: RowId; result: RequireResult | 'accepted'};

export type Waivers = ReadonlyMap<RowId, string>;

export type Audit = {
	apiVersion: 'spoke/v1';
	kind: 'Audit';
	time: string;
	cluster: ClusterIdentity;
	identity: {user: string | null; groups: readonly string[]};
	replicas: {
		known: number | null;
		read: number;
		agree: boolean | null;
		knownFrom: 'lease' | 'endpointslice' | 'unknown';
		processes: ReadonlyArray<{id: string | null; startTime: string | null; address: string | null; readOver: 'direct' | 'balancer'}>;
		unreached: readonly string[];
	};
	nodes: {total: number | null; examined: number; chosen: 'all' | 'sample'};
	probe: 'passive' | 'active';
	rows: readonly AuditRow[];
	evidence: readonly Evidence[];
	summary: Record<RowVerdict, number>;
	require: {
		asked: readonly string[];
		minBasis: 'proven' | 'inferred';
		result: RequireResult | null;
		rows: readonly RowId[];
		results: readonly RequiredRow[];
	};
	exitStatus: number;
};

/** `heading`: above the first of several rows with one cause. */
type CausedRow = {row: AuditRow; heading: string | null};

const badness: Readonly<Record<RowVerdict, number>> = {fail: 0, warn: 1, unknown: 2, pass: 3, 'not-applicable': 4};

/** Rows that sum up others. C11 is one, because its remedy begins with that of C4. */
const sums: Readonly<Partial<Record<RowId, readonly RowId[]>>> = {N5: ['N1', 'N2', 'N3', 'N4', 'N6'], C11: ['C4']};

/** Whether a pipeline reports the row as a failure: with requirements, a required row that is not met. Ignores waivers. */
export function isFailedRow({id, verdict}: AuditRow, {asked, results}: Audit['require']): boolean {
	return asked.length > 0 ? results.some(({row, result}) => row === id && result !== 'met') : verdict === 'fail';
}

/** The audit as `-o json` prints it. */
export function auditJson(audit: Audit): object {
	return {...audit, rows: audit.rows.map(({leg, ...row}) => row)};
}

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
	return groupByCause(rows).filter(([row]) => isProblem(row!)).length;
}

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
