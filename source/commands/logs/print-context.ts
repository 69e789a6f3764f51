/** The logs of one context. */
import {join} from 'node:path';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {OneContext} from '../../cluster/kubeconfig/choose-contexts.ts';
import type {FlagValues} from '../../command-line/flag-spec.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {PrintedEvent} from '../../output/log-json.ts';
import {noticeLine, type TextStream, formatLogEvent} from '../../output/notice-line.ts';
import type {OutputWriter} from '../../output/output-writer.ts';
import {reportPaths} from '../../output/path-reporter.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import type {FollowLogsOptions} from '../../streams/logs/follow-logs.ts';
import {podLogRequest} from '../../streams/logs/open-log.ts';
import {preconnect} from '../../streams/preconnect.ts';
import type {SpeculativeRequest} from '../../streams/speculative-request.ts';
import {objectPath, podResource} from '../../targets/resource-names.ts';
import type {Invocation} from '../command.ts';
import {pathMode, createStreamClient} from '../stream-client.ts';
import {chooseFollowTargets, chooseLogs, throwNotFoundAsKubectl, type ChooseOptions} from './choose-logs.ts';
import type {LogRequest} from './log-request.ts';
import {printEvent, printFollow, type PrintEventOptions} from './print-follow.ts';
import {printLog, printLogs, readToPrint, type ChosenLog, type LineOutput, type PrintOptions} from './print-logs.ts';
import type {logsSpec} from './spec.ts';
import type {LogEvent} from '../../streams/logs/log-events.ts';

/** What all contexts share. */
export type LogsRun = Pick<Invocation<typeof logsSpec.flags>, 'given' | 'stdout' | 'stderr' | 'env' | 'interrupted'> & {
	request: LogRequest;
	output: OutputWriter;
	onPath?: ((path: Path) => void) | undefined;
};

export type ContextLogs = {
	flags: OneContext<FlagValues<typeof logsSpec.flags>>;
	lines: LineOutput;
	/** Begins each line with the context, if there are several. */
	stderr: TextStream;
};

export type NamedContextLogs = ContextLogs & {flags: {context: string}};

const shapedGatherMs = 20;

/** Of several contexts. */
export type ContextOptions = {
	/** Resolves when a cluster that is down can be followed. */
	ready: (cluster: ClusterClient) => Promise<void>;
	/** Resolves when the contexts before this one are printed; a follow does not wait for it. */
	turn: Promise<void>;
};

/** `losses`: lines that may be missing or repeated, and failures. `no-progress`: all except new pods and ended logs. */
type NoticeLevel = 'all' | 'no-progress' | 'losses';

const progress: ReadonlySet<LogEvent['type']> = new Set(['pod-appeared', 'pod-gone', 'ended']);
const losses: ReadonlySet<LogEvent['type']> = new Set(['gap', 'failed', 'server-said', 'apiserver-unreachable']);

/** Between equal notices, while a log stays interrupted or reconnects again and again. */
const repeatIntervalMs = 30_000;
const minIntervalMs = 4000;
const maxRemembered = 1000;

/** Resolves to the exit status. @throws SpokeError */
export async function printContext(logs: ContextLogs, run: LogsRun, {ready, turn}: Partial<ContextOptions> = {}): Promise<number> {
	const {flags, lines, stderr} = logs;
	const {request, given, env, interrupted} = run;
	const cluster = await createStreamClient({flags, given, env});
	const paths = reportPaths(cluster, {
		mode: pathMode({flags, given}),
		// An object names its context itself.
		stderr: flags.path === 'json' ? run.stderr : stderr,
		onPath: run.onPath,
	});
	try {
		if (flags.resume && isFollowed(logs, run)) {
			await ready?.(cluster);
		}

		const preconnection = preconnect(cluster, {
			signal: interrupted,
			observer: paths.observer,
			// A response could not wait for its turn.
			speculative: turn ? undefined : speculativeLogRequest(request, flags, {lines, namespace: cluster.facts.namespace}),
		});
		try {
			const print = isFollowed(logs, run) ? followContext : printContextLogs;
			await print(preconnection.cluster, logs, run, {observer: paths.observer, turn});
		} finally {
			preconnection.close();
		}

		await paths.finished();
		return interrupted.aborted ? exitStatusForSignal(interrupted.reason) : exitStatus.ok;
	} catch (error) {
		await paths.finished();
		if (interrupted.aborted) {
			return exitStatusForSignal(interrupted.reason);
		}

		throw error;
	} finally {
		cluster.close();
	}
}

