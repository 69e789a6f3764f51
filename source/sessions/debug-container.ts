/** Adds an ephemeral container to a pod, for images without a shell, and waits until it runs. */
import {randomInt} from 'node:crypto';
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {objectIn} from '../cluster/read-json.ts';
import {refusal} from '../cluster/refusal.ts';
import {timerMs} from '../cluster/timer-ms.ts';
import {readWhole} from '../cluster/transport/exchange.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import {containerStatus} from '../targets/choose-container.ts';
import {objectPath} from '../targets/object-path.ts';
import type {ContainerState, PodObject} from '../targets/pod-object.ts';
import {podResource} from '../targets/resource-words.ts';
import {watchPods} from '../targets/watch-pods.ts';
import {shellWord} from '../text/shell-word.ts';
import {securityContexts, type DebugProfile} from './debug-profiles.ts';

/** The answer is the whole pod, of which etcd keeps no more than 1.5 MiB. */
const largestAnswer = 8 * 1024 * 1024;

export type DebugContainer = {
	name: string;
	image: string;
	/** The container whose processes it sees; `null` for none. */
	target: string | null;
	stdin: boolean;
	tty: boolean;
	/** Empty for the image's own. */
	command: readonly string[];
	profile: DebugProfile;
};

/**
An ephemeral container cannot be taken away again: it stays in the pod until the pod goes.
@throws SpokeError ERR_FORBIDDEN (patch pods/ephemeralcontainers), ERR_APISERVER_ANSWER with the apiserver's words
@see https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/
*/
export async function addDebugContainer(
	cluster: Pick<ClusterAccess, 'request' | 'facts'>,
	{metadata: {name: podName, namespace = 'default'}}: PodObject,
	{name, image, target, stdin, tty, command, profile}: DebugContainer,
	signal?: AbortSignal,
): Promise<void> {
	const container = {
		name, image, stdin, tty, terminationMessagePolicy: 'File',
		...target !== null && {targetContainerName: target},
		...command.length > 0 && {command},
		...securityContexts[profile] && {securityContext: securityContexts[profile]},
	};
	const asked = {method: 'PATCH', path: objectPath(podResource, namespace, podName, 'ephemeralcontainers')} as const;
	const {status, headers, body, connection} = await cluster.request({
		...asked,
		headers: {'Content-Type': 'application/strategic-merge-patch+json'},
		body: JSON.stringify({spec: {ephemeralContainers: [container]}}),
		...signal && {signal},
	});
	const text = (await readWhole(body, largestAnswer, `the apiserver ${cluster.facts.server}`)).toString('utf8');
	if (status < 200 || status > 299) {
		const told = refusal({status, headers, body: text, connection}, {verb: 'patch', resource: 'pods/ephemeralcontainers', namespace, by: cluster.facts});
		throw told.text?.includes('violates PodSecurity')
			? new SpokeError(told.code, told.text.trim(), {text: told.text, remedy: 'give --profile=baseline or --profile=restricted, as the namespace demands'})
			: told;
	}

	// A page in its place has added nothing.
	objectIn(text, asked, `the answer of the apiserver ${cluster.facts.server}`);
}

/** `debugger-x7f2k`. */
export function debugContainerName(): string {
	const letters = 'bcdfghjklmnpqrstvwxz2456789';
	return `debugger-${Array.from({length: 5}, () => letters[randomInt(letters.length)]).join('')}`;
}

/**
Until the container runs.
@param onWaiting Called when what it waits for changes: `ContainerCreating`, `ErrImagePull: …`
@throws SpokeError ERR_TARGET_GONE when it ended, could not start, the pod went, or `limitMs` passed
*/
export async function untilRunning(
	cluster: ClusterAccess,
	{metadata: {name: podName, namespace = 'default'}}: PodObject,
	container: string,
	{limitMs, signal, onWaiting}: {limitMs: number; signal: AbortSignal; onWaiting: (reason: string) => void},
): Promise<void> {
	const limit = AbortSignal.timeout(timerMs(limitMs));
	let waiting = '';
	for await (const change of watchPods(cluster, {namespace, fieldSelector: `metadata.name=${podName}`}, {signal: AbortSignal.any([limit, signal])})) {
		if (change.type === 'gone') {
			throw new SpokeError('ERR_TARGET_GONE', `pod ${podName} went before container ${container} ran`);
		}

		if (change.type !== 'appeared' && change.type !== 'changed') {
			continue;
		}

		const {running, terminated, waiting: now}: ContainerState = containerStatus(change.pod, container)?.state ?? {};
		if (running) {
			return;
		}

		if (terminated) {
			throw new SpokeError('ERR_TARGET_GONE', `container ${container} ended with exit code ${terminated.exitCode}${terminated.reason ? ` (${terminated.reason})` : ''}`, {
				text: terminated.message ?? '', remedy: `what it said: spoke logs ${shellWord(podName)} -n ${shellWord(namespace)} -c ${shellWord(container)}`,
			});
		}

		const reason = [now?.reason, now?.message].filter(part => part !== undefined).join(': ');
		if (reason !== '' && reason !== waiting) {
			waiting = reason;
			onWaiting(reason);
		}
	}

	signal.throwIfAborted();
	throw new SpokeError('ERR_TARGET_GONE', `container ${container} does not run after ${limitMs / 1000} s${waiting === '' ? '' : `: ${waiting}`}`);
}

/** The exit status of a container that has ended, or ends within `limitMs`; `null` for one that goes on. A pod's status is some time behind its runtime. */
export async function exitStatusOf(
	cluster: ClusterAccess,
	{metadata: {name: podName, namespace = 'default'}}: PodObject,
	container: string,
	{limitMs, signal}: {limitMs: number; signal: AbortSignal},
): Promise<number | null> {
	const limit = AbortSignal.timeout(limitMs);
	for await (const change of watchPods(cluster, {namespace, fieldSelector: `metadata.name=${podName}`}, {signal: AbortSignal.any([limit, signal])})) {
		const ended = change.type === 'appeared' || change.type === 'changed' ? containerStatus(change.pod, container)?.state?.terminated : undefined;
		if (ended) {
			return ended.exitCode;
		}
	}

	return null;
}
