/** Feeds of what the tables do not show: the ready pods of services, and nodes under pressure. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listPages} from '../../cluster/list.ts';
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import {watchObjects, type WatchEvent} from '../../cluster/watch.ts';
import type {Store} from '../frame/store.ts';
import {respondingClusters, type FedClusters, type RespondingCluster} from './list-feeds.ts';
import {countServicePods, keyOf, type EndpointSlice, type ServicePods} from './problems.ts';

type Cells = ServicePods['cells'];

const batchMs = 250;

type Running = {cluster: ClusterClient; namespace: string; abort: AbortController};

type NodeObject = CheckedObject<'nodes'>;

const intervalMs = 60_000;
const responseTimeoutMs = 30_000;

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

/** Reads whole nodes, so only while the problems of nodes are shown. */
export class NodePressureFeed {
	readonly #store: Store;
	readonly #clusters: FedClusters;
	/** The last read of each cluster that is shown, by `rowContext`. */
	#reads: ReadonlyMap<string, {cluster: ClusterClient; at: number}> = new Map();

	constructor(store: Store, clusters: FedClusters) {
		this.#store = store;
		this.#clusters = clusters;
	}

	follow(): void {
		const {state} = this.#store;
		const wanted = state.view === 'nodes' && state.lists.nodes.problemsOnly ? respondingClusters(state, this.#clusters) : [];
		const now = Date.now();
		const due = wanted.filter(({rowContext, cluster}) => {
			const last = this.#reads.get(rowContext);
			return last?.cluster !== cluster || now - last.at >= intervalMs;
		});
		this.#reads = new Map(
			wanted.map(one => [one.rowContext, due.includes(one) ? {cluster: one.cluster, at: now} : this.#reads.get(one.rowContext)!]),
		);
		for (const one of due) {
			void this.#read(one);
		}
	}

	async #read({cluster, rowContext: context}: RespondingCluster): Promise<void> {
		const known = new Map<string, string>();
		try {
			for await (const {items, restarted} of listPages<NodeObject>(cluster, {
				path: '/api/v1/nodes',
				signal: AbortSignal.timeout(responseTimeoutMs),
			})) {
				if (restarted) {
					known.clear();
				}

				for (const node of items) {
					const pressure = nodePressure(node).join(',');
					if (pressure !== '') {
						known.set(keyOf({namespace: '', name: node.metadata.name}), pressure);
					}
				}
			}
		} catch {
			// The list of nodes shows why. Until then, the status says that pressure is unknown.
			return;
		}

		if (this.#reads.get(context)?.cluster === cluster) {
			this.#store.dispatch({type: 'list', list: 'nodes', event: {type: 'known-problems', context, known}});
		}
	}
}

/** `MemoryPressure`, `DiskPressure`, `PIDPressure`, `NetworkUnavailable`. */
export function nodePressure({status}: Pick<NodeObject, 'status'>): string[] {
	return (status?.conditions ?? [])
		.filter(({type, status: holds}) => /Pressure$|^NetworkUnavailable$/.test(type) && holds === 'True')
		.map(({type}) => type);
}
