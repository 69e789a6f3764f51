/** The roles of audit verdicts. */
import type {RowVerdict} from '../evidence/audit/audit-object.ts';
import type {Role} from './theme.ts';

export const verdictRole: Readonly<Record<RowVerdict, Role>> = {
	pass: 'tls.verified',
	warn: 'level.warn',
	fail: 'state.failed',
	unknown: 'tls.unknown',
	'not-applicable': 'text.dim',
};
