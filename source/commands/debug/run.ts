/** `spoke debug`. */
import {assertAccess} from '../../session/actions/access.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {isSpokeError, SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {noticeLine, createOutputWriter} from '../../report/output/output-writer.ts';
import {addDebugContainer, createDebugPod, deletePodNow, exitStatusOf, waitUntilRunning} from '../../streams/debug-container.ts';
import {type CopyRequest, ephemeralContainer, losesCapabilities, nodePod, podCopy} from '../../streams/debug-specs.ts';
import {assertStreamAllowed} from '../../streams/stream-gate.ts';
import {assertPodRunning} from '../../streams/terminated-pod.ts';
import {chooseContainer} from '../../cluster/targets/choose-container.ts';
import {nodeTarget, type ParsedTarget, parseTarget} from '../../cluster/targets/parse-target.ts';
import {objectPath} from '../../cluster/targets/resource-names.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {resolvePod} from '../../cluster/targets/resolve-pod.ts';
import {defaultDetachKeys, parseDetachKeys} from '../../base/terminal/detach-keys.ts';
import type {CommandRecording} from '../../streams/remote-command/command-recording.ts';
import type {Command, Invocation} from '../command.ts';
import {printLogs} from '../logs/print-logs.ts';
import {runRecorded, runRemoteCommand, type RunEnd} from '../remote-command/run-remote-command.ts';
import {createStreamClient} from '../stream-client.ts';
import {type DebugInput, type DebugInvocation, parseDebugRequest} from './debug-request.ts';
import {debugSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof debugSpec.flags> = {
	spec: debugSpec,
	async run(invocation) {
		const {flags, positionals, stdout, interrupted} = invocation;
		assertAccess('debug', 'shell', {readOnly: flags['read-only']});
		const [target, ...surplus] = positionals;
		assertUsage(target !== undefined && surplus.length === 0, `expected one target, got ${positionals.length}`);

		const input = parseDebugRequest(invocation);
		const parsed = parseTarget(target, {errorListsNodes: true});
		assertTargetKind(parsed, invocation);
		const detachKeys = parseDetachKeys(flags['detach-keys'] || defaultDetachKeys);
		try {
			return await runRecorded(invocation, async recording => {
				const added = await prepare(invocation, parsed, input);
				if (!input.attaches || added.name === null) {
					stdout.write(`${added.printed}\n`);
					return {exitStatus: exitStatus.ok, isRemote: false, detached: false};
				}

				return attachTo(invocation, {...added, name: added.name}, {detachKeys, recording});
			});
		} catch (error) {
			if (interrupted.aborted) {
				return exitStatusForSignal(interrupted.reason);
			}

			throw error;
		}
	},
};

type Added = {
	pod: string;
	name: string;
	notRunning: SpokeError | null;
};

type Prepared = Omit<Added, 'name'> & {name: string | null; printed: string};

function assertTargetKind({resource: {kind}, input}: ParsedTarget, {flags}: DebugInvocation): void {
	const wrong = kind === 'Node' ? (['copy-to', 'target'] as const).find(flag => flags[flag] !== undefined) : undefined;
	// kubectl ignores these flags for a node.
	assertUsage(wrong === undefined, `--${wrong} does not apply to a node`);

	// A workload would replace the deleted pod.
	assertUsage(!flags.replace || kind === 'Pod', `--replace deletes the named pod: ${input} is not a pod`);
}

/** A short command can end, or print everything, before spoke attaches: its log then has the output. */
async function attachTo(
	invocation: DebugInvocation,
	added: Added,
	{detachKeys, recording}: {detachKeys: Buffer; recording: CommandRecording | null},
): Promise<RunEnd> {
	try {
		if (added.notRunning) {
			throw added.notRunning;
		}

		return await runRemoteCommand(
			{...invocation, flags: {...invocation.flags, container: added.name}},
			{
				feature: 'attach',
				target: `pod/${added.pod}`,
				command: [],
				detachKeys,
				// A user who can attach may lack permission to read logs.
				ifSilent: async () => {
					const status = await printTerminatedContainer(invocation, added).catch(() => null);
					assertRecorded(recording, status);
					return status;
				},
			},
			recording,
		);
	} catch (error) {
		if (!isSpokeError(error) || error.code !== 'ERR_TARGET_GONE') {
			throw error;
		}

		const status = await printTerminatedContainer(invocation, added);
		if (status === null) {
			throw error;
		}

		assertRecorded(recording, status);
		return {exitStatus: status, isRemote: false, detached: false};
	}
}

/** What a log printed is not recorded. @throws SpokeError ERR_LOCAL_FILE */
function assertRecorded(recording: CommandRecording | null, status: number | null): void {
	if (recording && status !== null) {
		throw new SpokeError(
			'ERR_LOCAL_FILE',
			`the recording lacks the output: the container ended with status ${status} before spoke attached, and its output was read from its log`,
			{exitStatus: exitStatus.execOwnFailure},
		);
	}
}

async function prepare(invocation: DebugInvocation, parsed: ParsedTarget, input: DebugInput): Promise<Prepared> {
	const cluster = await createStreamClient(invocation);
	try {
		if (invocation.flags.profile === 'legacy') {
			say(
				invocation,
				'--profile=legacy is deprecated and planned to be removed in v1.39. It is recommended to specify other profile, for example "--profile=general".',
			);
		}

		if (parsed.resource.kind === 'Node') {
			return await startOnNode({cluster, invocation, input}, parsed);
		}

		const {
			flags: {'pod-running-timeout': podRunningTimeoutMs},
			interrupted: signal,
		} = invocation;
		const {pod, target} = await resolvePod(cluster, parsed, {podPreference: 'attach', podRunningTimeoutMs, signal});
		// Before the pod changes, which cannot be undone. The attach is checked again, because its connection may end at another apiserver.
		await assertStreamAllowed(cluster, {feature: 'attach', target, request: null}, signal);
		return input.copy === null
			? await addContainer({cluster, invocation, input}, pod)
			: await startCopy({cluster, invocation, input}, pod, input.copy);
	} finally {
		cluster.close();
	}
}

type PrepareContext = {cluster: ClusterClient; invocation: DebugInvocation; input: DebugInput};

async function addContainer(preparing: PrepareContext, pod: PodObject): Promise<Prepared> {
	const {cluster, invocation, input} = preparing;
	const {flags, interrupted} = invocation;
	if (input.attaches) {
		assertPodRunning(pod, 'debug');
	}

	const target = flags.target === undefined ? null : chooseContainer(pod, flags.target, {unknownAnnotation: 'refuse'}).name;
	const container = ephemeralContainer(pod, input.container, target);
	warnOfUser(invocation, pod, container.securityContext);
	await addDebugContainer(cluster, pod, container, interrupted);
	const {name} = container;
	say(invocation, `added container ${name} (${input.container.image}) to pod ${pod.metadata.name}; it remains until the pod is deleted`);
	return {pod: pod.metadata.name, name, printed: name, notRunning: await whyNotRunning(preparing, pod, name)};
}

async function startCopy(preparing: PrepareContext, original: PodObject, request: CopyRequest): Promise<Prepared> {
	const {cluster, invocation} = preparing;
	const {pod, container} = podCopy(original, request);
	warnOfUser(invocation, original, pod.spec.containers.find(({name}) => name === container)?.securityContext);
	const created = await createDebugPod(cluster, original.metadata.namespace ?? 'default', pod, invocation.interrupted);
	const {name} = created.metadata;
	say(invocation, `created pod ${name}, a copy of pod ${original.metadata.name}; it remains until you delete it`);
	if (invocation.flags.replace) {
		await deletePodNow(cluster, original, invocation.interrupted);
		say(invocation, `deleted pod ${original.metadata.name}`);
	}

	return {
		pod: name,
		name: container,
		printed: name,
		notRunning: container === null ? null : await whyNotRunning(preparing, created, container),
	};
}

async function startOnNode(preparing: PrepareContext, {resource, name: nodeName, input}: ParsedTarget): Promise<Prepared> {
	const {
		cluster,
		invocation,
		input: {container: request},
	} = preparing;
	const {
		metadata: {name: node},
	} = await cluster.json<PodObject>({path: objectPath(resource, '', nodeName), signal: invocation.interrupted});
	await assertStreamAllowed(cluster, {feature: 'attach', target: nodeTarget(input, node, null), request: null}, invocation.interrupted);
	const pod = nodePod(node, request);
	const created = await createDebugPod(cluster, cluster.facts.namespace, pod, invocation.interrupted);
	const {name} = created.metadata;
	const container = pod.spec.containers[0]!.name;
	say(invocation, `created pod ${name} with container ${container} on node ${node}; it remains until you delete it`);
	return {pod: name, name: container, printed: name, notRunning: await whyNotRunning(preparing, created, container)};
}

async function whyNotRunning({cluster, invocation, input}: PrepareContext, pod: PodObject, container: string): Promise<SpokeError | null> {
	if (!input.attaches) {
		return null;
	}

	return waitUntilRunning(cluster, pod, container, {
		timeoutMs: invocation.flags['pod-running-timeout'],
		signal: invocation.interrupted,
		onWaiting(reason) {
			say(invocation, `waiting for ${container}: ${reason}`);
		},
	}).then(
		() => null,
		(error: unknown) => toSpokeError(error),
	);
}

function warnOfUser(invocation: DebugInvocation, pod: PodObject, context: Parameters<typeof losesCapabilities>[1]): void {
	if (losesCapabilities(pod, context)) {
		invocation.stderr.write(
			noticeLine(
				'Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may not work.',
				invocation.stderr,
			),
		);
	}
}

function say({flags, stderr}: Pick<DebugInvocation, 'flags' | 'stderr'>, notice: string): void {
	if (!flags.quiet) {
		stderr.write(noticeLine(notice, stderr));
	}
}

/** Kubelets report a terminated container within 1 to 2 s. */
const statusLagMs = 10_000;

/**
Prints the whole log, as `kubectl debug` does.
@returns the exit status, or `null` without output if the container has not terminated
@throws SpokeError of the log that cannot be read
*/
async function printTerminatedContainer(
	invocation: Invocation<typeof debugSpec.flags>,
	{pod: podName, name}: {pod: string; name: string},
): Promise<number | null> {
	const {flags, stdout, interrupted} = invocation;
	const cluster = await createStreamClient(invocation);
	try {
		const {pod, target} = await resolvePod(cluster, `pod/${podName}`, {
			podPreference: 'attach',
			podRunningTimeoutMs: flags['pod-running-timeout'],
			signal: interrupted,
		});
		const status = await exitStatusOf(cluster, pod, name, {timeoutMs: statusLagMs, signal: interrupted});
		if (status === null) {
			return null;
		}

		const {namespace = cluster.facts.namespace, uid = null} = pod.metadata;
		const source = {namespace, pod: podName, uid, node: pod.spec.nodeName ?? null, container: name};
		const output = createOutputWriter(stdout);
		await printLogs(
			cluster,
			[{source, target: {...target, container: name}, isOnlyContainer: false, restarts: 0, isWaiting: false}],
			output,
			{
				read: {},
				lines: {json: false, terminal: stdout.isTTY, colors: false, prefix: false, timestamps: false, shaper: null, context: null},
				ignoreErrors: false,
				observer: undefined,
				signal: interrupted,
				say() {},
			},
		);
		await output.finished();
		return status;
	} finally {
		cluster.close();
	}
}
