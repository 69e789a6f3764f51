/** The logs of one context. */
import {join} from 'node:path';
import type {FlagValues} from '../../base/command-line/flag-spec.ts';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {noticeLine, type TextStream, type OutputWriter} from '../../report/output/output-writer.ts';
import {isSpokeError, type SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {OneContext} from '../../cluster/kubeconfig/choose-contexts.ts';
import {allContainers, chooseContainer, containerStatus} from '../../cluster/targets/choose-container.ts';
import type {ParsedTarget} from '../../cluster/targets/parse-target.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {byLogPreference, listPods, resolvePod, toResolvedTarget, waitForFirstPod} from '../../cluster/targets/resolve-pod.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import {resolveTargetPods} from '../../cluster/targets/target-pods.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {logSource, type ContainerSelection, type FollowLogsOptions, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {podLogRequest} from '../../streams/logs/open-log.ts';
import {canSelectorGainPods, resolveFollowTargets} from '../../streams/logs/resolve-follow-targets.ts';
import type {SpeculativeRequest} from '../../streams/preconnect.ts';
import type {Invocation} from '../command.ts';
import {runStreams} from '../stream-client.ts';
import type {LogRequest} from './log-request.ts';
import {printFollow} from './print-follow.ts';
import {printLog, printLogs, readToPrint, type ChosenLog, type LineOutput} from './print-logs.ts';
import type {logsSpec} from './spec.ts';

/** What is printed of one context, how, and where. */
export type ContextLogs = Pick<Invocation<typeof logsSpec.flags>, 'given' | 'stderr' | 'env' | 'interrupted'> & {
	flags: OneContext<FlagValues<typeof logsSpec.flags>>;
	request: LogRequest;
	lines: LineOutput;
	output: OutputWriter;
	/** stderr; of several contexts, each line begins with the context. */
	notices: TextStream;
};

/** Of several contexts. */
export type ContextOptions = {
	/** Resolves when a cluster that is down can be followed. */
	ready: (cluster: ClusterClient) => Promise<void>;
	/** Resolves when the contexts before this one are printed; a follow does not wait for it. */
	turn: Promise<void>;
};

export type OpenContext = ContextLogs & {
	cluster: ClusterClient;
	observer: ConnectionObserver | undefined;
	signal: AbortSignal;
	/** With -q, only what may be missing is said. */
	say: (notice: string) => void;
	warn: (notice: string) => void;
};

/** Resolves to the exit status. @throws SpokeError */
export async function printContext(logs: ContextLogs, {ready, turn}: Partial<ContextOptions> = {}): Promise<number> {
	const {flags, given, env, interrupted, request, lines, output, notices} = logs;
	const isFollowed = flags.follow && !request.read.previous;
	const warn = (notice: string) => {
		notices.write(noticeLine(notice, notices));
	};

	const prepare = async (client: ClusterClient) => {
		if (flags.resume && isFollowed) {
			await ready?.(client);
		}

		// A response could not wait for its turn.
		return turn || isFollowed ? undefined : speculativeLogRequest(request, {lines, namespace: client.facts.namespace});
	};

	// An object names its context itself.
	const stderr = flags.path === 'json' ? logs.stderr : notices;
	const joins = isFollowed && !isOneLog(request);
	return runStreams({flags, given, env, interrupted}, {stderr, joins, prepare}, async run => {
		const signal = AbortSignal.any([interrupted, output.closed]);
		const context = {...logs, ...run, signal, say: flags.quiet ? () => {} : warn, warn};
		await (isFollowed ? followContext(context) : printChosenLogs(context, turn));
		return interrupted.aborted ? exitStatusForSignal(interrupted.reason) : exitStatus.ok;
	});
}

/** Of one named pod. */
function isOneLog({targets: [target, ...more], containers, allPods}: LogRequest): boolean {
	return target?.resource.kind === 'Pod' && more.length === 0 && containers.kind !== 'all' && !allPods;
}

/** Early request of one log. */
function speculativeLogRequest(
	request: LogRequest,
	{lines, namespace}: {lines: LineOutput; namespace: string},
): SpeculativeRequest | undefined {
	if (!isOneLog(request)) {
		return undefined;
	}

	const {containers, read} = request;
	const pod = request.targets[0]!.name;
	const source = {namespace, pod, container: containers.kind === 'named' ? containers.name : null};
	return {
		after: objectPath(podResource, namespace, pod),
		namespace,
		kind: 'request',
		options: podLogRequest(source, readToPrint(read, lines)),
	};
}

async function printChosenLogs(context: OpenContext, turn: Promise<void> | undefined): Promise<void> {
	const {cluster, flags, request, lines, output, observer, signal, warn} = context;
	const chosen = await chooseLogs(context).catch((thrown: unknown) => throwNotFoundAsKubectl(thrown, cluster.facts.namespace));
	await turn;
	if (request.exportTo !== null) {
		await exportChosenLogs(context, chosen, request.exportTo);
		return;
	}

	await printLogs(cluster, chosen, output, {
		read: request.read,
		lines,
		observer,
		signal,
		say: warn,
		ignoreErrors: flags['ignore-errors'],
	});
	await output.finished();
}

async function exportChosenLogs(context: OpenContext, chosen: readonly ChosenLog[], directory: string): Promise<void> {
	const {cluster, request, lines, observer, signal, say, warn} = context;
	const {contextDirectory, exportLogs} = await import('./export-logs.ts');
	await exportLogs(lines.context === null ? directory : join(directory, contextDirectory(lines.context)), chosen, {
		context: cluster.facts.context,
		extension: lines.json ? 'jsonl' : 'log',
		print: async (log, file, {previous}) =>
			printLog(cluster, log, file, {read: {...request.read, ...(previous && {previous})}, lines, observer, signal}),
		signal,
		report: say,
		say: warn,
	});
}

/** A regular expression with a time limit costs as much for one line as for many. */
const shapedGatherMs = 20;

async function followContext(context: OpenContext): Promise<void> {
	const {cluster, flags, given, request, lines, output, observer, signal, say} = context;
	const {limitBytes: _, timestamps: _unused, ...start} = request.read;
	const mostLogs = flags['max-log-requests'];
	const options: FollowLogsOptions = {
		asked: request.selector === null ? request.targets.map(({input}) => input).join(' ') : `-l ${request.selector}`,
		containers: request.containers,
		start,
		until: flags.until,
		startTimeoutMs: flags['pod-running-timeout'],
		resume: flags.resume,
		onDefaultContainer: say,
		signal,
		...(observer && {observer}),
		...(given.has('max-log-requests') && mostLogs !== undefined && {maxLogs: mostLogs}),
		...(lines.shaper !== null && {gatherMs: shapedGatherMs}),
	};
	const targets = await chooseFollowTargets(context).catch((thrown: unknown) => throwNotFoundAsKubectl(thrown, cluster.facts.namespace));
	await printFollow(context, targets, options).finally(() => {
		output.flush();
	});
	if (output.closed.aborted) {
		throw output.closed.reason as Error;
	}

	await output.finished();
}

/** kubectl logs has its own message for a missing target. @see k8s.io/kubectl pkg/cmd/logs/logs.go Complete */
function throwNotFoundAsKubectl(thrown: unknown, namespace: string): never {
	const [, words] = /^Error from server \(NotFound\): (.*)$/s.exec((isSpokeError(thrown) && thrown.asKubectl) || '') ?? [];
	throw words === undefined
		? thrown
		: (thrown as SpokeError).withChanges({
				asKubectl: `error: error from server (NotFound): ${words} in namespace ${JSON.stringify(namespace)}`,
				cause: (thrown as SpokeError).cause,
			});
}

/** Like kubectl: all pods of a selector, in the apiserver's order; one pod of a workload, or with `allPods` all in order of preference. */
async function chooseLogs(context: OpenContext): Promise<readonly ChosenLog[]> {
	const {cluster, request, signal, say} = context;
	const {selector} = request;
	if (selector === null) {
		return (await readTargets(context, async target => logsOfTarget(context, target))).flat();
	}

	const {namespace} = cluster.facts;
	const pods = await listPods(cluster, {namespace, labelSelector: selector}, signal);
	if (pods.length === 0) {
		say(`No resources found in ${namespace} namespace.`);
	}

	return pods.flatMap(pod => logsOf(pod, `-l ${selector}`, pods.length, context));
}

/** @throws SpokeError of a target, unless errors are ignored, it is missing and another is not */
async function readTargets<Result>(
	{flags, request: {targets}, warn}: OpenContext,
	read: (target: ParsedTarget) => Promise<Result>,
): Promise<readonly Result[]> {
	const results: Result[] = [];
	const missing: SpokeError[] = [];
	for (const target of targets) {
		try {
			results.push(await read(target));
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (!flags['ignore-errors'] || !['ERR_NOT_FOUND', 'ERR_FORBIDDEN'].includes(error.code)) {
				throw thrown;
			}

			missing.push(error);
		}
	}

	for (const error of missing) {
		if (results.length === 0) {
			throw error;
		}

		warn(`error: ${error.message}`);
	}

	return results;
}

async function logsOfTarget(context: OpenContext, target: ParsedTarget): Promise<readonly ChosenLog[]> {
	const {cluster, flags, request, signal, say} = context;
	const resolveOptions = {podPreference: 'logs', podRunningTimeoutMs: flags['pod-running-timeout'], signal} as const;
	const {pod, target: resolved, scope} = await resolvePod(cluster, target, resolveOptions);
	const {chosenFrom} = resolved;
	if (chosenFrom > 1 && request.allPods && scope !== null) {
		const pods = (await listPods(cluster, scope, signal)).sort(byLogPreference);
		return pods.flatMap(one => logsOf(one, target.input, pods.length, context));
	}

	if (chosenFrom > 1) {
		say(`Found ${chosenFrom} pods, using pod/${pod.metadata.name}`);
	}

	return logsOf(pod, target.input, chosenFrom, context);
}

function logsOf(pod: PodObject, input: string, chosenFrom: number, {request: {containers, allPods}, say}: OpenContext): ChosenLog[] {
	const names =
		containers.kind === 'all' ? allContainers(pod).map(({name}) => name) : [chosenName(pod, containers, allPods ? () => undefined : say)];
	const [first, ...more] = pod.spec.containers;
	return names.map(name => {
		const status = containerStatus(pod, name);
		return {
			source: logSource(pod, name),
			target: toResolvedTarget(input, pod, chosenFrom, name),
			isOnlyContainer: name === first?.name && more.length === 0,
			restarts: status?.restartCount ?? 0,
			isWaiting: status?.state?.waiting !== undefined,
		};
	});
}

function chosenName(pod: PodObject, choice: ContainerSelection, say: OpenContext['say']): string {
	const {name, notice} = chooseContainer(pod, choice.kind === 'named' ? choice.name : undefined, {unknownAnnotation: 'go-on'});
	if (notice !== null) {
		say(notice);
	}

	return name;
}

/** With a timeout on the command line, a workload must have a pod within it; otherwise the follow itself waits for one. */
async function chooseFollowTargets(context: OpenContext): Promise<FollowTargets> {
	const {cluster, flags, given, request, signal, say} = context;
	const {selector, targets, containers} = request;
	const {namespace} = cluster.facts;
	if (selector !== null) {
		return {
			kind: 'scope',
			scope: {namespace, labelSelector: selector},
			canAppear: async controllers => canSelectorGainPods(cluster, controllers, selector),
		};
	}

	const read = async (target: ParsedTarget) => resolveTargetPods(cluster, target, namespace, signal).then(() => target);
	const found = flags['ignore-errors'] ? await readTargets(context, read) : targets;
	const followed = await resolveFollowTargets(cluster, found, namespace, signal);
	if (given.has('pod-running-timeout') && followed.kind === 'scope') {
		await waitForFirstPod(cluster, found[0]!.input, followed.scope, {podRunningTimeoutMs: flags['pod-running-timeout'], signal});
	}

	for (const pod of followed.kind === 'pods' ? followed.pods : []) {
		if (containers.kind !== 'all') {
			chosenName(pod, containers, say);
		}
	}

	return followed;
}
