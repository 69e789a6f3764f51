/** Continues a copy after the stream was lost. */
import {abortableDelay} from '../../async/abortable.ts';
import {backoffMs} from '../../async/backoff.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {objectPath} from '../../targets/object-path.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {podResource} from '../../targets/resource-names.ts';
import {isConnectionLoss} from '../connection-loss.ts';
import type {ResolvedTarget} from '../connection-observer.ts';
import type {CopyListener} from './copy-events.ts';

export type RetryOptions = {
	cluster: ClusterClient;
	target: ResolvedTarget;
	signal: AbortSignal;
	/** Losses in a row without a new byte before the copy fails. Negative: no limit. */
	retries: number;
	listener: Pick<CopyListener, 'onRetry'>;
};

export type CopyPass = {
	/** `true` when nothing remains. */
	run(): Promise<boolean>;
	/** Bytes that need not be sent again. */
	readonly keptBytes: number;
	/** Whether a pass got as far as a list of files. Before that, a failure is final. */
	readonly hasStarted: boolean;
};

const retryBackoff = {initialMs: 500, maxMs: 10_000};

/** @throws SpokeError of the last loss, or one that no retry helps; ERR_TARGET_GONE if another pod has the name; the signal's reason */
export async function continueAfterLoss(pass: CopyPass, {cluster, target, signal, retries, listener}: RetryOptions): Promise<void> {
	let lossCount = 0;
	for (let isDone = false; !isDone;) {
		const keptBefore = pass.keptBytes;
		try {
			if (lossCount > 0) {
				await assertSamePod(cluster, target, signal);
			}

			isDone = await pass.run();
			lossCount = 0;
		} catch (thrown) {
			signal.throwIfAborted();
			const error = toSpokeError(thrown);
			lossCount = pass.keptBytes > keptBefore ? 1 : lossCount + 1;
			if (!pass.hasStarted || !isConnectionLoss(error) || (retries >= 0 && lossCount > retries)) {
				throw error;
			}

			const retryInMs = backoffMs(lossCount, retryBackoff);
			listener.onRetry(error, {attempt: lossCount, retryInMs, keptBytes: pass.keptBytes});
			await abortableDelay(retryInMs, signal);
			signal.throwIfAborted();
		}
	}
}

/** A stateful set gives a new pod the name of the old one, and other files. */
async function assertSamePod(cluster: ClusterClient, {namespace, name, uid}: ResolvedTarget, signal: AbortSignal): Promise<void> {
	const pod = await cluster.json<PodObject>({path: objectPath(podResource, namespace ?? 'default', name), signal});
	if (uid !== null && pod.metadata.uid !== uid) {
		throw new SpokeError('ERR_TARGET_GONE', `pod ${name} was replaced while it was copied`, {remedy: 'start the copy again'});
	}
}
