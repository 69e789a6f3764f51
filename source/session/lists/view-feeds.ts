/** Data of the current view: its list, the counts of the others, and the details of the selected row. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {readFirstPage, type TableRow} from '../../cluster/list.ts';
import {lastResponseTime} from '../clusters/last-response.ts';
import {previewRows} from '../frame/layout.ts';
import {PathFeed, type PathFeedListener} from '../frame/path-feed.ts';
import {currentList, shownClusters, type ClusterState, type TextLine} from '../frame/session-state.ts';
import type {ClusterTarget, OpenCluster} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';
import {readDetails} from '../text/object-details.ts';
import {cellRole} from './list-columns.ts';
import {ListFeeds, type FedClusters} from './list-feeds.ts';
import {cellIn, listKinds, listNames, objectTitle, type ListName} from './list-kinds.ts';
import {selectedRow} from './list-state.ts';
import {NodePressureFeed, ServicePodsFeed} from './object-feeds.ts';
import {targetOf} from './selection.ts';
import type {Row} from './table-rows.ts';

const countIntervalMs = 60_000;
const countTimeoutMs = 10_000;

/** Time the cursor must rest before details are read. */
const restMs = 300;

export class ViewFeeds {
	readonly paths: PathFeed;
	readonly #store: Store;
	readonly #clusters: FedClusters;
	readonly #lists: ListFeeds;
	readonly #details: DetailsFeed;
	readonly #servicePods: ServicePodsFeed;
	readonly #counts: ListCounts;
	readonly #nodePressure: NodePressureFeed;

	constructor(store: Store, clusters: FedClusters, onExamined?: PathFeedListener) {
		const cluster = () => clusters.get(store.state.cluster.context)!;
		this.#store = store;
		this.#clusters = clusters;
		this.paths = new PathFeed(store, cluster, onExamined);
		this.#details = new DetailsFeed(store, cluster);
		this.#servicePods = new ServicePodsFeed(store, clusters);
		this.#counts = new ListCounts(store, clusters);
		this.#nodePressure = new NodePressureFeed(store, clusters);
		this.#lists = new ListFeeds(store, () => {
			this.matchView();
		});
	}

	read(): void {
		this.#lists.feed(this.#clusters);
	}

	retryFailed(): void {
		this.#lists.retryFailed(this.#clusters);
	}

	/** The lists of one of several contexts. */
	readContext(context: string): void {
		this.#lists.readContext(this.#clusters, context);
	}

	matchView(): void {
		this.paths.follow();
		this.#details.follow();
		this.#servicePods.follow();
		this.#nodePressure.follow();
	}

	tick(): void {
		this.#updateResponseTimes();
		this.#counts.follow();
		this.matchView();
	}

	#updateResponseTimes(): void {
		for (const {context, asOf: before} of shownClusters(this.#store.state)) {
			const cluster = this.#clusters.get(context);
			const asOf = cluster === undefined ? null : lastResponseTime(cluster.access);
			if (asOf !== before) {
				this.#store.dispatch({type: 'cluster', context, to: {asOf}});
			}
		}
	}

	leave(): void {
		this.#lists.stop();
		this.#servicePods.stop();
	}

	stop(): void {
		this.#lists.stop();
		this.#details.stop();
		this.#servicePods.stop();
	}
}

/** Counts of lists that are not open. */
class ListCounts {
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
		if (isReading || counted.length === 0 || (key === this.#of && Date.now() - this.#at < countIntervalMs)) {
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
		const signal = AbortSignal.timeout(countTimeoutMs);
		const {items, remaining} = await readFirstPage<TableRow>(cluster, {path, as: 'table', pageSize: 1, signal});
		return items.length + (remaining ?? 0);
	} catch {
		// Opening the list shows the reason.
		return null;
	}
}

/** Details of the selected row. */
class DetailsFeed {
	readonly #store: Store;
	readonly #cluster: () => OpenCluster;
	#key = '';
	#timer: NodeJS.Timeout | null = null;

	constructor(store: Store, cluster: () => OpenCluster) {
		this.#store = store;
		this.#cluster = cluster;
	}

	follow(): void {
		const {state} = this.#store;
		const list = previewRows(state) > 0 ? currentList(state) : null;
		const row = list && selectedRow(list);
		const key =
			list && row && row.gone === null && row.unread === undefined
				? `${this.#cluster().context} ${list.name} ${row.id} ${row.cells.join(' ')}`
				: '';
		if (key === this.#key) {
			return;
		}

		this.#key = key;
		this.stop();
		const cluster = this.#cluster();
		if (list && row && key !== '') {
			this.#timer = setTimeout(() => {
				if (list.name === 'events') {
					this.#store.dispatch({type: 'selected-details', of: row.id, lines: eventLines(row)});
				} else {
					void this.#read({cluster, namespace: row.namespace, target: targetOf(list.name, row)}, row.id, key);
				}
			}, restMs);
		}
	}

	stop(): void {
		clearTimeout(this.#timer ?? undefined);
	}

	async #read({cluster: {access}, namespace, target}: ClusterTarget, of: string, key: string): Promise<void> {
		let lines;
		try {
			({lines} = await readDetails(access, target, namespace === '' ? access.facts.namespace : namespace));
		} catch (error) {
			lines = [{text: (error as Error).message, role: 'text.dim'}];
		}

		if (key === this.#key) {
			this.#store.dispatch({type: 'selected-details', of, lines});
		}
	}
}

function eventLines(row: Row): TextLine[] {
	const cell = (title: string) => cellIn('events', row, title);
	const count = Number(cell('COUNT'));
	const times = count > 1 ? `${count} times` : '';
	const role = cellRole('TYPE', cell('TYPE'));
	return [
		{label: 'Name', text: row.name},
		{
			label: 'Event',
			text: [cell('TYPE'), cell('REASON'), times].filter(part => part !== '').join(' · '),
			...(role !== undefined && {role}),
		},
		{label: 'Object', text: cell(objectTitle)},
		{label: 'Message', text: cell('MESSAGE')},
	];
}
