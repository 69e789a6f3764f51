/** Audit rows in words. */
import {auditRowState, type Audit, type AuditRow, type RowId} from '../evidence/audit/audit-object.ts';
import {describeCitations, describeFinding, describeNeed, type DetailPart} from './describe-verdict.ts';

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
			...(row.verdict === 'unknown' || row.basis === 'inferred' ? row.need.map(need => describeNeed(need)) : []),
			...advice,
		],
	};
}

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
	C6: {text: 'nodes, through the proxy', short: 'nodes/proxy'},
	C7: {text: 'pods, through the proxy', short: 'pods/proxy'},
	C8: {text: 'services, through the proxy', short: 'services/proxy'},
} as const satisfies Partial<Record<RowId, {text: string; short: string}>>;
