/** One pod as a follower sees it: read afresh when it must decide, woken when something changes. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {objectPath} from '../../targets/object-path.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {podResource} from '../../targets/resource-names.ts';

const freshForMs = 500;
const readLimitMs = 10_000;

export class WatchedPod {
	readonly #cluster: ClusterClient;
	readonly #pod: PodObject;
	/** Whether somebody calls `changed`; without that, waiting is polling. */
	readonly #isWatched: boolean;
	readonly #givenAt = performance.now();
	readonly #sleepers = new Set<() => void>();

	constructor(cluster: ClusterClient, pod: PodObject, {isWatched}: {isWatched: boolean}) {
		this.#cluster = cluster;
		this.#pod = pod;
		this.#isWatched = isWatched;
	}

	/** As it was given, while that is fresh: whoever begins to follow has just looked it up. */
	get fresh(): PodObject | null {
		return performance.now() - this.#givenAt < freshForMs ? this.#pod : null;
	}

	/** `null` when this pod is gone, even if another has its name now. */
	async read(signal?: AbortSignal, limitMs = readLimitMs): Promise<PodObject | null> {
		const {namespace = 'default', name, uid} = this.#pod.metadata;
		// Of the whole answer: one that stops midway would hold up the follow for good.
		const limit = AbortSignal.timeout(limitMs);
		try {
			const pod = await this.#cluster.json<PodObject>({
				path: objectPath(podResource, namespace, name),
				timeoutMs: limitMs,
				signal: signal ? AbortSignal.any([limit, signal]) : limit,
			});
			return uid === undefined || pod.metadata.uid === uid ? pod : null;
		} catch (error) {
			if (error instanceof SpokeError && error.code === 'ERR_NOT_FOUND') {
				return null;
			}

			throw limit.aborted && !signal?.aborted
				? new SpokeError('ERR_APISERVER_TIMEOUT', `the apiserver did not answer with pod ${name} within ${limitMs / 1000} s`, {
						cause: error,
					})
				: error;
		}
	}

	/** Resolves at the next change, or after a while. */
	async change(signal?: AbortSignal): Promise<void> {
		const limitMs = this.#isWatched ? 5000 : 1000;
		await new Promise<void>(resolve => {
			const wake = () => {
				clearTimeout(timer);
				this.#sleepers.delete(wake);
				signal?.removeEventListener('abort', wake);
				resolve();
			};

			const timer = setTimeout(wake, limitMs);
			this.#sleepers.add(wake);
			signal?.addEventListener('abort', wake);
			if (signal?.aborted) {
				wake();
			}
		});
	}

	/** Called by whoever watches. */
	changed(): void {
		for (const wake of this.#sleepers) {
			wake();
		}
	}
}
