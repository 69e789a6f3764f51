/** Keeps the pods behind services counted while services of one namespace are on the screen, where EndpointSlices may be read. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {watchObjects} from '../cluster/watch.ts';
import {countServicePods, type EndpointSlice} from '../state/service-pods.ts';
import type {Store} from './store.ts';

/** Changes are counted together. */
const batchMs = 250;

export class ServicePodsFeed {
	readonly #store: Store;
	readonly #cluster: () => ClusterAccess;
	#of: {cluster: ClusterAccess; namespace: string; abort: AbortController} | null = null;

	constructor(store: Store, cluster: () => ClusterAccess) {
		this.#store = store;
		this.#cluster = cluster;
	}

	/** Called when what is on the screen may be another, and each second. Of all namespaces at once it would be every pod of the cluster. */
	follow(): void {
		const {state: {view, cluster: {namespace, reachable}}} = this.#store;
		const cluster = this.#cluster();
		const isWanted = view === 'services' && namespace !== null && reachable === 'yes';
		if (this.#of !== null && (!isWanted || this.#of.cluster !== cluster || this.#of.namespace !== namespace)) {
			this.stop();
		}

		if (isWanted && this.#of === null) {
			const abort = new AbortController();
			this.#of = {cluster, namespace, abort};
			void this.#read(cluster, namespace, abort.signal);
		}
	}

	/** What was counted is no word about what comes next. */
	stop(): void {
		this.#of?.abort.abort();
		this.#of = null;
		this.#store.data({type: 'service-pods', pods: null});
	}

	async #read(cluster: ClusterAccess, namespace: string, signal: AbortSignal): Promise<void> {
		const slices = new Map<string, EndpointSlice>();
		let timer: NodeJS.Timeout | undefined;
		const tell = () => {
			timer = undefined;
			if (!signal.aborted) {
				this.#store.data({type: 'service-pods', pods: {namespace, cells: countServicePods(slices.values())}});
			}
		};

		try {
			for await (const event of watchObjects<EndpointSlice>(cluster, {path: `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`, as: 'objects', pageSize: 500, signal})) {
				switch (event.type) {
					case 'page': {
						if (event.first) {
							slices.clear();
						}

						for (const slice of event.items) {
							slices.set(slice.metadata.name, slice);
						}

						break;
					}

					case 'synced':
					case 'resumed': {
						tell();
						break;
					}

					case 'added':
					case 'modified': {
						slices.set(event.item.metadata.name, event.item);
						timer ??= setTimeout(tell, batchMs);
						break;
					}

					case 'deleted': {
						slices.delete(event.item.metadata.name);
						timer ??= setTimeout(tell, batchMs);
						break;
					}

					case 'interrupted': {
						// Pods come and go unseen.
						clearTimeout(timer);
						timer = undefined;
						this.#store.data({type: 'service-pods', pods: null});
						break;
					}

					case 'polling': {
						break;
					}
				}
			}
		} catch {
			// Who may not read them sees `?`; the list of services says itself what is wrong with a cluster.
		} finally {
			clearTimeout(timer);
		}
	}
}
