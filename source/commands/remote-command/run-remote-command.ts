/** Common part of exec and attach. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {describeReattach, describeExit} from '../../report/descriptions/describe-command-end.ts';
import {exitStatus as exitStatuses} from '../../base/errors/exit-status.ts';
import {noticeLine, type TextStream} from '../../report/output/output-writer.ts';
import type {CommandRecording} from '../../streams/remote-command/command-recording.ts';
import {openRemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {assertPodRunning} from '../../streams/terminated-pod.ts';
import {chooseContainer, containerRole, containerSpec} from '../../cluster/targets/choose-container.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {resolvePod} from '../../cluster/targets/resolve-pod.ts';
import type {attachSpec} from '../attach/spec.ts';
import type {Invocation} from '../command.ts';
import type {debugSpec} from '../debug/spec.ts';
import type {execSpec} from '../exec/spec.ts';
import {runStreams, type StreamRun} from '../stream-client.ts';
import {driveRemoteCommand} from './drive-remote-command.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {recordRequest} from '../stream-flags.ts';

type RemoteCommandInvocation = Invocation<typeof execSpec.flags> | Invocation<typeof attachSpec.flags> | Invocation<typeof debugSpec.flags>;

type RemoteCommandRequest =
	| {feature: 'exec'; target: string; command: readonly string[]; namespace?: string}
	| {
			feature: 'attach';
			target: string;
			command: readonly [];
			detachKeys: Buffer;
			/** Called if the stream ended without output. A number replaces the exit status. */
			ifSilent?: () => Promise<number | null>;
	  };

/** `isRemote`: the command ended by itself, with this status. */
export type RunEnd = {exitStatus: number; isRemote: boolean; detached: boolean};

/**
@param recording `null` records nothing.
@throws SpokeError unless the remote command ended by itself or a signal interrupted spoke
*/
export async function runRemoteCommand(
	invocation: RemoteCommandInvocation,
	request: RemoteCommandRequest,
	recording: CommandRecording | null,
): Promise<RunEnd> {
	const notices = new DeferredNotices(invocation.stderr);
	if (recording) {
		recording.warn = notice => {
			notices.write(noticeLine(notice, notices));
		};
	}

	let end: RunEnd | undefined;
	const exitStatus = await runStreams(invocation, {stderr: notices, onPath: recording?.onPath}, async run => {
		try {
			end = await runCommand({...run, notices, recording}, invocation, request);
			return end.exitStatus;
		} finally {
			notices.release();
		}
	});
	return end ?? {exitStatus, isRemote: false, detached: false};
}

type RunContext = StreamRun & {notices: DeferredNotices; recording: CommandRecording | null};

async function runCommand(
	{cluster, observer, notices, recording}: RunContext,
	invocation: RemoteCommandInvocation,
	request: RemoteCommandRequest,
): Promise<RunEnd> {
	const {flags, interrupted, env} = invocation;
	const warn = (notice: string) => {
		notices.write(noticeLine(notice, notices));
	};

	const say = (notice: string | null) => {
		if (notice !== null && !flags.quiet) {
			warn(notice);
		}
	};

	const {pod, commandRequest, isLocalRaw} = await chooseCommandRequest(cluster, invocation, request, say);
	const command = await openRemoteCommand(cluster, commandRequest, {
		signal: interrupted,
		environment: env,
		onWaiting: say,
		...(observer && {observer}),
	});
	if (isLocalRaw) {
		notices.hold();
	}

	const detachKeys = request.feature === 'attach' && isLocalRaw ? request.detachKeys : null;
	const driving = driveRemoteCommand(command, invocation, {tty: isLocalRaw, detachKeys, redraw: request.feature === 'attach'});
	// After the terminal, so that it shows each chunk first.
	const stopRecording = recording?.follow(command, commandRequest, invocation);
	const end = await driving.finally(stopRecording);
	if (end.inputProblem !== null) {
		warn(`Copying stdin failed: ${end.inputProblem}`);
	}

	// containerd stops reading the input when a command closes its output, as `cat > FILE` does, and reports no error.
	if (end.hasUnsentInput && !isLocalRaw) {
		warn('the command exited before all of its input was sent');
	}

	if (request.feature === 'attach' && isLocalRaw) {
		say(reattachNotice(pod, commandRequest.target.container, end));
	}

	const isSilent = request.feature === 'attach' && !end.hasOutput && !isLocalRaw;
	const silentStatus = isSilent ? await request.ifSilent?.() : null;
	return silentStatus === null || silentStatus === undefined ? end : {exitStatus: silentStatus, isRemote: false, detached: false};
}

