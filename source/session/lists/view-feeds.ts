/** Data of the current view. */
import type {OpenCluster} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';
import {lastResponseTime} from '../clusters/last-response.ts';
import {DetailsFeed} from './details-feed.ts';
import {ListCounts} from './list-counts.ts';
import {ListFeeds} from './list-feeds.ts';
import {NodePressureFeed} from './node-pressure-feed.ts';
import {PathFeed} from '../frame/path-feed.ts';
import {ServicePodsFeed} from './service-pods-feed.ts';

export class ViewFeeds {
	readonly paths: PathFeed;
	readonly #store: Store;
	readonly #cluster: () => OpenCluster;
	readonly #lists: ListFeeds;
	readonly #details: DetailsFeed;
	readonly #servicePods: ServicePodsFeed;
	readonly #counts: ListCounts;
	readonly #nodePressure: NodePressureFeed;

	constructor(store: Store, cluster: () => OpenCluster) {
		const access = () => cluster().access;
		this.#store = store;
		this.#cluster = cluster;
		this.paths = new PathFeed(store, cluster);
		this.#details = new DetailsFeed(store, cluster);
		this.#servicePods = new ServicePodsFeed(store, access);
		this.#counts = new ListCounts(store, access);
		this.#nodePressure = new NodePressureFeed(store, access);
		this.#lists = new ListFeeds(store, () => {
			this.matchView();
		});
	}

	read(): void {
		this.#lists.feed(this.#cluster().access);
	}

	readAgain(): void {
		this.#lists.again(this.#cluster().access);
	}

	matchView(): void {
		this.paths.follow();
		this.#details.follow();
		this.#servicePods.follow();
		this.#nodePressure.follow();
	}

	tick(): void {
		this.#tellAnswers();
		this.#counts.follow();
		this.matchView();
	}

	#tellAnswers(): void {
		const asOf = lastResponseTime(this.#cluster().access);
		if (asOf !== this.#store.state.cluster.asOf) {
			this.#store.dispatch({type: 'cluster', to: {asOf}});
		}
	}

	leave(): void {
		this.#lists.stop();
	}

	stop(): void {
		this.#lists.stop();
		this.#details.stop();
		this.#servicePods.stop();
	}
}
