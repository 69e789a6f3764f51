/** `spoke logs`. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {canShowColors} from '../../output/pod-color.ts';
import {reportPaths} from '../../output/path-reporter.ts';
import {createOutputWriter} from '../../output/output-writer.ts';
import {podLogRequest} from '../../streams/logs/open-log.ts';
import {preconnect} from '../../streams/preconnect.ts';
import type {SpeculativeRequest} from '../../streams/speculative-request.ts';
import {objectPath} from '../../targets/object-path.ts';
import {podResource} from '../../targets/resource-names.ts';
import type {Command, Invocation} from '../command.ts';
import {createStreamClient} from '../stream-client.ts';
import {chooseFollowTargets, chooseLogs, throwNotFoundAsKubectl} from './choose-logs.ts';
import {logRequest, type LogRequest} from './log-request.ts';
import type {NoticeLevel} from './notice-filter.ts';
import {printFollow} from './print-follow.ts';
import {printLog, printLogs, readToPrint, type LineOutput} from './print-logs.ts';
import {logsSpec} from './spec.ts';

const shapedGatherMs = 20;

type LogsInvocation = Invocation<typeof logsSpec.flags>;

export const command: Command<typeof logsSpec.flags> = {
	spec: logsSpec,
	async run(invocation) {
		const request = logRequest(invocation);
		const {flags, given, interrupted, stderr} = invocation;
		const lines = await lineOutput(request, invocation);
		const cluster = await createStreamClient(invocation);
		const paths = reportPaths(cluster, {mode: flags.quiet && !given.has('path') ? 'never' : flags.path, stderr});
		const early = preconnect(cluster, {
			signal: interrupted,
			observer: paths.observer,
			speculative: speculativeLogRequest(request, flags, {lines, namespace: cluster.facts.namespace}),
		});
		try {
			await print(early.cluster, {request, lines}, invocation, paths.observer);
			await paths.finished();
			return interrupted.aborted ? exitStatusForSignal(interrupted.reason) : exitStatus.ok;
		} catch (error) {
			await paths.finished();
			if (interrupted.aborted) {
				return exitStatusForSignal(interrupted.reason);
			}

			throw error;
		} finally {
			early.close();
			cluster.close();
		}
	},
};

/** Unlike a copy of the bytes, finds errors of the kubelet in the log. */
const everyLine: LineOutput['shaper'] = {shape: block => block, fieldsOf: null};

async function lineOutput(
	{lines, prefix, exportTo}: LogRequest,
	{flags: {output, timestamps}, stdout, stderr, env}: LogsInvocation,
): Promise<LineOutput> {
	const isPrinted = exportTo === null;
	const [json, terminal, colors] = [output === 'json', isPrinted && stdout.isTTY, isPrinted && canShowColors(stdout, env)];
	if (lines === null) {
		return {json, terminal, colors, prefix, timestamps, shaper: isPrinted ? null : everyLine};
	}

	const say = (notice: string) => {
		stderr.write(noticeLine(`spoke: ${notice}`, stderr));
	};

	const shaper = (await import('./shape-lines.ts')).createLineShaper(lines, {json, colors, timestamps, say});
	// The template decides where pod and timestamp are.
	const isTemplate = lines.template !== undefined;
	return {json, terminal, colors, prefix: prefix && !isTemplate, timestamps: timestamps || isTemplate, shaper};
}

/** Early log request of one named pod; `undefined` if its container is unknown. */
function speculativeLogRequest(
	{targets: [target, ...more], selector, containers, allPods, read}: LogRequest,
	{follow}: LogsInvocation['flags'],
	{lines, namespace}: {lines: LineOutput; namespace: string},
): SpeculativeRequest | undefined {
	const isOnePod = target?.resource.kind === 'Pod' && more.length === 0 && selector === null && !allPods;
	if (!isOnePod || containers.kind === 'all' || (follow && !read.previous)) {
		return undefined;
	}

	const source = {namespace, pod: target.name, container: containers.kind === 'named' ? containers.name : null};
	return {
		after: objectPath(podResource, namespace, target.name),
		kind: 'request',
		options: {...podLogRequest(source, readToPrint(read, lines)), canFollowPipelined: true},
	};
}

async function print(
	cluster: ClusterClient,
	{request, lines}: {request: LogRequest; lines: LineOutput},
	{flags, given, stdout, stderr, interrupted}: LogsInvocation,
	observer: ReturnType<typeof reportPaths>['observer'],
): Promise<void> {
	// A follow of many pods would otherwise write each of their lines alone. A terminal gets each at once, in order with stderr.
	const output = createOutputWriter(stdout, {gatherMs: flags.follow && !stdout.isTTY ? 4 : 0});
	const signal = AbortSignal.any([interrupted, output.closed]);
	const say = (notice: string) => {
		stderr.write(noticeLine(notice, stderr));
	};

	const choosing = {podRunningTimeoutMs: flags['pod-running-timeout'], signal, say: flags.quiet ? () => {} : say};
	const missing = (thrown: unknown) => throwNotFoundAsKubectl(thrown, cluster.facts.namespace);
	const {read, containers} = request;
	const ignoreErrors = flags['ignore-errors'];
	if (!flags.follow || read.previous) {
		const logs = await chooseLogs(cluster, request, choosing).catch(missing);
		if (request.exportTo !== null) {
			const {exportLogs} = await import('./export-logs.ts');
			await exportLogs(request.exportTo, logs, {
				extension: lines.json ? 'jsonl' : 'log',
				print: async (log, file, {previous}) =>
					printLog(cluster, log, file, {read: previous ? {...read, previous} : read, lines, observer, signal, say}),
				signal,
				report: flags.quiet ? () => {} : say,
				say,
			});
			return;
		}

		await printLogs(cluster, logs, output, {read, lines, ignoreErrors, observer, signal, say});
		await output.finished();
		return;
	}

	const {limitBytes = 0, timestamps: _, ...start} = read;
	const mostLogs = flags['max-log-requests'];
	const followed = await chooseFollowTargets(cluster, request, choosing).catch(missing);
	await printFollow(cluster, followed, output, {
		follow: {
			asked: request.selector === null ? request.targets.map(({input}) => input).join(' ') : `-l ${request.selector}`,
			containers,
			start,
			signal,
			until: flags.until,
			startTimeoutMs: flags['pod-running-timeout'],
			resume: flags.resume,
			...(given.has('max-log-requests') && mostLogs !== undefined && {maxLogs: mostLogs}),
			// A regular expression with a time limit costs as much for one line as for many.
			...(lines.shaper !== null && {gatherMs: shapedGatherMs}),
			...(observer && {observer}),
		},
		lines,
		limitBytes,
		ignoreErrors,
		level: noticeLevel({quiet: flags.quiet, verbose: flags.v > 0, isWatched: stderr.isTTY}),
		say(notice) {
			output.flush();
			say(`spoke: ${notice}`);
		},
	}).finally(() => {
		output.flush();
	});
	if (output.closed.aborted) {
		throw output.closed.reason as Error;
	}

	await output.finished();
}

/** New and ended pods are reported only on a terminal or with -v, so that stderr of a script stays empty. */
function noticeLevel({quiet, verbose, isWatched}: {quiet: boolean; verbose: boolean; isWatched: boolean}): NoticeLevel {
	if (quiet) {
		return 'losses';
	}

	return verbose || isWatched ? 'all' : 'no-progress';
}
