/**
An audit as metrics, for the textfile collector of the node exporter or a push gateway.
@see https://prometheus.io/docs/instrumenting/exposition_formats/
*/
import type {SpokeError} from '../errors/spoke-error.ts';
import type {Audit, RowVerdict} from '../evidence/audit/audit-object.ts';
import type {AuditedContext} from './audit-table.ts';

const verdicts: readonly RowVerdict[] = ['pass', 'warn', 'fail', 'unknown', 'not-applicable'];

export function auditPrometheus(audit: Audit): string {
	return expose([success(true), timestamp(audit.time), ...metricsOf(audit)]);
}

/** Without rows, so that a stale verdict does not stay. */
export function failedAuditPrometheus(_error: SpokeError, time: string): string {
	return expose([success(false), timestamp(time)]);
}

/** Each sample names its cluster. */
export function auditsPrometheus(audited: readonly AuditedContext[], time: string): string {
	const metrics = audited.flatMap(({context, value, error}) => [
		success(error === null, {cluster: context}),
		timestamp(value?.time ?? time, {cluster: context}),
		...(error === null ? metricsOf(value) : []),
	]);
	return expose(
		[...Map.groupBy(metrics, ({name}) => name).values()].map(same => ({...same[0]!, samples: same.flatMap(({samples}) => samples)})),
	);
}

function metricsOf({rows, cluster, require}: Audit): readonly Metric[] {
	const name = cluster.context ?? cluster.server;
	return [
		{
			name: 'spoke_audit_row',
			help: 'Whether a row has this verdict: 1 for one verdict of each row, 0 for the others.',
			samples: rows.flatMap(row =>
				verdicts.map(verdict => ({
					labels: {cluster: name, row: row.id, title: row.title, verdict},
					value: Number(row.verdict === verdict),
				})),
			),
		},
		{
			name: 'spoke_audit_row_proven',
			help: 'Whether the verdict of a row is proven: 0 if it is inferred or unknown.',
			samples: rows.map(row => ({labels: {cluster: name, row: row.id}, value: Number(row.basis === 'proven')})),
		},
		{
			name: 'spoke_audit_row_accepted',
			help: 'Whether a row is waived by --accept.',
			samples: rows.map(row => ({labels: {cluster: name, row: row.id}, value: Number(row.accepted !== null)})),
		},
		{
			name: 'spoke_audit_requirements_met',
			help: 'Whether all of --require is met: 0 if it is not met or undecided. Absent without --require.',
			samples:
				require.result === null
					? []
					: [{labels: {cluster: name, requirements: require.asked.join(',')}, value: Number(require.result === 'met')}],
		},
	];
}

type Labels = Readonly<Record<string, string>>;
type Metric = {name: string; help: string; samples: ReadonlyArray<{labels: Labels; value: number}>};

function success(value: boolean, labels: Labels = {}): Metric {
	return {name: 'spoke_audit_success', help: 'Whether the last audit ran to its end.', samples: [{labels, value: Number(value)}]};
}

function timestamp(time: string, labels: Labels = {}): Metric {
	return {
		name: 'spoke_audit_timestamp_seconds',
		help: 'When the last audit ended.',
		samples: [{labels, value: Date.parse(time) / 1000}],
	};
}

function expose(metrics: readonly Metric[]): string {
	return metrics
		.filter(({samples}) => samples.length > 0)
		.flatMap(({name, help, samples}) => [
			`# HELP ${name} ${help}`,
			`# TYPE ${name} gauge`,
			...samples.map(({labels, value}) => `${name}${labelText(labels)} ${value}`),
		])
		.map(line => `${line}\n`)
		.join('');
}

function labelText(labels: Labels): string {
	const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
	return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escape(text: string): string {
	return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
