/** `spoke audit`: checks the paths between nodes and control plane. */
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {areSeveral, chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import type {ConnectionFlags} from '../../base/command-line/connection-flags.ts';
import type {FlagValues} from '../../base/command-line/flag-spec.ts';
import {needsInOneLine, needsOfEach} from '../../evidence/rules/needs.ts';
import {toSpokeError, SpokeError, errorText} from '../../base/errors/spoke-error.ts';
import {auditJunit, auditSarif, type Audited} from '../../report/output/audit-for-ci.ts';
import {auditReport, auditTable} from '../../report/output/audit-report.ts';
import {jsonLine} from '../../report/output/output-writer.ts';
import {reportLayout} from '../../report/output/path-report.ts';
import {auditJson, type Audit} from '../../evidence/audit/audit-object.ts';
import {checkRequirements, parseRequirement, parseWaivers} from '../../evidence/audit/requirements.ts';
import {runAudit, type AuditOptions} from '../../evidence/audit/run-audit.ts';
import {assertRequireFlags} from '../../evidence/require-path.ts';
import {toTerminalCharset} from '../../base/text/terminal-charset.ts';
import type {Command, Invocation} from '../command.ts';
import {combineStatuses, contextErrorLine, runInContexts, writeContextError} from '../several-contexts.ts';
import {auditSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

type Format = FlagValues<typeof auditSpec.flags>['output'];

/** Documents of one or several audits, for pipelines. */
const documents: Readonly<Partial<Record<Format, (audited: readonly Audited[], time: string) => string>>> = {
	junit: auditJunit,
	sarif: auditSarif,
};

export const command: Command<typeof auditSpec.flags> = {
	spec: auditSpec,
	async run(invocation) {
		const {flags, given, positionals, stdout, stderr, env, interrupted} = invocation;
		assertUsage(
			positionals.length === 0,
			`audit takes no target, got ${JSON.stringify(positionals[0])}`,
			'for one target, run `spoke path TARGET`',
		);
		assertRequireFlags(flags.require, given);
		const options: AuditOptions = {
			probe: flags.probe,
			require: flags.require.map(text => parseRequirement(text)),
			minBasis: flags['min-basis'],
			accepted: parseWaivers(flags.accept),
			signal: interrupted,
		};
		const contexts = await chooseContexts(flags, env);
		if (areSeveral(contexts)) {
			return auditContexts(contexts, invocation, options);
		}

		const write = documents[flags.output];
		let audit: Audit;
		try {
			audit = await readAudit(contexts[0]!, invocation, options);
		} catch (thrown) {
			// A pipeline collects the file even if nothing could be read.
			if (write && !interrupted.aborted) {
				stdout.write(write([{context: null, value: null, error: toSpokeError(thrown)}], new Date().toISOString()));
			}

			throw thrown;
		}

		if (flags.output === 'text') {
			stdout.write(toTerminalCharset(stdout, auditReport(audit, reportLayout(stdout, flags))));
		} else {
			stdout.write(write?.([{context: null, value: audit, error: null}], audit.time) ?? jsonLine(auditJson(audit)));
		}

		const failure = failureOf(audit);
		if (failure) {
			stderr.write(`${toTerminalCharset(stderr, errorText(failure))}\n`);
		}

		return audit.exitStatus;
	},
};

type AuditInvocation = Invocation<typeof auditSpec.flags>;

/** Prints one document, or an object per context as soon as it is known. Returns the exit status. */
async function auditContexts(
	contexts: ReadonlyArray<ConnectionFlags & {context: string}>,
	invocation: AuditInvocation,
	options: AuditOptions,
): Promise<number> {
	const {
		flags: {output},
		stdout,
		stderr,
		interrupted,
	} = invocation;
	const audited: Array<Audited & {context: string}> = [];
	for await (const result of runInContexts(contexts, async one => readAudit(one, invocation, options), interrupted)) {
		const {context, value: audit, error} = result;
		audited.push(result);
		const failure = error ?? failureOf(audit);
		if (failure) {
			writeContextError(failure, context, stderr);
		}

		if (output === 'json') {
			stdout.write(error === null ? jsonLine(auditJson(audit)) : contextErrorLine(error, context));
		}
	}

	if (output !== 'json') {
		stdout.write(documents[output]?.(audited, new Date().toISOString()) ?? toTerminalCharset(stdout, auditTable(audited)));
	}

	return combineStatuses(audited.map(({value, error}) => (error ?? value).exitStatus));
}

async function readAudit(flags: ConnectionFlags, {env, interrupted}: AuditInvocation, options: AuditOptions): Promise<Audit> {
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
function failureOf(audit: Audit): SpokeError | undefined {
	const {asked, result, rows} = audit.require;
	const [wanted, why] = [asked.join(', '), rows.join(', ')];
	return result === 'not-met'
		? new SpokeError('ERR_REQUIRE_NOT_MET', `requirement not met: ${wanted} (${why})`)
		: result === 'undecided'
			? new SpokeError('ERR_REQUIRE_UNDECIDED', `requirement undecided: ${wanted} (${why})`, {remedy: whatWouldDecide(audit)})
			: undefined;
}

/** Names what would prove it before how to accept it without proof. */
function whatWouldDecide({rows, require}: Audit): string | null {
	const needs = needsOfEach(...rows.filter(({id}) => require.rows.includes(id)).map(({need}) => need));
	const {result} = checkRequirements(
		rows,
		require.asked.map(text => parseRequirement(text)),
		'inferred',
	);
	return (
		[
			...(needs.length > 0 ? [`needs ${needsInOneLine(needs, {withChecks: true})}`] : []),
			...(result === 'met' ? ['to accept it without proof, pass --min-basis inferred'] : []),
		].join('; ') || null
	);
}