function isFollowed({flags}: ContextLogs, {request}: LogsRun): boolean {
	return flags.follow && !request.read.previous;
}

export async function printContextEvent(event: PrintedEvent, logs: ContextLogs, run: LogsRun): Promise<void> {
	await printEvent(event, run.output, eventOptions(logs, run));
}

/** Early log request of one named pod; `undefined` if its container is unknown. */
function speculativeLogRequest(
	{targets: [target, ...more], selector, containers, allPods, read}: LogRequest,
	{follow}: Pick<ContextLogs['flags'], 'follow'>,
	{lines, namespace}: {lines: LineOutput; namespace: string},
): SpeculativeRequest | undefined {
	const isOnePod = target?.resource.kind === 'Pod' && more.length === 0 && selector === null && !allPods;
	if (!isOnePod || containers.kind === 'all' || (follow && !read.previous)) {
		return undefined;
	}

	const source = {namespace, pod: target.name, container: containers.kind === 'named' ? containers.name : null};
	return {
		after: objectPath(podResource, namespace, target.name),
		namespace,
		kind: 'request',
		options: podLogRequest(source, readToPrint(read, lines)),
	};
}

type PrintContext = {observer: ConnectionObserver | undefined; turn: Promise<void> | undefined};

async function printContextLogs(cluster: ClusterClient, logs: ContextLogs, run: LogsRun, {observer, turn}: PrintContext): Promise<void> {
	const {flags, lines, stderr} = logs;
	const {request, output} = run;
	const choosing = chooseOptions(logs, run);
	const chosen = await chooseLogs(cluster, request, choosing).catch((thrown: unknown) =>
		throwNotFoundAsKubectl(thrown, cluster.facts.namespace),
	);
	await turn;
	const printing = {read: request.read, lines, observer, signal: choosing.signal, say: noticePrinter(stderr)};
	if (request.exportTo !== null) {
		await exportContext(cluster, chosen, request.exportTo, {...printing, isQuiet: flags.quiet});
		return;
	}

	await printLogs(cluster, chosen, output, {...printing, ignoreErrors: flags['ignore-errors']});
	await output.finished();
}

async function exportContext(
	cluster: ClusterClient,
	chosen: readonly ChosenLog[],
	directory: string,
	{isQuiet, ...printing}: Omit<PrintOptions, 'ignoreErrors'> & {isQuiet: boolean},
): Promise<void> {
	const {contextDirectory, exportLogs} = await import('./export-logs.ts');
	const {read, lines, signal, say} = printing;
	await exportLogs(lines.context === null ? directory : join(directory, contextDirectory(lines.context)), chosen, {
		context: cluster.facts.context,
		extension: lines.json ? 'jsonl' : 'log',
		print: async (log, file, {previous}) => printLog(cluster, log, file, previous ? {...printing, read: {...read, previous}} : printing),
		signal,
		report: isQuiet ? () => {} : say,
		say,
	});
}

async function followContext(cluster: ClusterClient, logs: ContextLogs, run: LogsRun, {observer}: PrintContext): Promise<void> {
	const {request, given, output} = run;
	const choosing = chooseOptions(logs, run);
	const isWaitLimited = given.has('pod-running-timeout');
	const followed = await chooseFollowTargets(cluster, request, {...choosing, isWaitLimited}).catch((thrown: unknown) =>
		throwNotFoundAsKubectl(thrown, cluster.facts.namespace),
	);
	await printFollow(cluster, followed, output, {
		follow: {...followOptions(logs, run), onDefaultContainer: choosing.say, signal: choosing.signal, ...(observer && {observer})},
		limitBytes: request.read.limitBytes ?? 0,
		...eventOptions(logs, run),
	}).finally(() => {
		output.flush();
	});
	if (output.closed.aborted) {
		throw output.closed.reason as Error;
	}

	await output.finished();
}

function chooseOptions({flags, stderr}: ContextLogs, {interrupted, output}: LogsRun): ChooseOptions {
	const say = noticePrinter(stderr);
	return {
		podRunningTimeoutMs: flags['pod-running-timeout'],
		signal: AbortSignal.any([interrupted, output.closed]),
		say: flags.quiet ? () => {} : say,
		onMissing: flags['ignore-errors']
			? ({message}) => {
					say(`error: ${message}`);
				}
			: null,
	};
}

