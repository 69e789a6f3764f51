/** Handlers of shell, attach and debug containers. */
import {quoteForShell} from '../../base/text/escaping.ts';
import {isSpokeError, type SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {exitStatusOf} from '../../streams/debug-container.ts';
import {canRestart, currentInstance, WatchedPod} from '../../streams/logs/container-instance.ts';
import {assertPodRunning} from '../../streams/terminated-pod.ts';
import {type CommandRequest, openRemoteCommand, type RemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {chooseContainer, attachableContainers, containerSpec} from '../../cluster/targets/choose-container.ts';
import {toResolvedTarget, resolvePod, type ResolvedPod} from '../../cluster/targets/resolve-pod.ts';
import {clusterOfSource} from '../tail/open-tail.ts';
import {defaultSource} from '../tail/tail-sources.ts';
import {runRemoteInTerminal, type RemoteRunResult} from './run-remote-in-terminal.ts';
import {isShellMissing} from '../../streams/remote-command/command-channels.ts';
import {pathOfEntry} from '../frame/connection-list.ts';
import {shownTail} from '../frame/session-state.ts';
import {onSelected} from '../lists/selection.ts';
import {promptDebugContainer, startDebugContainer, reportMissingShell, type ShellTarget} from './debug-container-form.ts';
import {startShellRecording, type ShellRecording} from './shell-recording.ts';
import {showFailureCard} from '../why/doctor-handlers.ts';
import type {ClusterTarget, Handlers, Session} from '../frame/session.ts';
import {formatKeys} from '../keymap/keymap.ts';
import {scriptFlags} from '../clusters/open-clusters.ts';

/** The kubelet reports the exit status with a delay. */
const statusLagMs = 2000;

const shellScript = '[ -x /bin/bash ] && exec /bin/bash -l; exec /bin/sh';

export const shellHandlers = {
	'list/shell': onSelected(openShell),
	attach: onSelected(attach),
	debug: onSelected(debugPod),
	async 'tail/shell'(session) {
		const tail = shownTail(session.store.state);
		const source = defaultSource(tail?.sources ?? []);
		if (tail && source) {
			await openShell(session, {
				cluster: clusterOfSource(session, tail.id, source),
				namespace: source.namespace,
				target: `pod/${source.pod}`,
				named: source.container,
			});
		}
	},
} satisfies Handlers;

/** `named`: a container. */
export async function openShell(session: Session, target: ClusterTarget & {named?: string}): Promise<void> {
	const shellTarget = await resolveShellTarget(session, {feature: 'exec', ...target});
	if (shellTarget) {
		await runInTerminal(session, {shellTarget, feature: 'exec', command: ['/bin/sh', '-c', shellScript]});
	}
}

async function attach(session: Session, target: ClusterTarget): Promise<void> {
	const shellTarget = await resolveShellTarget(session, {feature: 'attach', ...target});
	if (shellTarget) {
		await runInTerminal(session, {shellTarget, feature: 'attach', command: []});
	}
}

export async function resolveShellTarget(
	session: Session,
	{feature, named, ...request}: ClusterTarget & {feature: RunRequest['feature']; named?: string},
): Promise<ShellTarget | null> {
	const {
		pod,
		target: {asked, chosenFrom},
	} = await findPod(session, request);
	assertPodRunning(pod, feature);
	const running = attachableContainers(pod);
	let container = named ?? chooseContainer(pod, undefined, {unknownAnnotation: 'go-on'}).name;
	if (named === undefined && running.length > 1) {
		const chosen = await session.pick({
			title: `Container of ${pod.metadata.name}`,
			purpose: 'container',
			keys: 'open',
			selected: container,
			items: running.map(({name, role}) => ({id: name, cells: [name, role === 'regular' ? '' : role]})),
		});
		if (chosen === null) {
			return null;
		}

		container = chosen;
	}

	return {cluster: request.cluster, pod, container, asked, chosenFrom};
}

/** Keys typed meanwhile go to the shell. */
async function findPod({typeAhead}: Session, {cluster: {access}, target, namespace}: ClusterTarget): Promise<ResolvedPod> {
	return typeAhead.during({description: `looking up the pod of ${target}`}, async () =>
		resolvePod(access, target, {
			namespace,
			podPreference: 'attach',
			podRunningTimeoutMs: 3000,
		}),
	);
}

type RunRequest = {
	shellTarget: ShellTarget;
	feature: 'exec' | 'attach';
	command: readonly string[];
	/** Adds the container of `shellTarget`. */
	addContainer?: () => Promise<ShellTarget>;
};

/** The file is created first, so that nothing happens in the cluster if that fails. */
async function runInTerminal(session: Session, request: RunRequest): Promise<void> {
	const {feature, command, addContainer} = request;
	let {shellTarget} = request;
	let recording: ShellRecording | null;
	try {
		recording = await startShellRecording(session, shellTarget);
	} catch (thrown) {
		await showRunFailure(session, request, toSpokeError(thrown), null);
		return;
	}

	if (addContainer) {
		try {
			shellTarget = await addContainer();
		} catch (thrown) {
			await recording?.end();
			throw thrown;
		}
	}

	await openInTerminal(session, {shellTarget, feature, command}, recording);
}

type Run = {request: RunRequest; id: string; recording: ShellRecording | null};

async function openInTerminal(session: Session, request: RunRequest, recording: ShellRecording | null): Promise<void> {
	const {shellTarget, feature} = request;
	const {cluster, pod, container} = shellTarget;
	const kind = kindOf(request);
	const run: Run = {request, id: session.nextId(kind), recording};
	const what = `${pod.metadata.name}/${container}`;
	session.store.dispatchNow({
		type: 'connections',
		event: {
			type: 'open',
			entry: {id: run.id, kind, what, context: cluster.context, namespace: pod.metadata.namespace ?? null, since: Date.now()},
		},
	});
	session.showMessage(`${describeRun(request)} …`);
	const commandRequest = commandRequestOf(request);
	const {passed} = session.typeAhead;
	const remote = await openRemote(session, run, commandRequest);
	if (remote && (passed === session.typeAhead.passed || (await isEntered(session, run, remote)))) {
		const driven = await runRemoteInTerminal(session, run.id, remote, {
			ahead: session.typeAhead.takeBytes(),
			location: `${cluster.access.facts.sandbox && session.shown.length === 1 ? 'SANDBOX' : cluster.context} ${pod.metadata.namespace ?? ''}/${pod.metadata.name}, container ${container}`,
			kind,
			commandRequest,
			began: Date.now(),
			recording,
			isPodDeleted: async () => isPodDeleted(cluster, pod),
			canReturnWithoutKey: ({exitCode, error}) => feature === 'exec' && (exitCode === 0 || (error !== null && isShellMissing(error))),
			...(feature === 'attach' && {
				statusOf: async () =>
					exitStatusOf(cluster.access, pod, container, {
						timeoutMs: statusLagMs,
						signal: AbortSignal.timeout(statusLagMs),
					}),
			}),
		});
		session.store.dispatchNow({type: 'connections', event: {type: 'close', id: run.id}});
		await continueAfterRun(session, run, driven);
	}
}

/**
A shell that opens late takes neither the screen nor a key from what the user does by then: it waits in the connections until the user
enters it. False if it is stopped, or ends, before.
*/
async function isEntered(session: Session, {id, request}: Run, remote: RemoteCommand): Promise<boolean> {
	const entered = Promise.withResolvers<boolean>();
	const end = session.work.start('shell', id, {
		enter() {
			entered.resolve(true);
		},
		stop() {
			entered.resolve(false);
		},
	});
	const keys = [session.keymap.get('global')?.get('pane.next'), session.keymap.get('connections')?.get('open')];
	const words = keys.map(key => formatKeys(key?.sequences[0] ?? [])).join(' ');
	session.store.dispatchNow({type: 'connections', event: {type: 'change', id, to: {figures: 'ready'}}});
	session.showMessage(`${describeRun(request)} is ready: ${words} enters it`, 'warn');
	const isNow = await Promise.race([entered.promise, remote.outcome.catch(() => 'closed').then(() => false)]);
	end();
	session.store.dispatchNow({type: 'connections', event: isNow ? {type: 'change', id, to: {figures: ''}} : {type: 'close', id}});
	if (!isNow) {
		remote.close();
		session.showMessage(`${describeRun(request)} has ended`);
	}

	return isNow;
}

/** Or replaced by another of its name. */
async function isPodDeleted({access}: ShellTarget['cluster'], pod: ShellTarget['pod']): Promise<boolean> {
	const now = await new WatchedPod(access, pod, {isWatched: false}).read(undefined, statusLagMs);
	return now === null || now.metadata.deletionTimestamp !== undefined;
}

function kindOf({feature}: Pick<RunRequest, 'feature'>): 'shell' | 'attach' {
	return feature === 'exec' ? 'shell' : 'attach';
}

function describeRun({feature, shellTarget: {pod, container}}: RunRequest): string {
	return `${kindOf({feature})} in ${pod.metadata.name}/${container}`;
}

function commandRequestOf({shellTarget: {pod, container, asked, chosenFrom}, feature, command}: RunRequest): CommandRequest {
	const {stdin = false, tty = false} = feature === 'exec' ? {stdin: true, tty: true} : (containerSpec(pod, container) ?? {});
	return {feature, target: toResolvedTarget(asked, pod, chosenFrom, container), command, stdin, tty};
}

async function openRemote(session: Session, {request, id, recording}: Run, commandRequest: CommandRequest): Promise<RemoteCommand | null> {
	const {shellTarget} = request;
	const {cluster} = shellTarget;
	try {
		return await session.typeAhead.during({description: describeRun(request)}, async signal => {
			const opened = await openRemoteCommand(cluster.access, commandRequest, {
				observer: session.observerFor(id, recording === null ? cluster : {labeler: recording}),
				environment: session.env,
				signal,
				onWaiting(notice) {
					session.showMessage(notice, 'warn');
				},
			});
			if (signal.aborted) {
				opened.close();
			}

			return opened;
		});
	} catch (thrown) {
		const path = pathOfEntry(session.store.state.connections, id);
		session.store.dispatchNow({type: 'connections', event: {type: 'close', id}});
		await recording?.end();
		if (!isSpokeError(thrown)) {
			throw thrown;
		}

		await showRunFailure(session, request, withLogRemedy(session, shellTarget, thrown), path);
		return null;
	}
}

async function showRunFailure(session: Session, request: RunRequest, error: SpokeError, path: Path | null): Promise<void> {
	const {
		cluster,
		pod: {
			metadata: {name, namespace = ''},
		},
	} = request.shellTarget;
	await showFailureCard(session, {
		about: describeRun(request),
		error,
		path,
		target: `pod/${name}`,
		namespace,
		cluster,
		retry: async () => runInTerminal(session, request),
	});
}

async function continueAfterRun(
	session: Session,
	{request, recording}: Run,
	{end, path, next, viewAction}: RemoteRunResult,
): Promise<void> {
	const {shellTarget, feature} = request;
	const {error} = end;
	if (error && feature === 'exec' && isShellMissing(error)) {
		recording?.reportEnd();
		await offerDebugger(session, shellTarget, error);
		return;
	}

	const about = describeRun(request);
	const failure = error && withLogRemedy(session, shellTarget, error);
	if (failure) {
		recording?.reportEnd();
		session.showFailure(about, failure, path);
	} else {
		session.showMessage(end.text);
		recording?.reportEnd();
	}

	if (next === 'why') {
		session.store.dispatchNow({type: 'push', layer: {kind: 'why', top: 0, about, path, error: failure?.toJSON() ?? null, entry: null}});
	} else if (next === 'rerun') {
		await runInTerminal(session, request);
	} else if (viewAction !== null) {
		session.perform(viewAction);
	}
}

function withLogRemedy(session: Session, shellTarget: ShellTarget, error: SpokeError): SpokeError {
	return error.code === 'ERR_TARGET_GONE' && error.remedy === null
		? error.withChanges({remedy: goneRemedy(shellTarget, scriptFlags(session, shellTarget.cluster))})
		: error;
}

/** By the pod's status of before: a container that ran then has a previous log now, if it always restarts. */
export function goneRemedy({pod, container}: Pick<ShellTarget, 'pod' | 'container'>, flags: string): string {
	const place = `-n ${quoteForShell(pod.metadata.namespace ?? '')} ${quoteForShell(pod.metadata.name)}`;
	const {id, state, reason} = currentInstance(pod, container);
	const hasPreviousLog = state === 'restarting' || (state === 'running' && canRestart(pod, container, {exitCode: 0}));
	if (id === null) {
		return `it has not started${reason === null ? '' : ` (${reason})`}: kubectl describe pod ${place}${flags} shows why`;
	}

	return `spoke logs ${place} -c ${quoteForShell(container)}${hasPreviousLog ? ' --previous' : ''}${flags} shows how it ended`;
}

/** Asks first: a debug container cannot be removed. */
async function offerDebugger(session: Session, shellTarget: ShellTarget, error: SpokeError): Promise<void> {
	const {cluster, pod, container} = shellTarget;
	const remedy = `spoke debug -n ${quoteForShell(pod.metadata.namespace ?? '')} ${quoteForShell(pod.metadata.name)} -it --image=IMAGE --target=${quoteForShell(container)}${scriptFlags(session, cluster)} -- sh`;
	if (reportMissingShell(session, `shell in ${pod.metadata.name}/${container}`, error, remedy)) {
		await debug(session, shellTarget, `${container} has no shell. You can add a debug container that has one.`);
	}
}

async function debugPod(session: Session, selected: ClusterTarget): Promise<void> {
	const {
		pod,
		target: {asked, chosenFrom},
	} = await findPod(session, selected);
	await debug(session, {cluster: selected.cluster, pod, container: pod.spec.containers[0]?.name ?? '', asked, chosenFrom});
}

async function debug(session: Session, shellTarget: ShellTarget, because?: string): Promise<void> {
	const added = await promptDebugContainer(session, shellTarget, because);
	if (added) {
		const {cluster, pod} = shellTarget;
		await runInTerminal(session, {
			shellTarget: {...shellTarget, container: added.name},
			feature: 'attach',
			command: [],
			addContainer: async () => startDebugContainer(session, {cluster, pod, added}),
		});
	}
}
