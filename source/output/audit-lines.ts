/** Audit rows and failures as plain lines, for the formats of other tools. */
import {describeAuditRow} from '../descriptions/describe-audit.ts';
import {describeError} from '../descriptions/describe-error.ts';
import type {DetailPart} from '../descriptions/describe-verdict.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import type {AuditRow} from '../evidence/audit/audit-object.ts';

/** The message comes first. */
export function auditRowLines(row: AuditRow): string {
	return describeAuditRow(row, {evidence: []})
		.details.filter(({role}) => role !== 'accepted' && role !== 'docs')
		.map(({role, text}) => (labeled.has(role) ? `${role}: ${text}` : text))
		.join('\n');
}

const labeled: ReadonlySet<DetailPart['role']> = new Set(['fix', 'needs', 'or', 'and']);

export function errorLines(error: SpokeError): string {
	return describeError(error.toJSON())
		.filter(({role}) => role !== 'where' && role !== 'code')
		.map(({role, text}) => (role === 'fix' ? `fix: ${text}` : text))
		.join('\n');
}
