/** Audit rows in words. */
import type {Audit, AuditRow, RowId} from '../evidence/audit/audit-object.ts';
import type {Basis} from '../evidence/evidence.ts';
import {describeNeeds} from '../evidence/rules/needs.ts';
import {describeCitations, describeFinding, routeName, tlsName, type DetailPart} from './describe-verdict.ts';

export function describeAuditRow(
	row: AuditRow,
	{evidence}: Pick<Audit, 'evidence'>,
): {state: string; basis: string | null; details: readonly DetailPart[]} {
	const [message, ...advice] = describeFinding(row);
	return {
		state: auditRowState(row),
		basis: row.basis === 'unknown' ? null : row.basis,
		details: [
			message!,
			...(row.accepted === null ? [] : [{role: 'accepted' as const, text: row.accepted}]),
			...describeCitations(row.evidence, evidence),
			...row.exceptions.map(text => ({role: 'exception' as const, text})),
			...(row.verdict === 'unknown' || row.basis === 'inferred' ? describeNeeds(row.need) : []),
			...advice,
		],
	};
}

/** The state of a row in words. Its title is the subject. */
export function auditRowState(
	{id, state, verdict}: Pick<AuditRow, 'id' | 'state' | 'verdict'>,
	{short = false}: {short?: boolean} = {},
): string {
	const name = rowStateNames[id]?.[state]?.[short ? 1 : 0] ?? auditStateName(state, {short});
	// Alone, the word would not say why the row passes.
	if (verdict === 'pass' && (state === 'plain' || state === 'unverified')) {
		return short ? name : `${name} inside the tunnel`;
	}

	return id === 'N5' && verdict === 'warn' && state === 'secured' ? `${name}, with warnings` : name;
}

/** With the route, because `unverified` means something else inside a tunnel. */
export function auditLegState(
	{leg, ...row}: Pick<AuditRow, 'id' | 'state' | 'verdict' | 'leg' | 'basis'>,
	layout: {short?: boolean} = {},
): string {
	if (!leg) {
		return auditRowState(row, layout);
	}

	// The basis of the row must not seem to be that of a route that is only inferred.
	const isWeakerRoute = row.basis === 'proven' && leg.route.basis === 'inferred';
	return [...(isWeakerRoute ? [] : [routeName(leg.route.state, layout)]), tlsName(leg.tls.state)].join(', ');
}

/** The basis of the state alone: that of a stream's row is the basis of its exposure. */
export function auditStateBasis({leg, state, basis}: Pick<AuditRow, 'state' | 'leg' | 'basis'>): Basis {
	return leg?.tls.state === state ? leg.tls.basis : basis;
}

export function auditStateName(state: string, {short = false}: {short?: boolean} = {}): string {
	return stateNames[state]?.[short ? 1 : 0] ?? (state === 'unknown' ? state : routeName(state, {short}));
}

/** Long and short names; a state without an entry is its own name. */
const stateNames: Readonly<Record<string, readonly [long: string, short: string]>> = {
	'anonymous-granted': ['anonymous access granted', 'anonymous on'],
	approved: ['CSRs approved', 'CSRs approved'],
	'ca-equal': ['CA matches server’s', 'CA = server’s'],
	'in-use': ['in use', 'in use'],
	listening: ['listening beyond loopback', 'listening'],
	'no-root-certificate': ['no root CA', 'no root CA'],
	'none-known': ['none known', 'none known'],
	'none-seen': ['none found', 'none found'],
	'not-applicable': ['not applicable', 'not applicable'],
	'not-used': ['not used', 'not used'],
	'partly-alive': ['partially alive', 'part alive'],
	silent: ['no lease renewed', 'no lease'],
	'static-tokens': ['static tokens on', 'static tokens'],
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

/** What a row is about, in a picture of the audit. */
export const auditEndNames = {
	N1: {text: 'kubelets', short: 'kubelets'},
	N2: {text: 'joining nodes', short: 'joining'},
	N3: {text: 'pods', short: 'pods'},
	N4: {text: 'components', short: 'components'},
	N6: {text: 'etcd, others', short: 'etcd, others'},
	C1: {text: 'logs', short: 'logs'},
	C2: {text: 'exec, attach', short: 'exec, attach'},
	C3: {text: 'port-forward', short: 'port-forward'},
	C4: {text: 'kubelets: all streams', short: 'kubelets'},
	C6: {text: 'nodes by proxy, not kubelets', short: 'nodes, not kubelets'},
	C7: {text: 'pods, through the proxy', short: 'pods/proxy'},
	C8: {text: 'services, through the proxy', short: 'services/proxy'},
} as const satisfies Partial<Record<RowId, {text: string; short: string}>>;
