/** Watches the pods that a forward can use. */
import {setTimeout as delay} from 'node:timers/promises';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {objectPath} from '../../targets/object-path.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import type {PodScope} from '../../targets/target-pods.ts';
import {podResource} from '../../targets/resource-names.ts';
import {watchPods} from '../../targets/watch-pods.ts';

const retryDelayMs = 1000;
const pollIntervalMs = 2000;

/**
All pods of the scope by uid, again and again: whenever something changed, never before the first list is whole.
`scope` is null where the pod was named: then only `named` is followed. A cluster that cannot be asked is asked again; a pod that may be
read but not listed is polled. Ends with the signal.
*/
export async function* watchForwardPods(
	cluster: ClusterClient,
	scope: PodScope | null,
	namedPod: PodObject,
	signal: AbortSignal,
): AsyncGenerator<ReadonlyMap<string, PodObject>, void> {
	const {name, namespace = ''} = namedPod.metadata;
	const watched = scope ?? {namespace, fieldSelector: `metadata.name=${name}`};
	while (!signal.aborted) {
		const pods = new Map<string, PodObject>();
		let synced = false;
		try {
			for await (const change of watchPods(cluster, watched, {signal})) {
				switch (change.type) {
					case 'synced': {
						synced = true;
						break;
					}

					case 'gone': {
						pods.delete(change.pod.metadata.uid ?? '');
						break;
					}

					case 'appeared':
					case 'changed': {
						pods.set(change.pod.metadata.uid ?? '', change.pod);
						break;
					}
					// No default
				}

				if (synced) {
					yield pods;
				}
			}
		} catch (thrown) {
			if (!signal.aborted && scope === null && toSpokeError(thrown).code === 'ERR_FORBIDDEN') {
				yield* pollPod(cluster, namedPod, signal);
				return;
			}
		}

		await delay(retryDelayMs, undefined, {signal}).catch(() => undefined);
	}
}

/** With the right to get the pod and no more. */
async function* pollPod(
	cluster: ClusterClient,
	{metadata: {name, namespace = ''}}: PodObject,
	signal: AbortSignal,
): AsyncGenerator<ReadonlyMap<string, PodObject>, void> {
	while (!signal.aborted) {
		try {
			const pod = await cluster.json<PodObject>({path: objectPath(podResource, namespace, name), signal});
			yield new Map([[pod.metadata.uid ?? '', pod]]);
		} catch (thrown) {
			if (toSpokeError(thrown).code === 'ERR_NOT_FOUND') {
				yield new Map();
			}
		}

		await delay(pollIntervalMs, undefined, {signal}).catch(() => undefined);
	}
}
