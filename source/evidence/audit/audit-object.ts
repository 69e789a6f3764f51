/** The Audit object, as the contract fixes it. */
import type {Basis, Citation, ClusterIdentity, Evidence, Need} from '../evidence.ts';

export const rowIds = ['N1', 'N2', 'N3', 'N4', 'N5', 'N6', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9', 'C10', 'C11'] as const;
export type RowId = (typeof rowIds)[number];

export type RowVerdict = 'pass' | 'warn' | 'fail' | 'unknown' | 'not-applicable';

export type AuditRow = {
	id: RowId;
	title: string;
	verdict: RowVerdict;
	state: string;
	basis: Basis;
	/** `of`: how many apiservers or nodes the row covers, `null` if there may be more than are known. `proven`: on how many it is proven. */
	scope: {of: number | null; proven: number};
	evidence: readonly string[];
	/** Names of objects that the row's verdict does not hold for. */
	exceptions: readonly string[];
	need: readonly Need[];
	message: string;
	remedy: string | null;
	docs: string | null;
	/** The last attempt on such a connection failed, and nothing newer contradicts it. */
	broken: boolean;
	/** The reason of `--accept`; the verdict stays what the evidence says. */
	accepted: string | null;
};

/** A row before its evidence is numbered. */
export type RowResult = Omit<AuditRow, 'id' | 'title' | 'evidence' | 'docs' | 'accepted'> & {citations: readonly Citation[]};

export type RequireResult = 'met' | 'not-met' | 'undecided';

/** How one row meets a requirement; `accepted`: it does not, and has a waiver. */
export type RequiredRow = {row: RowId; result: RequireResult | 'accepted'};

/** The reasons of `--accept`, by row. */
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
		/** Addresses that were tried and not read, each with the reason. */
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

const stateNames: Readonly<Record<string, string>> = {
	'ca-equal': 'CA matches',
	'partly-alive': 'partially alive',
	'your-leg': 'your connection unverified',
	'none-seen': 'none found',
	'no-root-certificate': 'no root CA',
	'static-tokens': 'static tokens enabled',
	listening: 'listening beyond loopback',
};

/** The display name of a row's state; JSON keeps the state. */
export function auditStateName(state: string): string {
	return stateNames[state] ?? state;
}
