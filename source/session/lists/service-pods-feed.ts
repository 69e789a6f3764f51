/** Ready counts of the pods of services, from EndpointSlices. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {watchObjects, type WatchEvent} from '../../cluster/watch.ts';
import {respondingClusters, type FedClusters} from './list-feeds.ts';
import {countServicePods, type EndpointSlice, type ServicePods} from './problems.ts';
import type {Store} from '../frame/store.ts';

type Cells = ServicePods['cells'];

const batchMs = 250;

type Running = {cluster: ClusterClient; namespace: string; abort: AbortController};

/** Of each cluster that is shown, in its namespace. All namespaces would mean reading every pod of it. */
export class ServicePodsFeed {
	readonly #store: Store;
	readonly #clusters: FedClusters;
	/** By `rowContext`. */
	readonly #running = new Map<string, Running>();

	constructor(store: Store, clusters: FedClusters) {
		this.#store = store;
		this.#clusters = clusters;
	}

	follow(): void {
		const {state} = this.#store;
		const shown = state.view === 'services' ? respondingClusters(state, this.#clusters) : [];
		const wanted = new Map(
			shown.flatMap(one => (one.namespace === null ? [] : [[one.rowContext, {...one, namespace: one.namespace}] as const])),
		);
		for (const [context, {cluster, namespace}] of this.#running) {
			const one = wanted.get(context);
			if (one?.cluster !== cluster || one.namespace !== namespace) {
				this.#stopOf(context);
			}
		}

		for (const [context, {cluster, namespace}] of wanted) {
			if (!this.#running.has(context)) {
				const abort = new AbortController();
				this.#running.set(context, {cluster, namespace, abort});
				void this.#read({cluster, namespace, context}, abort.signal);
			}
		}
	}

	stop(): void {
		for (const context of this.#running.keys()) {
			this.#stopOf(context);
		}
	}

	#stopOf(context: string): void {
		this.#running.get(context)?.abort.abort();
		this.#running.delete(context);
		this.#store.dispatch({type: 'service-pods', context, pods: null});
	}

	async #read(
		{cluster, namespace, context}: {cluster: ClusterClient; namespace: string; context: string},
		signal: AbortSignal,
	): Promise<void> {
		const slices = new FollowedSlices(cells => {
			if (!signal.aborted) {
				this.#store.dispatch({type: 'service-pods', context, pods: cells === null ? null : {namespace, cells}});
			}
		});
		try {
			for await (const event of watchObjects<EndpointSlice>(cluster, {
				path: `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
				as: 'objects',
				pageSize: 500,
				signal,
			})) {
				slices.take(event);
			}
		} catch {
			// Without permission the count is `?`. The service list reports failures of the cluster.
		} finally {
			slices.stop();
		}
	}
}

class FollowedSlices {
	readonly #slices = new Map<string, EndpointSlice>();
	readonly #emit: (cells: Cells | null) => void;
	#timer: NodeJS.Timeout | undefined;

	constructor(emit: (cells: Cells | null) => void) {
		this.#emit = emit;
	}

	take(event: WatchEvent<EndpointSlice>): void {
		switch (event.type) {
			case 'page': {
				if (event.first) {
					this.#slices.clear();
				}

				for (const slice of event.items) {
					this.#slices.set(slice.metadata.name, slice);
				}

				break;
			}

			case 'synced':
			case 'resumed': {
				this.#count();
				break;
			}

			case 'added':
			case 'modified': {
				this.#slices.set(event.item.metadata.name, event.item);
				this.#countSoon();
				break;
			}

			case 'deleted': {
				this.#slices.delete(event.item.metadata.name);
				this.#countSoon();
				break;
			}

			case 'interrupted': {
				this.stop();
				this.#emit(null);
				break;
			}

			case 'polling': {
				break;
			}
		}
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}

	#countSoon(): void {
		this.#timer ??= setTimeout(() => {
			this.#count();
		}, batchMs);
	}

	#count(): void {
		this.stop();
		this.#emit(countServicePods(this.#slices.values()));
	}
}
