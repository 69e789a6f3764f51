/** An audit as text. */
import {auditStateName, type Audit, type AuditRow} from '../evidence/audit/audit-object.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';
import {hubPicture} from './hub-picture.ts';
import {needText} from './path-report.ts';

export function auditReport(audit: Audit): string {
	const {cluster, replicas, nodes, summary, identity, require} = audit;
	const known = replicas.known === null ? `${replicas.read} examined, total unknown` : `${replicas.read} of ${replicas.known} examined`;
	const location = `${cluster.context ?? cluster.server}${cluster.sandbox ? ' (sandbox)' : ''}`;
	const apiservers = `${known}${replicas.agree === false ? '; they differ' : ''}`;
	const looked = `${nodes.total ?? 'not listed'}${nodes.chosen === 'sample' ? `, ${nodes.examined} examined` : ''}`;
	return [
		sanitizeLine(`${location}  ${cluster.version ?? 'version unknown'}  as ${identity.user ?? 'an unknown user'}`),
		sanitizeLine(`apiservers: ${apiservers}   nodes: ${looked}   probe: ${audit.probe}`),
		...replicas.unreached.map(text => sanitizeLine(`not examined: apiserver ${text}`)),
		'',
		...hubPicture(audit.rows).map(line => sanitizeLine(line)),
		'',
		...audit.rows.flatMap(row => rowLines(row, audit)),
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

function rowLines(row: AuditRow, {evidence}: Audit): string[] {
	const cited = row.evidence.flatMap(id => evidence.find(item => item.id === id) ?? []);
	const basis = row.basis === 'unknown' ? '' : `, ${row.basis}`;
	const scope = row.scope.of === null || row.scope.of <= 1 ? '' : ` (proven on ${row.scope.proven} of ${row.scope.of})`;
	return [
		sanitizeLine(`${marks[row.verdict]} ${row.id.padEnd(3)} ${row.title}: ${auditStateName(row.state)}${basis}${scope}`),
		`         ${sanitizeLine(row.message)}`,
		...(row.accepted === null ? [] : [`         accepted   ${sanitizeLine(row.accepted)}`]),
		...cited
			.slice(0, 6)
			.map(
				item =>
					`         evidence   ${sanitizeLine(`${item.observed}  (${item.where}${item.process === null ? '' : ` of ${item.process}`})`)}`,
			),
		...row.exceptions.slice(0, 10).map(exception => `         exception  ${sanitizeLine(exception)}`),
		...(row.exceptions.length > 10 ? [`         exception  ${row.exceptions.length - 10} more`] : []),
		...(row.verdict === 'unknown' || row.basis === 'inferred'
			? row.need.map(need => `         needs      ${sanitizeLine(needText(need))}`)
			: []),
		...(row.verdict === 'fail' || row.verdict === 'warn'
			? [
					...(row.remedy === null ? [] : [`         fix        ${sanitizeLine(row.remedy)}`]),
					...(row.docs === null ? [] : [`         docs       ${row.docs}`]),
				]
			: []),
		'',
	];
}
