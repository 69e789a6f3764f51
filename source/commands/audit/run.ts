/** `spoke audit`: checks the paths between nodes and control plane. */
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import type {FlagValues} from '../../command-line/flag-spec.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {auditJunit, failedAuditJunit} from '../../output/audit-junit.ts';
import {auditMarkdown, failedAuditMarkdown} from '../../output/audit-markdown.ts';
import {auditPrometheus, failedAuditPrometheus} from '../../output/audit-prometheus.ts';
import {auditReport} from '../../output/audit-report.ts';
import {auditSarif, failedAuditSarif} from '../../output/audit-sarif.ts';
import {jsonLine} from '../../output/json-line.ts';
import {auditJson, type Audit} from '../../evidence/audit/audit-object.ts';
import {parseRequirement, parseWaivers} from '../../evidence/audit/requirements.ts';
import {runAudit, type AuditOptions} from '../../evidence/audit/run-audit.ts';
import {assertRequireFlags} from '../../evidence/require-path.ts';
import {errorText} from '../../text/error-text.ts';
import {toTerminalCharset} from '../../text/terminal-charset.ts';
import type {Command, Invocation} from '../command.ts';
import {auditSpec} from './spec.ts';

type Format = FlagValues<typeof auditSpec.flags>['output'];

const formats: Readonly<Record<Format, (audit: Audit) => string>> = {
	json: audit => jsonLine(auditJson(audit)),
	junit: auditJunit,
	markdown: auditMarkdown,
	prometheus: auditPrometheus,
	sarif: auditSarif,
	text: auditReport,
};

/** Documents of an audit that failed: a pipeline collects the file even if nothing could be read. */
const failedFormats: Readonly<Partial<Record<Format, (error: SpokeError, time: string) => string>>> = {
	junit: failedAuditJunit,
	markdown: failedAuditMarkdown,
	prometheus: failedAuditPrometheus,
	sarif: failedAuditSarif,
};

export const command: Command<typeof auditSpec.flags> = {
	spec: auditSpec,
	async run(invocation) {
		const {flags, given, positionals, stdout, stderr, interrupted} = invocation;
		if (positionals.length > 0) {
			throw new SpokeError('ERR_USAGE', `audit takes no target, got ${JSON.stringify(positionals[0])}`, {
				remedy: 'for one target, run `spoke path TARGET`',
			});
		}

		assertRequireFlags(flags.require, given);
		const require = flags.require.map(text => parseRequirement(text));
		const accepted = parseWaivers(flags.accept);
		let audit: Audit;
		try {
			audit = await readAudit(invocation, {probe: flags.probe, require, minBasis: flags['min-basis'], accepted, signal: interrupted});
		} catch (error) {
			const format = failedFormats[flags.output];
			if (format && !interrupted.aborted) {
				stdout.write(format(toSpokeError(error), new Date().toISOString()));
			}

			throw error;
		}

		const report = formats[flags.output](audit);
		stdout.write(flags.output === 'text' ? toTerminalCharset(stdout, report) : report);
		const failure = failureOf(audit);
		if (failure) {
			stderr.write(`${toTerminalCharset(stderr, errorText(failure))}\n`);
		}

		return audit.exitStatus;
	},
};

async function readAudit({flags, env, interrupted}: Invocation<typeof auditSpec.flags>, options: AuditOptions): Promise<Audit> {
	const cluster = withAbortSignal(await createClusterClient(flags, env), interrupted);
	try {
		const audit = await runAudit(cluster, options);
		interrupted.throwIfAborted();
		return audit;
	} finally {
		cluster.close();
	}
}

/** The error for stderr, because a CI job often writes the audit to a file. */
function failureOf({require: {asked, result, rows}}: Audit): SpokeError | undefined {
	const [wanted, why] = [asked.join(', '), rows.join(', ')];
	return result === 'not-met'
		? new SpokeError('ERR_REQUIRE_NOT_MET', `requirement not met: ${wanted} (${why})`)
		: result === 'undecided'
			? new SpokeError('ERR_REQUIRE_UNDECIDED', `requirement undecided: ${wanted} (${why})`)
			: undefined;
}
