/** An audit as GitHub Flavored Markdown, for the summary of a pipeline or a ticket. */
import {auditRowState} from '../descriptions/describe-audit.ts';
import {describeError} from '../descriptions/describe-error.ts';
import {describeReplicas} from '../descriptions/describe-path.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import type {Audit, AuditRow} from '../evidence/audit/audit-object.ts';
import {isProblem} from '../evidence/audit/rows-by-cause.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';
import type {AuditedContext} from './audit-table.ts';
import {clusterName} from './cluster-name.ts';

export function auditMarkdown({rows, cluster, replicas, identity, probe, summary, require, time}: Audit): string {
	const counts = Object.entries(summary).map(([verdict, count]) => `${count} ${verdict}`);
	return document([
		`## spoke audit: ${plain(clusterName(cluster))}`,
		[
			`Kubernetes ${plain(cluster.version ?? 'of unknown version')}`,
			`as ${plain(identity.user ?? 'an unknown user')}`,
			plain(describeReplicas(replicas).text),
			`probe: ${probe}`,
			time,
		].join(' · '),
		...(require.result === null ? [] : [`Required: ${plain(require.asked.join(', '))} (${require.minBasis}): **${require.result}**`]),
		['| row | verdict | basis | what | finding |', '| --- | --- | --- | --- | --- |', ...rows.map(row => tableRow(row))].join('\n'),
		counts.join(', '),
		...remedies(rows),
	]);
}

export function failedAuditMarkdown(error: SpokeError, time: string, context: string | null = null): string {
	const details = describeError(error.toJSON()).map(({role, text}) => `- ${role}: ${plain(text)}`);
	const title = context === null ? 'could not run' : `${plain(context)}: could not run`;
	return document([`## spoke audit: ${title}`, `${plain(error.message)} (\`${error.code}\`) · ${time}`, details.join('\n')]);
}

/** One section per context. */
export function auditsMarkdown(audited: readonly AuditedContext[], time: string): string {
	return audited
		.map(({context, value, error}) => (error === null ? auditMarkdown(value) : failedAuditMarkdown(error, time, context)))
		.join('\n');
}

function document(blocks: readonly string[]): string {
	return `${blocks.join('\n\n')}\n`;
}

function tableRow(row: AuditRow): string {
	const verdict = isProblem(row) ? `**${row.verdict}**` : row.verdict;
	const accepted = row.accepted === null ? '' : ` (accepted: ${plain(row.accepted)})`;
	const finding = `${plain(auditRowState(row))}: ${plain(row.message)}${accepted}`;
	return `| ${row.id} | ${verdict} | ${row.basis} | ${plain(row.title)} | ${finding} |`;
}

/** Rows with the same remedy share a line. */
function remedies(rows: readonly AuditRow[]): string[] {
	const byText = new Map<string, string[]>();
	for (const {id, remedy} of rows.filter(row => isProblem(row))) {
		if (remedy !== null) {
			byText.set(remedy, [...(byText.get(remedy) ?? []), id]);
		}
	}

	const lines = [...byText].map(([remedy, ids]) => `- ${ids.join(', ')}: ${plain(remedy)}`);
	return lines.length === 0 ? [] : ['### Fix', lines.join('\n')];
}

/** Text from a cluster is shown, never interpreted: neither as Markdown or HTML, nor as a mention of a user. */
function plain(text: string): string {
	return sanitizeLine(text)
		.replaceAll('&', '&amp;')
		.replaceAll(/[\\`*_[\]<>|~#]/g, String.raw`\$&`)
		.replaceAll('@', '&#64;');
}
