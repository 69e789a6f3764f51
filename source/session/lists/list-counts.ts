/** Counts of lists that are not open. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {readFirstPage, type TableRow} from '../../cluster/list.ts';
import {listKinds, listNames, type ListName} from './list-kinds.ts';
import type {FedClusters} from './fed-clusters.ts';
import {shownClusters, type ClusterState} from '../frame/session-state.ts';
import type {Store} from '../frame/store.ts';

const intervalMs = 60_000;
const responseTimeoutMs = 10_000;

export class ListCounts {
	readonly #store: Store;
	readonly #clusters: FedClusters;
	#of: string | null = null;
	#at = 0;

	constructor(store: Store, clusters: FedClusters) {
		this.#store = store;
		this.#clusters = clusters;
	}

	follow(): void {
		const {state} = this.#store;
		const counted = shownClusters(state).filter(({reachable}) => reachable === 'yes');
		const key = JSON.stringify(counted.map(({context, server, namespace}) => [context, server, namespace]).sort());
		const isReading = listNames.some(name => state.lists[name].phase.kind === 'reading');
		if (isReading || counted.length === 0 || (key === this.#of && Date.now() - this.#at < intervalMs)) {
			return;
		}

		this.#of = key;
		this.#at = Date.now();
		for (const name of listNames) {
			// Events are no tab, which would show the count.
			if (name !== 'events' && state.lists[name].phase.kind === 'idle') {
				void this.#count(name, counted, key);
			}
		}
	}

	async #count(name: ListName, counted: readonly ClusterState[], key: string): Promise<void> {
		const counts = await Promise.all(
			counted.flatMap(({context, namespace}) =>
				listKinds[name].resources.map(async resource => countOf(this.#clusters.get(context)!.access, resource.path(namespace))),
			),
		);
		if (key === this.#of) {
			this.#store.dispatch({
				type: 'list',
				list: name,
				event: {type: 'counted', count: counts.includes(null) ? null : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)},
			});
		}
	}
}

async function countOf(cluster: ClusterClient, path: string): Promise<number | null> {
	try {
		const signal = AbortSignal.timeout(responseTimeoutMs);
		const {items, remaining} = await readFirstPage<TableRow>(cluster, {path, as: 'table', pageSize: 1, signal});
		return items.length + (remaining ?? 0);
	} catch {
		// Opening the list shows the reason.
		return null;
	}
}
