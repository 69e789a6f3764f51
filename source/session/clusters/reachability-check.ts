/** Reachability, version and permissions of the current cluster. */
import {clockDelay, systemClock} from '../../async/clock.ts';
import {currentNamespace} from '../frame/session-state.ts';
import type {PathFeed} from '../frame/path-feed.ts';
import type {OpenCluster} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';
import {readPermissions} from './permissions.ts';
import {waitForCluster} from './cluster-state.ts';

export class ReachabilityCheck {
	readonly #store: Store;
	readonly #paths: PathFeed;
	readonly #cluster: () => OpenCluster;
	readonly #onLate: () => void;
	#wake = new AbortController();
	#meetings = 0;

	constructor(store: Store, paths: PathFeed, cluster: () => OpenCluster, onRecovered: () => void) {
		this.#store = store;
		this.#paths = paths;
		this.#cluster = cluster;
		this.#onLate = onRecovered;
	}

	tryNow(): void {
		this.#wake.abort();
	}

	/** Runs until the apiserver responds or until the next call. */
	async run(): Promise<void> {
		const cluster = this.#cluster();
		const own = ++this.#meetings;
		this.#wake.abort();
		let isLate = false;
		const isMet = await waitForCluster(
			cluster.access,
			() => own === this.#meetings && this.#cluster() === cluster,
			to => {
				this.#store.dispatch({type: 'tick', now: Date.now()});
				this.#store.dispatch({type: 'cluster', to});
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
			await this.readRights();
		}
	}

	async #pause(ms: number): Promise<void> {
		this.#wake = new AbortController();
		await clockDelay(systemClock, ms, this.#wake.signal);
	}

	async readRights(): Promise<void> {
		const cluster = this.#cluster();
		const namespaceNow = () => currentNamespace(this.#store.state.cluster);
		const namespace = namespaceNow();
		const refused = await readPermissions(cluster.access, namespace);
		if (this.#cluster() === cluster && namespaceNow() === namespace) {
			this.#store.dispatch({type: 'refused', refused});
		}
	}
}
