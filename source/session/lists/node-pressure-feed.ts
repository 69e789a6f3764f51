/** Nodes under pressure, which the apiserver's table of nodes does not show. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listPages} from '../../cluster/list.ts';
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import type {Store} from '../frame/store.ts';
import {respondingClusters, type FedClusters, type RespondingCluster} from './list-feeds.ts';
import {keyOf} from './problems.ts';

type NodeObject = CheckedObject<'nodes'>;

const intervalMs = 60_000;
const responseTimeoutMs = 30_000;

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
