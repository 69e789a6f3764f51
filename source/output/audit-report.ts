/** An audit as text. */
import {describeAuditRow} from '../descriptions/describe-audit.ts';
import {describeReplicas} from '../descriptions/describe-path.ts';
import {type DetailPart, needsLegend, withLocation} from '../descriptions/describe-verdict.ts';
import type {Audit, AuditRow} from '../evidence/audit/audit-object.ts';
import {isProblem} from '../evidence/audit/rows-by-cause.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';
import {clusterName} from './cluster-name.ts';
import {hubPicture} from './hub-picture.ts';

export function auditReport(audit: Audit): string {
	const {cluster, replicas, nodes, summary, identity, require} = audit;
	const {known, read} = replicas;
	const examined = known === null ? describeReplicas(replicas).text : `${read} of ${known} known examined`;
	const apiservers = `${examined}${replicas.agree === false ? '; they differ' : ''}`;
	const looked = `${nodes.total ?? 'not listed'}${nodes.chosen === 'sample' ? `, ${nodes.examined} examined` : ''}`;
	const legend = needsLegend(audit.rows.flatMap(row => describeAuditRow(row, audit).details));
	return [
		sanitizeLine(`${clusterName(cluster)}  ${cluster.version ?? 'version unknown'}  as ${identity.user ?? 'an unknown user'}`),
		sanitizeLine(`apiservers: ${apiservers}   nodes: ${looked}   probe: ${audit.probe}`),
		...replicas.unreached.map(text => sanitizeLine(`not examined: apiserver ${text}`)),
		'',
		...hubPicture(audit.rows).map(line => sanitizeLine(line)),
		'━ proven   ╍ inferred   ┈ unknown',
		'',
		...audit.rows.flatMap(row => rowLines(row, audit)),
		...(legend === null ? [] : [legend, '']),
		`${summary.pass} pass, ${summary.warn} warn, ${summary.fail} fail, ${summary.unknown} unknown, ${summary['not-applicable']} not applicable`,
		...(require.asked.length > 0 ? [sanitizeLine(requireLine(require))] : []),
		'',
	].join('\n');
}

function requireLine({asked: input, minBasis, result, rows, results}: Audit['require']): string {
	const accepted = results.filter(one => one.result === 'accepted').map(({row}) => row);
	const failed = result === 'met' ? '' : ` by ${rows.join(', ')}`;
	return `required: ${input.join(', ')} (${minBasis}): ${result}${failed}${accepted.length > 0 ? `, accepted: ${accepted.join(', ')}` : ''}`;
}

const marks: Readonly<Record<AuditRow['verdict'], string>> = {
	pass: 'pass',
	warn: 'warn',
	fail: 'FAIL',
	unknown: '?   ',
	'not-applicable': 'n/a ',
};

function rowLines(row: AuditRow, audit: Audit): string[] {
	const {state, basis, details} = describeAuditRow(row, audit);
	const noun = row.id === 'C5' ? 'kubelets' : 'apiservers';
	const scope = row.scope.of === null || row.scope.of <= 1 ? '' : ` (proven for ${row.scope.proven} of ${row.scope.of} ${noun})`;
	const lines = (role: DetailPart['role'], max = Infinity) => {
		const texts = details.filter(one => one.role === role).map(one => withLocation(one));
		const more = texts.length > max && role === 'exception' ? [`${texts.length - max} more`] : [];
		return [...texts.slice(0, max), ...more].map(text => `         ${role.padEnd(10)} ${sanitizeLine(text)}`);
	};

	return [
		sanitizeLine(`${marks[row.verdict]} ${row.id.padEnd(3)} ${row.title}: ${state}${basis === null ? '' : `, ${basis}`}${scope}`),
		`         ${sanitizeLine(row.message)}`,
		...lines('accepted'),
		...lines('evidence', 6),
		...lines('exception', 10),
		...details
			.filter(({role}) => role === 'needs' || role === 'or' || role === 'and')
			.map(({role, text}) => `         ${(role === 'needs' ? role : `   ${role}`).padEnd(10)} ${sanitizeLine(text)}`),
		...(isProblem(row) ? [...lines('fix'), ...lines('docs')] : []),
		'',
	];
}
