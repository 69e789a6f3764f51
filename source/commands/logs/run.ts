/** `spoke logs`. */
import {areSeveral, chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import type {FlagValues} from '../../command-line/flag-spec.ts';
import {prepareDirectory} from '../../command-line/private-files.ts';
import {createOutputWriter} from '../../output/output-writer.ts';
import {canShowColors, type LineOutput} from './print-logs.ts';
import {findResource} from '../../targets/resource-names.ts';
import type {Command, Invocation} from '../command.ts';
import {logRequest} from './log-request.ts';
import {printContext, printContextEvent, type LogsRun, type NamedContextLogs} from './print-context.ts';
import {logsSpec, nodeFlags} from './spec.ts';

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

/** `onPath` gets the path of each connection, as `--path=json` prints it. Resolves to the exit status. @throws SpokeError */
export async function printPodLogs(invocation: Invocation<typeof logsSpec.flags>, {onPath}: Pick<LogsRun, 'onPath'> = {}): Promise<number> {
	const {flags, given, stdout, stderr, env, interrupted} = invocation;
	const request = logRequest(invocation);
	const contexts = await chooseContexts(flags, env);
	// A follow of many pods would otherwise write each of their lines alone. A terminal gets each at once, in order with stderr.
	const output = createOutputWriter(stdout, {gatherMs: flags.follow && !stdout.isTTY ? followGatherMs : 0});
	const run: LogsRun = {request, given, stdout, stderr, env, interrupted, output, onPath};
	if (!areSeveral(contexts)) {
		return printContext({flags: contexts[0]!, lines: await lineOutput(flags, run, null), stderr}, run);
	}

	if (request.exportTo !== null) {
		prepareDirectory(request.exportTo);
	}

	const {printEachContext, prefixWithContext} = await import('./print-each-context.ts');
	const logs = contexts.map(async (one): Promise<NamedContextLogs> => {
		const {context} = one;
		const notices = prefixWithContext(stderr, context);
		return {flags: one, lines: await lineOutput(flags, run, context), stderr: notices};
	});
	return printEachContext(await Promise.all(logs), run, {
		print: async (one, options) => printContext(one, run, options),
		report: async (event, one) => printContextEvent(event, one, run),
	});
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
	{output, timestamps}: Pick<FlagValues<typeof logsSpec.flags>, 'output' | 'timestamps'>,
	{request: {lines, prefix, exportTo}, stdout, env}: LogsRun,
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
