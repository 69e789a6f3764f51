/** One pod, read and watched for a follower. */
import {monotonicMs} from '../../async/clock.ts';
import {anySignal, delayUpTo} from '../../async/abortable.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {withTimeout} from '../../cluster/with-abort-signal.ts';
import {isSpokeError} from '../../errors/spoke-error.ts';
import {objectPath, podResource} from '../../targets/resource-names.ts';
import type {PodObject} from '../../targets/pod-object.ts';

const maxAgeMs = 500;
const readTimeoutMs = 10_000;

export class WatchedPod {
	readonly #cluster: ClusterClient;
	readonly #pod: PodObject;
	/** If false, `change` resolves every second, so that the caller polls. */
	readonly #isWatched: boolean;
	readonly #readAt = monotonicMs();
	#changed = new AbortController();

	constructor(cluster: ClusterClient, pod: PodObject, {isWatched}: {isWatched: boolean}) {
		this.#cluster = cluster;
		this.#pod = pod;
		this.#isWatched = isWatched;
	}

	/** The pod that was given, for 500 ms, because callers have usually just read it. */
	get recent(): PodObject | null {
		return monotonicMs() - this.#readAt < maxAgeMs ? this.#pod : null;
	}

	/** `null` if gone, even if another pod has its name. */
	async read(signal?: AbortSignal, timeoutMs = readTimeoutMs): Promise<PodObject | null> {
		const {namespace = 'default', name, uid} = this.#pod.metadata;
		const message = `the apiserver did not return pod ${name} within ${timeoutMs / 1000} s`;
		try {
			// For the whole response, which can stall.
			const pod = await withTimeout({timeoutMs, message, signal}, async signal =>
				this.#cluster.json<PodObject>({path: objectPath(podResource, namespace, name), timeoutMs, signal}),
			);
			return uid === undefined || pod.metadata.uid === uid ? pod : null;
		} catch (error) {
			if (isSpokeError(error) && error.code === 'ERR_NOT_FOUND') {
				return null;
			}

			throw error;
		}
	}

	/** Resolves at the next change, or after a while. */
	async change(signal?: AbortSignal): Promise<void> {
		const changed = this.#changed.signal;
		await delayUpTo(this.#isWatched ? 5000 : 1000, anySignal(signal, changed));
	}

	notifyChanged(): void {
		this.#changed.abort();
		this.#changed = new AbortController();
	}
}
