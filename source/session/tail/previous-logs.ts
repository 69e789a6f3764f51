/** Logs of previous container instances. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {logSource, selectContainers, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {splitKubeletError, LogInterruptedError, locateInterruption} from '../../streams/logs/log-error.ts';
import {readLineBlocks, readSilenceTimeoutMs} from '../../streams/logs/line-blocks.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';
import {openLog, podOnNoNode} from '../../streams/logs/open-log.ts';
import {chooseContainer} from '../../targets/choose-container.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {listPods, toResolvedTarget} from '../../targets/resolve-pod.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {TailRequest} from './tail-run.ts';

type PreviousLogsOptions = {request: Pick<TailRequest, 'target' | 'containers'>; observer: ConnectionObserver; signal: AbortSignal};

type PreviousLogsCallbacks = {
	source(source: LogSource): number;
	lines(source: number, block: Buffer): void;
	notice(source: number, text: string): void;
};

/** `part`: the read of a log was interrupted. */
export type ReadExtent = 'none' | 'part' | 'whole';

/**
Returns what was read. A missing log becomes a notice. Emits nothing after `signal`.
@throws SpokeError when the pods cannot be listed, or none has the named container
*/
export async function readPreviousLogs(
	cluster: ClusterClient,
	targets: FollowTargets,
	options: PreviousLogsOptions,
	callbacks: PreviousLogsCallbacks,
): Promise<ReadExtent> {
	const {
		request: {containers},
		signal,
	} = options;
	const pods = targets.kind === 'pods' ? targets.pods : await listPods(cluster, targets.scope, signal);
	let read: ReadExtent = 'none';
	const [first] = pods;
	if (first && containers.kind === 'named' && pods.every(pod => selectContainers(pod, containers).length === 0)) {
		// Throws the error that names the containers.
		chooseContainer(first, containers.name, {unknownAnnotation: 'go-on'});
	}

	for (const pod of pods) {
		for (const name of selectContainers(pod, containers)) {
			read = combineExtents(read, await readOne(cluster, {pod, container: name, chosenFrom: pods.length}, options, callbacks));
			if (signal.aborted) {
				return read;
			}
		}
	}

	return read;
}

/** A log that is missing does not make the others incomplete. */
export function combineExtents(...reads: readonly ReadExtent[]): ReadExtent {
	return (['part', 'whole'] as const).find(read => reads.includes(read)) ?? 'none';
}

/** How a tail of previous logs ends. */
export function previousLogEnd(read: ReadExtent): {note: string; text: string} {
	return ends[read];
}

const ends: Readonly<Record<ReadExtent, {note: string; text: string}>> = {
	none: {note: 'no previous log read', text: 'no previous log was read'},
	part: {note: 'previous log interrupted', text: 'the previous log was not read to its end'},
	whole: {note: 'previous log read', text: 'end of the previous log'},
};

async function readOne(
	cluster: ClusterClient,
	{pod, container, chosenFrom}: {pod: PodObject; container: string; chosenFrom: number},
	{request, observer, signal}: PreviousLogsOptions,
	callbacks: PreviousLogsCallbacks,
): Promise<ReadExtent> {
	const source = logSource(pod, container);
	const index = callbacks.source(source);
	const addNotice = (text: string) => {
		callbacks.notice(index, `${pod.metadata.name}/${container}: ${sanitizeLine(text)}`);
	};

	let wasRead = false;
	try {
		const open = await openLog(
			cluster,
			source,
			{previous: true, timestamps: true},
			{target: toResolvedTarget(request.target, pod, chosenFrom, container), observer, signal},
		);
		try {
			if (!open.isFromKubelet) {
				addNotice(`no previous log: ${podOnNoNode}`);
				return 'none';
			}

			const {remainder, error} = await readLineBlocks(
				open.body,
				block => {
					signal.throwIfAborted();
					wasRead = true;
					callbacks.lines(index, block);
				},
				{silenceTimeoutMs: readSilenceTimeoutMs},
			);
			signal.throwIfAborted();
			const {log, message} = splitKubeletError(remainder, {follows: false});
			callbacks.lines(index, log);
			if (message !== null) {
				throw new SpokeError('ERR_SECOND_LEG', 'the node has no previous log', {text: message});
			}

			if (error) {
				throw await locateInterruption(cluster, new LogInterruptedError('the previous log was interrupted', error), signal);
			}

			return 'whole';
		} finally {
			open.close();
		}
	} catch (thrown) {
		if (!signal.aborted) {
			addNotice(fullMessage(toSpokeError(thrown)));
		}

		return wasRead ? 'part' : 'none';
	}
}
