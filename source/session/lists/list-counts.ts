/** Counts of lists that are not open. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listPages, type TableRow} from '../../cluster/list.ts';
import {listKinds, listNames, type ListName} from './list-kinds.ts';
import type {Store} from '../frame/store.ts';

const intervalMs = 60_000;
const responseTimeoutMs = 10_000;

export class ListCounts {
	readonly #store: Store;
	readonly #cluster: () => ClusterClient;
	#of: string | null = null;
	#at = 0;

	constructor(store: Store, cluster: () => ClusterClient) {
		this.#store = store;
		this.#cluster = cluster;
	}

	follow(): void {
		const {state} = this.#store;
		const cluster = this.#cluster();
		const key = `${cluster.facts.context ?? ''} ${cluster.facts.server} ${state.cluster.namespace ?? ''}`;
		const isReading = listNames.some(name => state.lists[name].phase.kind === 'reading');
		if (isReading || state.cluster.reachable !== 'yes' || (key === this.#of && Date.now() - this.#at < intervalMs)) {
			return;
		}

		this.#of = key;
		this.#at = Date.now();
		for (const name of listNames) {
			// Events are no tab, which would show the count.
			if (name !== 'events' && state.lists[name].phase.kind === 'idle') {
				void this.#count(name, cluster, key);
			}
		}
	}

	async #count(name: ListName, cluster: ClusterClient, key: string): Promise<void> {
		const {namespace} = this.#store.state.cluster;
		const counts = await Promise.all(listKinds[name].resources.map(async resource => countOf(cluster, resource.path(namespace))));
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
		for await (const {items, remaining} of listPages<TableRow>(cluster, {
			path,
			as: 'table',
			pageSize: 1,
			signal: AbortSignal.timeout(responseTimeoutMs),
		})) {
			return items.length + (remaining ?? 0);
		}
	} catch {
		// Opening the list shows the reason.
	}

	return null;
}
