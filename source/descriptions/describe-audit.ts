/** Audit rows in words. */
import {auditStateName, type Audit, type AuditRow} from '../evidence/audit/audit-object.ts';
import {describeCitations, describeFinding, describeNeed, type DetailPart} from './describe-verdict.ts';

export function describeAuditRow(
	row: AuditRow,
	{evidence}: Pick<Audit, 'evidence'>,
): {state: string; basis: string | null; details: readonly DetailPart[]} {
	const [message, ...advice] = describeFinding(row);
	return {
		state: auditStateName(row.state),
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
