/** Prints the log of a node. */
import {monotonicMs} from '../../base/async/clock.ts';
import {chooseContexts, oneClusterError} from '../../cluster/kubeconfig/choose-contexts.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {nodeLogLineObjects} from '../../report/output/log-json.ts';
import {noticeLine, createOutputWriter} from '../../report/output/output-writer.ts';
import {openNodeLog, type NodeLogOptions, type NodeLogQuery, readNodeLog} from '../../streams/logs/node-log.ts';
import {sanitize} from '../../base/text/sanitize.ts';
import type {Invocation} from '../command.ts';
import {parseResponseTimeout, runStreams} from '../stream-client.ts';
import {type logsSpec, nodeFlags} from './spec.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import {rfc3339, type LogsInvocation} from './log-request.ts';
import {multiContextFlags} from '../../base/command-line/connection-flags.ts';
import {assertUsage} from '../usage.ts';

type NodeLogArguments = {target: string; query: NodeLogQuery};

const nodeLogFlags = [...nodeFlags.map(({name}) => name), 'since', 'since-time', 'tail'] as const;

const nodeLogFlagNames: ReadonlySet<string> = new Set([
	...nodeLogFlags,
	...['output', 'quiet', 'path', 'require', 'min-basis', 'read-only'],
	...multiContextFlags.map(({name}) => name),
]);

/** Resolves to the exit status. @throws SpokeError as `openNodeLog` and `readNodeLog` */
export async function printNodeLog(invocation: Invocation<typeof logsSpec.flags>): Promise<number> {
	const {given, stdout, stderr, env, interrupted} = invocation;
	const {target, query} = nodeLogRequest(invocation);
	const [flags, ...more] = await chooseContexts(invocation.flags, env);
	if (flags === undefined || more.length > 0) {
		throw oneClusterError(target, more.length + 1);
	}

	const output = createOutputWriter(stdout);
	const formatted = (block: Buffer) =>
		flags.output === 'json'
			? nodeLogLineObjects(block, {node: target.slice(target.indexOf('/') + 1), query: flags.query})
			: stdout.isTTY
				? sanitize(block.toString('utf8'), {colors: 'keep'})
				: block;
	return runStreams({flags, given, env, interrupted}, {stderr}, async ({cluster, observer}) => {
		try {
			const startedAt = monotonicMs();
			const body = await openNodeLog(
				cluster,
				{target, query, timeoutMs: parseResponseTimeout(flags['request-timeout'])},
				{observer, signal: AbortSignal.any([interrupted, output.closed])},
			);
			await readNodeLog(body, {target, query}, async block => output.write(formatted(block)));
			await output.finished();
			const notice = query.kind === 'services' ? deadlineNotice(monotonicMs() - startedAt) : null;
			if (notice !== null) {
				stderr.write(noticeLine(notice, stderr));
			}

			return exitStatus.ok;
		} catch (error) {
			throw output.closed.aborted ? output.closed.reason : error;
		}
	});
}

/**
The kubelet stops journalctl after 30 s, and ends the response as if the log were whole.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_server_journal.go Copy, copyServiceLogs
*/
export function deadlineNotice(elapsedMs: number): string | null {
	return elapsedMs < 30_000
		? null
		: 'spoke: lines may be missing at the end: a kubelet stops reading the journal after 30 s; read less with --since, --tail or --pattern';
}

/**
@throws SpokeError ERR_USAGE, for every flag that a node's log does not have
*/
function nodeLogRequest({flags, given, positionals, afterDash}: LogsInvocation): NodeLogArguments {
	const [target = '', ...more] = [...positionals, ...(afterDash ?? [])];
	const isOfNode = target !== '' && parseTarget(target).resource.kind === 'Node';
	const [nodeOnly] = nodeFlags.filter(({name}) => given.has(name));
	assertUsage(isOfNode || nodeOnly === undefined, `--${nodeOnly?.name} requires a node: spoke logs node/NAME --query kubelet`);
	assertUsage(isOfNode && more.length === 0, `the log of a node is read alone: ${[target, ...more].join(' ')}`);
	const other = [...given].find(name => !nodeLogFlagNames.has(name));
	assertUsage(other === undefined, `--${other} cannot be used with ${target}: ${nodeLogFlags.map(name => `--${name}`).join(', ')} can`);
	const queries = flags.query.map(text => text.trim());
	assertUsage(
		queries.length > 0 && !queries.includes(''),
		`${target} requires --query: a service of the node, or a file or directory below /var/log`,
		`spoke logs ${target} --query kubelet; --query / lists the files`,
	);
	return {target, query: queryOf(queries, optionsOf(flags))};
}

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_server_journal.go validate */
function queryOf(queries: readonly string[], options: NodeLogOptions): NodeLogQuery {
	const file = queries.find(text => /[/\\]/.test(text));
	if (file === undefined) {
		return {kind: 'services', services: queries, options};
	}

	assertUsage(queries.length === 1, `--query ${file}: a file is read alone; only services can be several`);
	assertUsage(
		Object.keys(options).length === 0,
		`--query ${file}: a file is sent whole; --since, --since-time, --tail, --boot and --pattern are for services`,
	);
	const segments = file.split(/[/\\]/);
	assertUsage(!segments.some(segment => segment === '.' || segment === '..'), `--query ${file}: a path must not contain . or ..`);
	const names = segments.filter(segment => segment !== '');
	return {kind: 'file', file: names.join('/') + (names.length > 0 && segments.at(-1) === '' ? '/' : '')};
}

function optionsOf({since, 'since-time': sinceTime, tail, boot, pattern}: LogsInvocation['flags']): NodeLogOptions {
	assertUsage(sinceTime === '' || since === 0, 'at most one of --since and --since-time can be used');
	assertUsage(since >= 0, '--since must be greater than 0');
	assertUsage(tail >= -1, '--tail must be greater than or equal to -1');
	assertUsage(boot === undefined || boot <= 0, '--boot must be 0 (the current boot) or less (-1: the boot before)');
	return {
		...(since !== 0 && {sinceTime: rfc3339(new Date(Date.now() - since).toISOString())}),
		...(sinceTime !== '' && {sinceTime: rfc3339(sinceTime)}),
		...(tail !== -1 && {tailLines: tail}),
		...(boot !== undefined && {boot}),
		...(pattern !== undefined && pattern !== '' && {pattern}),
	};
}
