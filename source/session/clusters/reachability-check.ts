/** Reachability, version and permissions of the clusters that are shown. */
import {clockDelay, systemClock} from '../../async/clock.ts';
import {currentNamespace, shownClusters} from '../frame/session-state.ts';
import type {PathFeed} from '../frame/path-feed.ts';
import type {OpenCluster} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';
import {readPermissions} from './permissions.ts';
import {waitForCluster} from './cluster-state.ts';

export class ReachabilityCheck {
	readonly #store: Store;
	readonly #paths: PathFeed;
	readonly #clusters: () => readonly OpenCluster[];
	readonly #onLate: () => void;
	#wake = new AbortController();
	#meetings = 0;

	constructor(store: Store, paths: PathFeed, clusters: () => readonly OpenCluster[], onRecovered: () => void) {
		this.#store = store;
		this.#paths = paths;
		this.#clusters = clusters;
		this.#onLate = onRecovered;
	}

	tryNow(): void {
		this.#wake.abort();
		this.#wake = new AbortController();
	}

	/** Runs until each apiserver responds or until the next call. */
	async run(): Promise<void> {
		const own = ++this.#meetings;
		this.tryNow();
		await Promise.all(this.#clusters().map(async cluster => this.#meet(cluster, () => own === this.#meetings)));
	}

	async #meet(cluster: OpenCluster, isLatest: () => boolean): Promise<void> {
		let isLate = false;
		const isMet = await waitForCluster(
			cluster.access,
			() => isLatest() && this.#clusters().includes(cluster),
			to => {
				this.#store.dispatch({type: 'tick', now: Date.now()});
				this.#store.dispatch({type: 'cluster', context: cluster.context, to});
			},
			async ms => {
				isLate = true;
				await this.#pause(ms);
			},
		);
		if (isMet) {
			if (isLate) {
				this.#onLate();
			}

			this.#paths.follow();
			await this.#readRightsIn(cluster);
		}
	}

	async #pause(ms: number): Promise<void> {
		await clockDelay(systemClock, ms, this.#wake.signal);
	}

	async readRights(): Promise<void> {
		await Promise.all(this.#clusters().map(async cluster => this.#readRightsIn(cluster)));
	}

	async #readRightsIn(cluster: OpenCluster): Promise<void> {
		const {context} = cluster;
		const namespaceNow = () => {
			const shown = shownClusters(this.#store.state).find(one => one.context === context);
			return shown && currentNamespace(shown);
		};

		const namespace = namespaceNow();
		if (namespace === undefined) {
			return;
		}

		const refused = await readPermissions(cluster.access, namespace);
		if (this.#clusters().includes(cluster) && namespaceNow() === namespace) {
			this.#store.dispatch({type: 'cluster', context, to: {refused}});
		}
	}
}
