/** Nodes under pressure, which the apiserver's table of nodes does not show. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listPages} from '../../cluster/list.ts';
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import type {Store} from '../frame/store.ts';
import {keyOf} from './problems.ts';

type NodeObject = CheckedObject<'nodes'>;

const intervalMs = 60_000;
const responseTimeoutMs = 30_000;

/** Reads whole nodes, so only while the problems of the nodes of one cluster are shown. */
export class NodePressureFeed {
	readonly #store: Store;
	readonly #cluster: () => ClusterClient;
	#of: ClusterClient | null = null;
	#at = 0;

	constructor(store: Store, cluster: () => ClusterClient) {
		this.#store = store;
		this.#cluster = cluster;
	}

	follow(): void {
		const {view, lists, cluster: current, others} = this.#store.state;
		const cluster = this.#cluster();
		if (others.length > 0 || view !== 'nodes' || !lists.nodes.problemsOnly || current.reachable !== 'yes') {
			this.#of = null;
		} else if (this.#of !== cluster || Date.now() - this.#at >= intervalMs) {
			this.#of = cluster;
			this.#at = Date.now();
			void this.#read(cluster);
		}
	}

	async #read(cluster: ClusterClient): Promise<void> {
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

		if (this.#of === cluster) {
			this.#store.dispatch({type: 'list', list: 'nodes', event: {type: 'known-problems', known}});
		}
	}
}

/** `MemoryPressure`, `DiskPressure`, `PIDPressure`, `NetworkUnavailable`. */
export function nodePressure({status}: Pick<NodeObject, 'status'>): string[] {
	return (status?.conditions ?? [])
		.filter(({type, status: holds}) => /Pressure$|^NetworkUnavailable$/.test(type) && holds === 'True')
		.map(({type}) => type);
}
