/** Data of the current view. */
import {shownClusters} from '../frame/session-state.ts';
import type {Store} from '../frame/store.ts';
import {lastResponseTime} from '../clusters/last-response.ts';
import {DetailsFeed} from './details-feed.ts';
import {ListCounts} from './list-counts.ts';
import type {FedClusters} from './fed-clusters.ts';
import {ListFeeds} from './list-feeds.ts';
import {NodePressureFeed} from './node-pressure-feed.ts';
import {PathFeed, type PathFeedListener} from '../frame/path-feed.ts';
import {ServicePodsFeed} from './service-pods-feed.ts';

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
