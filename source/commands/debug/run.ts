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
import type {Command} from '../command.ts';
import {printLog} from '../logs/print-logs.ts';
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
				const {pod, name, printed, notRunning} = await prepare(invocation, parsed, input);
				if (!input.attaches || name === null) {
					stdout.write(`${printed}\n`);
					return {exitStatus: exitStatus.ok, isRemote: false, detached: false};
				}

				return attachTo(invocation, {pod: pod.metadata.name, name, notRunning}, {detachKeys, recording});
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

/** `name`: of the container, or `null` if none is to be attached to. */
type Prepared = {pod: PodObject; name: string | null; printed: string};

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

async function prepare(
	invocation: DebugInvocation,
	parsed: ParsedTarget,
	input: DebugInput,
): Promise<Prepared & Pick<Added, 'notRunning'>> {
	const cluster = await createStreamClient(invocation);
	try {
		if (invocation.flags.profile === 'legacy') {
			say(
				invocation,
				'--profile=legacy is deprecated and planned to be removed in v1.39. It is recommended to specify other profile, for example "--profile=general".',
			);
		}

		const preparing = {cluster, invocation, input};
		const prepared = await (parsed.resource.kind === 'Node' ? startOnNode(preparing, parsed) : startInPod(preparing, parsed));
		return {...prepared, notRunning: await whyNotRunning(preparing, prepared)};
	} finally {
		cluster.close();
	}
}

type PrepareContext = {cluster: ClusterClient; invocation: DebugInvocation; input: DebugInput};

async function startInPod(preparing: PrepareContext, parsed: ParsedTarget): Promise<Prepared> {
	const {cluster, invocation, input} = preparing;
	const {flags, interrupted: signal} = invocation;
	const options = {podPreference: 'attach', podRunningTimeoutMs: flags['pod-running-timeout'], signal} as const;
	const {pod, target} = await resolvePod(cluster, parsed, options);
	// Before the pod changes, which cannot be undone. The attach is checked again, because its connection may end at another apiserver.
	await assertStreamAllowed(cluster, {feature: 'attach', target, request: null}, signal);
	return input.copy === null ? addContainer(preparing, pod) : startCopy(preparing, pod, input.copy);
}

async function addContainer({cluster, invocation, input}: PrepareContext, pod: PodObject): Promise<Prepared> {
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
	return {pod, name, printed: name};
}

async function startCopy({cluster, invocation}: PrepareContext, original: PodObject, request: CopyRequest): Promise<Prepared> {
	const {pod, container} = podCopy(original, request);
	warnOfUser(invocation, original, pod.spec.containers.find(({name}) => name === container)?.securityContext);
	const created = await createDebugPod(cluster, original.metadata.namespace ?? 'default', pod, invocation.interrupted);
	const {name} = created.metadata;
	say(invocation, `created pod ${name}, a copy of pod ${original.metadata.name}; it remains until you delete it`);
	if (invocation.flags.replace) {
		await deletePodNow(cluster, original, invocation.interrupted);
		say(invocation, `deleted pod ${original.metadata.name}`);
	}

	return {pod: created, name: container, printed: name};
}

async function startOnNode(
	{cluster, invocation, input: {container: request}}: PrepareContext,
	{resource, name: nodeName, input}: ParsedTarget,
): Promise<Prepared> {
	const {
		metadata: {name: node},
	} = await cluster.json<PodObject>({path: objectPath(resource, '', nodeName), signal: invocation.interrupted});
	await assertStreamAllowed(cluster, {feature: 'attach', target: nodeTarget(input, node, null), request: null}, invocation.interrupted);
	const pod = nodePod(node, request);
	const created = await createDebugPod(cluster, cluster.facts.namespace, pod, invocation.interrupted);
	const {name} = created.metadata;
	const container = pod.spec.containers[0]!.name;
	say(invocation, `created pod ${name} with container ${container} on node ${node}; it remains until you delete it`);
	return {pod: created, name: container, printed: name};
}

async function whyNotRunning({cluster, invocation, input}: PrepareContext, {pod, name}: Prepared): Promise<SpokeError | null> {
	if (!input.attaches || name === null) {
		return null;
	}

	return waitUntilRunning(cluster, pod, name, {
		timeoutMs: invocation.flags['pod-running-timeout'],
		signal: invocation.interrupted,
		onWaiting(reason) {
			say(invocation, `waiting for ${name}: ${reason}`);
		},
	}).then(
		() => null,
		(error: unknown) => toSpokeError(error),
	);
}

function warnOfUser({stderr}: DebugInvocation, pod: PodObject, context: Parameters<typeof losesCapabilities>[1]): void {
	if (losesCapabilities(pod, context)) {
		const notice =
			'Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may not work.';
		stderr.write(noticeLine(notice, stderr));
	}
}

function say({flags, stderr}: DebugInvocation, notice: string): void {
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
async function printTerminatedContainer(invocation: DebugInvocation, {pod: podName, name}: Added): Promise<number | null> {
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
		const log = {source, target: {...target, container: name}, isOnlyContainer: false};
		const lines = {json: false, terminal: stdout.isTTY, colors: false, prefix: false, timestamps: false, shaper: null, context: null};
		await printLog(cluster, log, output, {read: {}, lines, observer: undefined, signal: interrupted});
		await output.finished();
		return status;
	} finally {
		cluster.close();
	}
}
