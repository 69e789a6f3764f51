/** The Audit object of the contract. */
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

/** Whether a pipeline reports the row as a failure: with requirements, a required row that is not met. Ignores waivers. */
export function isFailedRow({id, verdict}: AuditRow, {asked, results}: Audit['require']): boolean {
	return asked.length > 0 ? results.some(({row, result}) => row === id && result !== 'met') : verdict === 'fail';
}

/** The audit as `-o json` prints it. */
export function auditJson(audit: Audit): object {
	return {...audit, rows: audit.rows.map(({leg, ...row}) => row)};
}
