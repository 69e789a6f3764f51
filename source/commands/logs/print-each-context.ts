/** The logs of several contexts. Loaded only for them. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {ApiserverEvent} from '../../streams/logs/log-events.ts';
import {waitForApiserver} from '../../streams/logs/log-outage.ts';
import {combineStatuses, contextErrorLine, writeContextError} from '../several-contexts.ts';
import type {ContextLogs, ContextOptions, LogsRun, NamedContextLogs} from './print-context.ts';

export {prefixWithContext} from '../several-contexts.ts';

type ContextCallbacks = {
	/** Resolves to the exit status. @throws SpokeError */
	print: (logs: ContextLogs, options: ContextOptions) => Promise<number>;
	report: (event: ApiserverEvent, logs: ContextLogs) => Promise<void>;
};

/**
Begins with all contexts at once. A failure in one context does not stop the others. Returns the exit status.
@throws SpokeError if nothing more can be printed
*/
export async function printEachContext(
	contexts: readonly NamedContextLogs[],
	run: LogsRun,
	{print, report}: ContextCallbacks,
): Promise<number> {
	const signal = AbortSignal.any([run.interrupted, run.output.closed]);
	let turn = Promise.resolve();
	const statuses = contexts.map(async logs => {
		const ready = async (cluster: ClusterClient) => {
			for await (const event of waitForApiserver(cluster, signal)) {
				await report(event, logs);
			}
		};
		const own = {ready, turn};
		const status = printOrReportFailure(logs, run, async () => print(logs, own));
		turn = status.then(
			() => undefined,
			() => undefined,
		);
		return status;
	});
	return combineStatuses(await Promise.all(statuses));
}

async function printOrReportFailure(logs: NamedContextLogs, {output, stderr}: LogsRun, print: () => Promise<number>): Promise<number> {
	try {
		return await print();
	} catch (thrown) {
		if (output.closed.aborted) {
			throw thrown;
		}

		const error = toSpokeError(thrown);
		const {context} = logs.flags;
		output.flush();
		writeContextError(error, context, stderr);
		if (logs.lines.json) {
			await output.write(contextErrorLine(error, context));
		}

		return error.exitStatus;
	}
}
