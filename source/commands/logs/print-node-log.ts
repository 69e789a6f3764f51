/** Prints the log of a node. */
import {monotonicMs} from '../../async/clock.ts';
import {chooseContexts, oneClusterError} from '../../cluster/kubeconfig/choose-contexts.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {nodeLogLineObjects} from '../../output/log-json.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {createOutputWriter} from '../../output/output-writer.ts';
import {reportPaths} from '../../output/path-reporter.ts';
import {openNodeLog} from '../../streams/node-logs/open-node-log.ts';
import {readNodeLog} from '../../streams/node-logs/read-node-log.ts';
import {preconnect} from '../../streams/preconnect.ts';
import {sanitize} from '../../text/sanitize.ts';
import type {Invocation} from '../command.ts';
import {pathMode} from '../path-mode.ts';
import {parseResponseTimeout} from '../response-timeout.ts';
import {createStreamClient} from '../stream-client.ts';
import {nodeLogRequest} from './node-log-request.ts';
import type {logsSpec} from './spec.ts';

/** Resolves to the exit status. @throws SpokeError as `openNodeLog` and `readNodeLog` */
export async function printNodeLog(invocation: Invocation<typeof logsSpec.flags>): Promise<number> {
	const {given, stdout, stderr, env, interrupted} = invocation;
	const {target, query} = nodeLogRequest(invocation);
	const [flags, ...more] = await chooseContexts(invocation.flags, env);
	if (flags === undefined || more.length > 0) {
		throw oneClusterError(target, more.length + 1);
	}

	const client = await createStreamClient({flags, given, env});
	const paths = reportPaths(client, {mode: pathMode({flags, given}), stderr});
	const preconnection = preconnect(client, {signal: interrupted, observer: paths.observer});
	const output = createOutputWriter(stdout);
	const formatted = (block: Buffer) =>
		flags.output === 'json'
			? nodeLogLineObjects(block, {node: target.slice(target.indexOf('/') + 1), query: flags.query})
			: stdout.isTTY
				? sanitize(block.toString('utf8'), {colors: 'keep'})
				: block;
	try {
		const startedAt = monotonicMs();
		const body = await openNodeLog(
			preconnection.cluster,
			{target, query, timeoutMs: parseResponseTimeout(flags['request-timeout'])},
			{observer: paths.observer, signal: AbortSignal.any([interrupted, output.closed])},
		);
		await readNodeLog(body, {target, query}, async block => output.write(formatted(block)));
		await output.finished();
		const notice = query.kind === 'services' ? deadlineNotice(monotonicMs() - startedAt) : null;
		if (notice !== null) {
			stderr.write(noticeLine(notice, stderr));
		}

		return exitStatus.ok;
	} catch (error) {
		if (interrupted.aborted) {
			return exitStatusForSignal(interrupted.reason);
		}

		throw output.closed.aborted ? output.closed.reason : error;
	} finally {
		preconnection.close();
		await paths.finished();
		client.close();
	}
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
