/** Handlers of shell, attach and debug containers. */
import {quoteForShell} from '../../text/quote-for-shell.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {exitStatusOf} from '../../streams/debug-container.ts';
import {assertPodRunning} from '../../streams/terminated-pod.ts';
import {openRemoteCommand, type RemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {chooseContainer, attachableContainers, containerSpec} from '../../targets/choose-container.ts';
import {toResolvedTarget, resolvePod, type ResolvedPod} from '../../targets/resolve-pod.ts';
import {clusterOfSource} from '../tail/current-tail.ts';
import {defaultSource} from '../tail/tail-sources.ts';
import {findAction} from '../../actions/action-table.ts';
import {runRemoteInTerminal, type RemoteRunResult} from './run-remote-in-terminal.ts';
import {isShellMissing} from '../../streams/remote-command/is-shell-missing.ts';
import {disabledReason} from '../keys/disabled-reason.ts';
import {recordedPath} from '../frame/recording-observer.ts';
import {shownTail} from '../frame/session-state.ts';
import {selectedTarget} from '../lists/selection.ts';
import {promptDebugContainer, type ShellTarget} from './debug-container-form.ts';
import {showFailureCard} from '../why/failure-card.ts';
import type {ClusterTarget, Handlers, Session} from '../frame/session.ts';
import {scriptFlags} from '../clusters/script-flags.ts';

/** The kubelet reports the exit status with a delay. */
const statusLagMs = 2000;

const shellScript = '[ -x /bin/bash ] && exec /bin/bash -l; exec /bin/sh';

export const shellHandlers = {
	'list/shell': async session => openSelectedShell(session),
	attach: async session => attachToSelected(session),
	debug: async session => debugSelected(session),
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

async function openSelectedShell(session: Session): Promise<void> {
	const here = selectedTarget(session);
	if (here) {
		await openShell(session, here);
	}
}

/** `named`: a container. */
export async function openShell(session: Session, target: ClusterTarget & {named?: string}): Promise<void> {
	const shellTarget = await resolveShellTarget(session, {feature: 'exec', ...target});
	if (shellTarget) {
		await runInTerminal(session, shellTarget, 'exec', ['/bin/sh', '-c', shellScript]);
	}
}

async function attachToSelected(session: Session): Promise<void> {
	const here = selectedTarget(session);
	const shellTarget = here && (await resolveShellTarget(session, {feature: 'attach', ...here}));
	if (shellTarget) {
		await runInTerminal(session, shellTarget, 'attach', []);
	}
}

type ShellTargetRequest = ClusterTarget & {feature: Run['feature']; named?: string};

export async function resolveShellTarget(session: Session, {feature, named, ...request}: ShellTargetRequest): Promise<ShellTarget | null> {
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
			at: Math.max(
				0,
				running.findIndex(({name}) => name === container),
			),
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

type Run = {
	shellTarget: ShellTarget;
	feature: 'exec' | 'attach';
	command: readonly string[];
	id: string;
	kind: 'shell' | 'attach';
	about: string;
	began: number;
};

async function runInTerminal(
	session: Session,
	shellTarget: ShellTarget,
	feature: Run['feature'],
	command: readonly string[],
): Promise<void> {
	const {cluster, pod, container} = shellTarget;
	const kind = feature === 'exec' ? 'shell' : 'attach';
	const name = `${pod.metadata.name}/${container}`;
	const run: Run = {shellTarget, feature, command, id: session.nextId(kind), kind, about: `${kind} in ${name}`, began: Date.now()};
	session.store.dispatchNow({
		type: 'connections',
		event: {
			type: 'open',
			entry: {id: run.id, kind, what: name, context: cluster.context, namespace: pod.metadata.namespace ?? null, since: run.began},
		},
	});
	session.tell(`${run.about} …`);
	const tty = feature === 'exec' || containerSpec(pod, container)?.tty === true;
	const remote = await openRemote(session, run, tty);
	if (remote) {
		const driven = await runRemoteInTerminal(session, run.id, remote, {
			ahead: session.typeAhead.takeBytes(),
			location: `${cluster.access.facts.sandbox && session.shown.length === 1 ? 'SANDBOX' : cluster.context} ${pod.metadata.namespace ?? ''}/${pod.metadata.name}, container ${container}`,
			kind,
			tty,
			began: run.began,
			mayEndUnseen: error => feature === 'exec' && isShellMissing(error),
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

async function openRemote(session: Session, {shellTarget, feature, command, id, about}: Run, tty: boolean): Promise<RemoteCommand | null> {
	const {cluster, pod, container, asked, chosenFrom} = shellTarget;
	const stdin = feature === 'exec' || containerSpec(pod, container)?.stdin === true;
	try {
		return await session.typeAhead.during({description: about}, async signal => {
			const opened = await openRemoteCommand(
				cluster.access,
				{feature, target: toResolvedTarget(asked, pod, chosenFrom, container), command, stdin, tty},
				{
					observer: session.observerFor(id, cluster),
					environment: session.env,
					signal,
				},
			);
			if (signal.aborted) {
				opened.close();
			}

			return opened;
		});
	} catch (thrown) {
		const path = recordedPath(session, id);
		session.store.dispatchNow({type: 'connections', event: {type: 'close', id}});
		if (!(thrown instanceof SpokeError)) {
			throw thrown;
		}

		await showFailureCard(session, {
			about,
			error: withLogRemedy(session, shellTarget, thrown),
			path,
			target: `pod/${pod.metadata.name}`,
			namespace: pod.metadata.namespace ?? '',
			cluster,
			retry: async () => runInTerminal(session, shellTarget, feature, command),
		});
		return null;
	}
}

async function continueAfterRun(
	session: Session,
	{shellTarget, feature, command, about}: Run,
	{end, path, next}: RemoteRunResult,
): Promise<void> {
	const {error} = end;
	if (error && feature === 'exec' && isShellMissing(error)) {
		await offerDebugger(session, shellTarget, error);
		return;
	}

	const failure = error && withLogRemedy(session, shellTarget, error);
	if (failure) {
		session.fail(about, failure, path);
	} else {
		session.tell(end.words);
	}

	if (next === 'why') {
		session.store.dispatchNow({type: 'push', layer: {kind: 'why', top: 0, about, path, error: failure?.toJSON() ?? null, entry: null}});
	} else if (next === 'again') {
		await runInTerminal(session, shellTarget, feature, command);
	}
}

function withLogRemedy(session: Session, {cluster, pod, container}: ShellTarget, error: SpokeError): SpokeError {
	return error.code === 'ERR_TARGET_GONE' && error.remedy === null
		? error.withChanges({
				remedy: `spoke logs -n ${quoteForShell(pod.metadata.namespace ?? '')} ${quoteForShell(pod.metadata.name)} -c ${quoteForShell(container)} --previous${scriptFlags(session, cluster)} shows how it ended`,
			})
		: error;
}

/** Asks first: a debug container cannot be removed. */
async function offerDebugger(session: Session, shellTarget: ShellTarget, error: SpokeError): Promise<void> {
	const {pod, container} = shellTarget;
	const off = disabledReason(session.store.state, findAction('debug'));
	session.fail(
		`shell in ${pod.metadata.name}/${container}`,
		new SpokeError(error.code, `the image has no shell${off === null ? '' : `; ${off}`}`, {
			text: error.text ?? error.message,
			remedy: `spoke debug -n ${quoteForShell(pod.metadata.namespace ?? '')} ${quoteForShell(pod.metadata.name)} -it --image=IMAGE --target=${quoteForShell(container)}${scriptFlags(session, shellTarget.cluster)} -- sh`,
		}),
	);
	if (off === null) {
		await debug(session, shellTarget, `${container} has no shell. You can add a debug container that has one.`);
	}
}

async function debugSelected(session: Session): Promise<void> {
	const here = selectedTarget(session);
	if (here) {
		const {
			pod,
			target: {asked, chosenFrom},
		} = await findPod(session, here);
		await debug(session, {cluster: here.cluster, pod, container: pod.spec.containers[0]?.name ?? '', asked, chosenFrom});
	}
}

async function debug(session: Session, shellTarget: ShellTarget, because?: string): Promise<void> {
	const added = await promptDebugContainer(session, shellTarget, because);
	if (added) {
		await runInTerminal(session, added, 'attach', []);
	}
}
