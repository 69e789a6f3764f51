/** The Audit object of the contract. */
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

/** Long and short names; a state without an entry is its own name. */
const stateNames: Readonly<Record<string, readonly [long: string, short: string]>> = {
	'anonymous-granted': ['anonymous access granted', 'anonymous on'],
	approved: ['CSRs approved', 'CSRs approved'],
	'ca-equal': ['cluster CA matches', 'CA matches'],
	'egress-http-connect': ['egress http-connect', 'http-conn'],
	'in-use': ['in use', 'in use'],
	listening: ['listening beyond loopback', 'listening'],
	'no-root-certificate': ['no root CA', 'no root CA'],
	'none-seen': ['none found', 'none found'],
	'not-applicable': ['not applicable', 'not applicable'],
	'not-used': ['not used', 'not used'],
	'partly-alive': ['partially alive', 'part alive'],
	silent: ['no lease renewed', 'no lease'],
	'ssh-tunnel': ['ssh tunnel', 'ssh tunnel'],
	'static-tokens': ['static tokens enabled', 'static tokens'],
	'your-leg': ['your connection unverified', 'unverified'],
};

/** Where a state means something else in this row than in others. */
const rowStateNames: Readonly<Partial<Record<RowId, Readonly<Record<string, readonly [long: string, short: string]>>>>> = {
	N6: {exposed: ['etcd reachable', 'etcd reachable']},
	C5: {protected: ['required', 'required']},
	C9: {impossible: ['not in this version', 'not used']},
	C10: {
		direct: ['not used (direct)', 'not used'],
		proxy: ['not used (proxy)', 'not used'],
		'ssh-tunnel': ['not used (ssh tunnel)', 'not used'],
	},
};

/** The state of a row in words. Its title is the subject. */
export function auditRowState(
	{id, state, verdict}: Pick<AuditRow, 'id' | 'state' | 'verdict'>,
	{short = false}: {short?: boolean} = {},
): string {
	const name = rowStateNames[id]?.[state]?.[short ? 1 : 0] ?? auditStateName(state === '' ? verdict : state, {short});
	return id === 'N5' && verdict === 'warn' && state === 'secured' ? `${name}, with warnings` : name;
}

export function auditStateName(state: string, {short = false}: {short?: boolean} = {}): string {
	const index = short ? 1 : 0;
	// A state can name a route and a TLS state.
	return stateNames[state]?.[index] ?? state.replace(/^(?:egress-http-connect|ssh-tunnel)(?=,)/, route => stateNames[route]![index]);
}
