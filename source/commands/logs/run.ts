/** `spoke logs`. */
import {prepareDirectory} from '../../base/command-line/private-files.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {areSeveral, chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import {findResource} from '../../cluster/targets/resource-names.ts';
import {createOutputWriter} from '../../report/output/output-writer.ts';
import {waitForApiserver} from '../../streams/logs/log-outage.ts';
import type {Command, Invocation} from '../command.ts';
import {combineStatuses, contextErrorLine, prefixWithContext, writeContextError} from '../several-contexts.ts';
import {logRequest, type LogRequest} from './log-request.ts';
import {printContext, type ContextLogs, type ContextOptions} from './print-context.ts';
import {eventPrinter} from './print-follow.ts';
import {canShowColors, type LineOutput} from './print-logs.ts';
import {logsSpec, nodeFlags} from './spec.ts';

type LogsInvocation = Invocation<typeof logsSpec.flags>;

export const command: Command<typeof logsSpec.flags> = {
	spec: logsSpec,
	async run(invocation) {
		if (isOfNode(invocation)) {
			const {printNodeLog} = await import('./print-node-log.ts');
			return printNodeLog(invocation);
		}

		return printPodLogs(invocation);
	},
};

/** Shorter than what a reader of a pipe can notice. */
const followGatherMs = 10;

async function printPodLogs(invocation: LogsInvocation): Promise<number> {
	const {flags, given, stdout, stderr, env, interrupted} = invocation;
	const request = logRequest(invocation);
	const contexts = await chooseContexts(flags, env);
	// A follow of many pods would otherwise write each of their lines alone. A terminal gets each at once, in order with stderr.
	const output = createOutputWriter(stdout, {gatherMs: flags.follow && !stdout.isTTY ? followGatherMs : 0});
	const run = {given, stderr, env, interrupted, request, output};
	if (!areSeveral(contexts)) {
		return printContext({...run, flags: contexts[0]!, lines: await lineOutput(invocation, request, null), notices: stderr});
	}

	if (request.exportTo !== null) {
		prepareDirectory(request.exportTo);
	}

	const logs = contexts.map(async (one): Promise<NamedContextLogs> => {
		const lines = await lineOutput(invocation, request, one.context);
		return {...run, flags: one, lines, notices: prefixWithContext(stderr, one.context)};
	});
	return printContexts(await Promise.all(logs));
}

type NamedContextLogs = ContextLogs & {flags: {context: string}};

/** Begins with all contexts at once. A failure in one context does not stop the others. Resolves to the exit status. */
async function printContexts(contexts: readonly NamedContextLogs[]): Promise<number> {
	let turn = Promise.resolve();
	const statuses = contexts.map(async logs => {
		const report = eventPrinter(logs);
		const ready = async (cluster: ClusterClient) => {
			for await (const event of waitForApiserver(cluster, AbortSignal.any([logs.interrupted, logs.output.closed]))) {
				await report(event);
			}
		};
		const status = printOrReportFailure(logs, {ready, turn});
		turn = Promise.allSettled([status]).then(() => undefined);
		return status;
	});
	return combineStatuses(await Promise.all(statuses));
}

/** @throws SpokeError if nothing more can be printed */
async function printOrReportFailure(logs: NamedContextLogs, options: ContextOptions): Promise<number> {
	const {output, stderr, lines, flags} = logs;
	try {
		return await printContext(logs, options);
	} catch (thrown) {
		if (output.closed.aborted) {
			throw thrown;
		}

		const error = toSpokeError(thrown);
		output.flush();
		writeContextError(error, flags.context, stderr);
		if (lines.json) {
			await output.write(contextErrorLine(error, flags.context));
		}

		return error.exitStatus;
	}
}

function isOfNode({given, positionals, afterDash = []}: Pick<Invocation, 'given' | 'positionals' | 'afterDash'>): boolean {
	return (
		nodeFlags.some(({name}) => given.has(name)) ||
		[...positionals, ...afterDash].some(text => text.includes('/') && findResource(text.slice(0, text.indexOf('/')))?.kind === 'Node')
	);
}

/** Unlike a copy of the bytes, finds errors of the kubelet in the log. */
const everyLine: LineOutput['shaper'] = {shape: block => block, fieldsOf: null};

async function lineOutput(
	{flags: {output, timestamps}, stdout, env}: LogsInvocation,
	{lines, prefix, exportTo}: LogRequest,
	context: string | null,
): Promise<LineOutput> {
	const isPrinted = exportTo === null;
	const form = {
		json: output === 'json',
		terminal: isPrinted && stdout.isTTY,
		colors: isPrinted && canShowColors(stdout, env),
		// The name of an exported file has what the prefix would say.
		prefix: prefix || (isPrinted && context !== null),
		context,
	};
	if (lines === null) {
		return {...form, timestamps, shaper: isPrinted ? null : everyLine};
	}

	const {createLineShaper} = await import('./shape-lines.ts');
	return {...form, timestamps, shaper: createLineShaper(lines, form)};
}
