/** Ready counts of the pods of services, from EndpointSlices. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {watchObjects, type WatchEvent} from '../../cluster/watch.ts';
import {countServicePods, type EndpointSlice, type ServicePods} from './service-pods.ts';
import type {Store} from '../frame/store.ts';

type Cells = ServicePods['cells'];

const batchMs = 250;

export class ServicePodsFeed {
	readonly #store: Store;
	readonly #cluster: () => ClusterClient;
	#of: {cluster: ClusterClient; namespace: string; abort: AbortController} | null = null;

	constructor(store: Store, cluster: () => ClusterClient) {
		this.#store = store;
		this.#cluster = cluster;
	}

	/** Of one cluster. All namespaces would mean reading every pod of it. */
	follow(): void {
		const {
			state: {
				view,
				cluster: {namespace, reachable},
				others,
			},
		} = this.#store;
		const cluster = this.#cluster();
		const isWanted = view === 'services' && others.length === 0 && namespace !== null && reachable === 'yes';
		if (this.#of !== null && (!isWanted || this.#of.cluster !== cluster || this.#of.namespace !== namespace)) {
			this.stop();
		}

		if (isWanted && this.#of === null) {
			const abort = new AbortController();
			this.#of = {cluster, namespace, abort};
			void this.#read(cluster, namespace, abort.signal);
		}
	}

	stop(): void {
		this.#of?.abort.abort();
		this.#of = null;
		this.#store.dispatch({type: 'service-pods', pods: null});
	}

	async #read(cluster: ClusterClient, namespace: string, signal: AbortSignal): Promise<void> {
		const slices = new FollowedSlices(cells => {
			if (!signal.aborted) {
				this.#store.dispatch({type: 'service-pods', pods: cells === null ? null : {namespace, cells}});
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
	readonly #tell: (cells: Cells | null) => void;
	#timer: NodeJS.Timeout | undefined;

	constructor(tell: (cells: Cells | null) => void) {
		this.#tell = tell;
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
				this.#tell(null);
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
		this.#tell(countServicePods(this.#slices.values()));
	}
}
