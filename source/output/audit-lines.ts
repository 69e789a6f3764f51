/** Audit rows and failures as plain lines, for the formats of other tools. */
import {describeAuditRow} from '../descriptions/describe-audit.ts';
import {describeError} from '../descriptions/describe-error.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import type {AuditRow} from '../evidence/audit/audit-object.ts';

/** The message comes first. */
export function auditRowLines(row: AuditRow): string {
	return describeAuditRow(row, {evidence: []})
		.details.filter(({role}) => role !== 'accepted' && role !== 'docs')
		.map(({role, text}) => (role === 'fix' || role === 'needs' ? `${role}: ${text}` : text))
		.join('\n');
}

export function errorLines(error: SpokeError): string {
	return describeError(error.toJSON())
		.filter(({role}) => role !== 'where' && role !== 'code')
		.map(({role, text}) => (role === 'fix' ? `fix: ${text}` : text))
		.join('\n');
}
