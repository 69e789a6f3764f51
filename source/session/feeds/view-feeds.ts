/** What is read for the screen: its list, what stands beside the row under the cursor, and how many there are of what is not on it. */
import type {OpenCluster} from '../session.ts';
import type {Store} from '../store.ts';
import {lastResponseTime} from '../clusters/last-response.ts';
import {DetailsFeed} from './details-feed.ts';
import {ListCounts} from './list-counts.ts';
import {ListFeeds} from './list-feeds.ts';
import {PathFeed} from './path-feed.ts';
import {ServicePodsFeed} from './service-pods-feed.ts';

export class ViewFeeds {
	readonly paths: PathFeed;
	readonly #store: Store;
	readonly #cluster: () => OpenCluster;
	readonly #lists: ListFeeds;
	readonly #details: DetailsFeed;
	readonly #servicePods: ServicePodsFeed;
	readonly #counts: ListCounts;

	/** `cluster` is the one on the screen. */
	constructor(store: Store, cluster: () => OpenCluster) {
		const access = () => cluster().access;
		this.#store = store;
		this.#cluster = cluster;
		this.paths = new PathFeed(store, cluster);
		this.#details = new DetailsFeed(store, cluster);
		this.#servicePods = new ServicePodsFeed(store, access);
		this.#counts = new ListCounts(store, access);
		this.#lists = new ListFeeds(store, () => {
			this.follow();
		});
	}

	/** Feeds the list on the screen, and anew where what is asked for changed. */
	read(): void {
		this.#lists.feed(this.#cluster().access);
	}

	/** Reads again what failed and waits: the apiserver answers by now. */
	readAgain(): void {
		this.#lists.again(this.#cluster().access);
	}

	/** What stands beside the list is about the row under the cursor: called when that may be another. */
	follow(): void {
		this.paths.follow();
		this.#details.follow();
		this.#servicePods.follow();
	}

	/** Called each second. */
	tick(): void {
		this.#tellAnswers();
		this.#counts.follow();
		this.follow();
	}

	#tellAnswers(): void {
		const asOf = lastResponseTime(this.#cluster().access);
		if (asOf !== this.#store.state.cluster.asOf) {
			this.#store.data({type: 'cluster', to: {asOf}});
		}
	}

	/** Another cluster or namespace comes on the screen: its lists are others. */
	leave(): void {
		this.#lists.stop();
	}

	stop(): void {
		this.#lists.stop();
		this.#details.stop();
		this.#servicePods.stop();
	}
}
