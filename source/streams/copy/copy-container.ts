/** A debug container that copies the files of a container without a shell. */
import {isDeepStrictEqual} from 'node:util';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {containerStatus} from '../../cluster/targets/choose-container.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import {addDebugContainer, waitUntilRunning} from '../debug-container.ts';
import {type DebugProfile, ephemeralContainer} from '../debug-specs.ts';
import type {CopySessionOptions} from './copy-session.ts';

export type CopyContainerRequest = {
	image: string;
	profile: DebugProfile;
	/** The source or destination in the container. */
	path: string;
};

export type CopyContainerCallbacks = {
	/** The pod has it from now on. */
	onAdded(name: string): void;
	/** Receives `ErrImagePull: …` */
	onWaiting(name: string, reason: string): void;
};

/**
Adds the container to the pod of `target`, unless an earlier copy has added it, and waits until it runs. It ends when no copy has moved a
byte in it for a minute, also if spoke is killed.
@throws SpokeError as `addDebugContainer` and `waitUntilRunning`; ERR_USAGE for a relative path; ERR_TARGET_GONE if the container of
`target` is not running
*/
export async function addCopyContainer(
	{
		cluster,
		pod,
		target,
		timeoutMs,
		signal,
	}: {cluster: ClusterClient; pod: PodObject; target: ResolvedTarget; timeoutMs: number; signal: AbortSignal},
	{image, profile, path}: CopyContainerRequest,
	callbacks: CopyContainerCallbacks,
): Promise<Pick<CopySessionOptions, 'target' | 'containerId'>> {
	if (!path.startsWith('/')) {
		throw new SpokeError('ERR_USAGE', `${path}: through a debug container, the path in the container must be absolute`);
	}

	const served = target.container ?? '';
	const {containerID = '', state} = containerStatus(pod, served) ?? {};
	if (containerID === '' || !state?.running) {
		throw new SpokeError('ERR_TARGET_GONE', `container ${served} is not running`);
	}

	// Names what a container serves, so a container with the same command can be reused.
	const command = ['sh', '-c', waitForCopies, 'wait-for-copies', served, profile];
	const name = runningContainer(pod, {image, command}) ?? (await add());
	return {target: {...target, container: name}, containerId: containerID.replace(/^.*:\/\//, '')};

	async function add(): Promise<string> {
		const container = ephemeralContainer(pod, {name: null, image, stdin: false, tty: false, command, profile}, served);
		await addDebugContainer(cluster, pod, container, signal);
		callbacks.onAdded(container.name);
		await waitUntilRunning(cluster, pod, container.name, {
			timeoutMs,
			signal,
			onWaiting(reason) {
				callbacks.onWaiting(container.name, reason);
			},
		});
		return container.name;
	}
}

/** One that an earlier copy has added. */
function runningContainer(pod: PodObject, {image, command}: {image: string; command: readonly string[]}): string | undefined {
	return pod.spec.ephemeralContainers?.find(
		container =>
			container.image === image && isDeepStrictEqual(container.command, command) && containerStatus(pod, container.name)?.state?.running,
	)?.name;
}

/**
Ends when no other process of the container has read or written a byte for a minute. A lost copy can leave a process that is blocked,
because the runtime no longer reads its output. The kubelet expands $ and a name in parentheses, and turns two $ into one.
*/
const waitForCopies = `
own=$(readlink /proc/self/ns/mnt)
read -r self rest </proc/self/stat
idle=0 last=
while [ "$idle" -lt 6 ]; do
	sleep 10
	now=
	for p in /proc/[0-9]*; do
		if [ "$p" != "/proc/$self" ] && [ "$(readlink "$p/ns/mnt" 2>/dev/null)" = "$own" ]; then now="$now $p $(cat "$p/io" 2>/dev/null)"; fi
	done
	if [ "$now" = "$last" ]; then idle=$((idle + 1)); else idle=0; fi
	last=$now
done
`.trim();