async function chooseCommandRequest(
	cluster: ClusterClient,
	invocation: RemoteCommandInvocation,
	request: RemoteCommandRequest,
	say: (notice: string | null) => void,
) {
	const {flags, interrupted} = invocation;
	const {pod, target} = await resolvePod(cluster, request.target, {
		podPreference: 'attach',
		podRunningTimeoutMs: flags['pod-running-timeout'],
		signal: interrupted,
		...('namespace' in request && {namespace: request.namespace}),
	});
	assertPodRunning(pod, request.feature);
	const container = chooseContainer(pod, flags.container, {unknownAnnotation: 'refuse'});
	say(container.notice);
	const attached = request.feature === 'attach' ? {name: container.name, tty: containerSpec(pod, container.name)?.tty === true} : null;
	const {tty, isLocalRaw, notice} = chooseTty(invocation, attached);
	say(notice);
	if (request.feature === 'attach') {
		say(
			'All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.',
		);
		say("If you don't see a command prompt, try pressing enter.");
	}

	return {
		pod,
		isLocalRaw,
		commandRequest: {
			feature: request.feature,
			target: {...target, container: container.name},
			command: request.command,
			stdin: flags.stdin,
			tty,
		},
	};
}

function reattachNotice(pod: PodObject, container: string, {detached}: {detached: boolean}): string | null {
	const {name, namespace = 'default'} = pod.metadata;
	return describeReattach(`spoke attach ${name} -c ${container} -n ${namespace} -i -t`, {
		isEphemeral: containerRole(pod, container) === 'ephemeral',
		canRunAgain: detached || (pod.spec.restartPolicy ?? 'Always') === 'Always',
	});
}

/**
`tty`: of the request. `isLocalRaw`: the local terminal is put into raw mode. `attached`: the container, and whether it has a terminal.
@see k8s.io/kubectl pkg/cmd/exec/exec.go SetupTTY, pkg/cmd/attach/attach.go
*/
function chooseTty(invocation: RemoteCommandInvocation, attached: {name: string; tty: boolean} | null) {
	const {stdin, tty} = invocation.flags;
	// Such a container has no separate stderr. Runtimes refuse a request for one, which kubectl sends without a local terminal.
	const hasRemoteTty = attached?.tty === true;
	if (attached && tty && !attached.tty) {
		return {tty: false, isLocalRaw: false, notice: `Unable to use a TTY - container ${attached.name} did not allocate one`};
	}

	if (!(tty || hasRemoteTty) || !stdin) {
		return {tty: hasRemoteTty, isLocalRaw: false, notice: null};
	}

	return invocation.stdin.isTTY
		? {tty: true, isLocalRaw: true, notice: null}
		: {tty: hasRemoteTty, isLocalRaw: false, notice: 'Unable to use a TTY - input is not a terminal or the right kind of file'};
}

class DeferredNotices implements TextStream {
	readonly isTTY: boolean;
	readonly #stderr: NodeJS.WriteStream;
	#held: string[] | null = null;

	constructor(stderr: NodeJS.WriteStream) {
		this.#stderr = stderr;
		this.isTTY = stderr.isTTY;
	}

	hold(): void {
		this.#held ??= [];
	}

	release(): void {
		for (const notice of this.#held ?? []) {
			this.#stderr.write(notice);
		}

		this.#held = null;
	}

	write(notice: string): void {
		if (this.#held) {
			this.#held.push(notice);
		} else {
			this.#stderr.write(notice);
		}
	}
}

/**
The file is created first, so that nothing happens in the cluster if that fails.
@returns the exit status
@throws SpokeError of `run`; ERR_USAGE for bad flags; ERR_LOCAL_FILE if the recording cannot be created or is not complete
*/
export async function runRecorded(
	{flags, stderr}: Pick<RemoteCommandInvocation, 'flags' | 'stderr'>,
	run: (recording: CommandRecording | null) => Promise<RunEnd>,
): Promise<number> {
	const request = recordRequest(flags);
	const recording =
		request &&
		new (await import('../../streams/remote-command/command-recording.ts')).CommandRecording(request, {
			warn(notice) {
				stderr.write(noticeLine(notice, stderr));
			},
		});
	const {exitStatus, isRemote} = recording ? await record(recording, async () => run(recording)) : await run(null);
	if (isRemote && exitStatus !== 0) {
		// kubectl prints this line even with -q.
		stderr.write(`${describeExit('command', exitStatus)} [ERR_REMOTE_EXIT]\n`);
	}

	return exitStatus;
}

async function record(recording: CommandRecording, run: () => Promise<RunEnd>): Promise<RunEnd> {
	const end = await run().finally(() => {
		recording.end();
	});
	const {file, failure} = recording;
	if (failure !== null) {
		throw new SpokeError(
			'ERR_LOCAL_FILE',
			`the recording ${file} is incomplete: ${failure.message}; the command ended with status ${end.exitStatus}`,
			{exitStatus: exitStatuses.execOwnFailure, cause: failure},
		);
	}

	return end;
}