function noticePrinter(stderr: TextStream): (notice: string) => void {
	return notice => {
		stderr.write(noticeLine(notice, stderr));
	};
}

function followOptions({flags, lines}: ContextLogs, {request, given}: LogsRun): FollowLogsOptions {
	const {limitBytes: _, timestamps: _unused, ...start} = request.read;
	const mostLogs = flags['max-log-requests'];
	return {
		asked: request.selector === null ? request.targets.map(({input}) => input).join(' ') : `-l ${request.selector}`,
		containers: request.containers,
		start,
		until: flags.until,
		startTimeoutMs: flags['pod-running-timeout'],
		resume: flags.resume,
		...(given.has('max-log-requests') && mostLogs !== undefined && {maxLogs: mostLogs}),
		// A regular expression with a time limit costs as much for one line as for many.
		...(lines.shaper !== null && {gatherMs: shapedGatherMs}),
	};
}

function eventOptions({flags, lines, stderr}: ContextLogs, {output}: LogsRun): PrintEventOptions {
	return {
		lines,
		ignoreErrors: flags['ignore-errors'],
		notices: noticeFilter(noticeLevel({quiet: flags.quiet, verbose: flags.v > 0, isWatched: stderr.isTTY === true})),
		say(notice) {
			output.flush();
			stderr.write(noticeLine(`spoke: ${notice}`, stderr));
		},
	};
}

/** New and ended pods are reported only on a terminal or with -v, so that stderr of a script stays empty. */
function noticeLevel({quiet, verbose, isWatched}: {quiet: boolean; verbose: boolean; isWatched: boolean}): NoticeLevel {
	if (quiet) {
		return 'losses';
	}

	return verbose || isWatched ? 'all' : 'no-progress';
}

/** A gone pod is reported once, whether its watch or the logs of its containers noticed it first. */
export function noticeFilter(level: NoticeLevel = 'all'): (event: LogEvent) => string | null {
	const recordGone = goneRecorder();
	const reported = new Map<string, {at: number; suppressed: number}>();
	return event => {
		const isRepeated = recordGone(event);
		const notice = isRepeated || !isReported(event, level) ? null : formatLogEvent(event);
		if (notice === null || !('source' in event) || !['reconnecting', 'resumed', 'server-said'].includes(event.type)) {
			return notice;
		}

		const words = event.type === 'resumed' ? `resumed ${event.proven}` : notice;
		const key = `${event.source.pod}/${event.source.container} ${words}`;
		const before = reported.get(key) ?? {at: -Infinity, suppressed: 0};
		const isSame = event.type === 'reconnecting' && event.attempt > 1;
		if (Date.now() - before.at < (isSame ? repeatIntervalMs : minIntervalMs)) {
			before.suppressed++;
			return null;
		}

		if (reported.size > maxRemembered) {
			reported.clear();
		}

		reported.set(key, {at: Date.now(), suppressed: 0});
		return before.suppressed === 0 ? notice : `${notice} (${before.suppressed} more like this)`;
	};
}

function isReported(event: LogEvent, level: NoticeLevel): boolean {
	switch (level) {
		case 'all': {
			return true;
		}

		case 'no-progress': {
			return !progress.has(event.type);
		}

		case 'losses': {
			return losses.has(event.type);
		}
	}
}

/** Returns whether the pod was recorded before. A later pod of the same name is a different one. */
function goneRecorder(): (event: LogEvent) => boolean {
	const gone = new Set<string>();
	return event => {
		if (event.type === 'pod-appeared') {
			gone.delete(podNameKey(event));
		}

		const key = goneKey(event);
		if (key === null) {
			return false;
		}

		if (gone.size > maxRemembered) {
			gone.clear();
		}

		const isKnown = gone.has(key);
		gone.add(key);
		return isKnown;
	};
}

function goneKey(event: LogEvent): string | null {
	if (event.type === 'pod-gone') {
		return podNameKey(event);
	}

	return event.type === 'ended' && event.reason === 'pod-gone' ? podNameKey(event.source) : null;
}

function podNameKey({namespace, pod}: {namespace: string; pod: string}): string {
	return `${namespace}/${pod}`;
}
