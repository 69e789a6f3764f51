/** Feeds of the current and earlier lists. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listNames, type ListName} from './list-kinds.ts';
import {parseRowFilter} from './row-filter.ts';
import type {Store} from '../frame/store.ts';
import {feedList} from './list-feed.ts';

export class ListFeeds {
	readonly #store: Store;
	readonly #changed: () => void;
	readonly #running = new Map<string, AbortController>();

	constructor(store: Store, changed: () => void) {
		this.#store = store;
		this.#changed = changed;
	}

	feed(cluster: ClusterClient): void {
		const {view, lists} = this.#store.state;
		for (const name of listNames) {
			const filter = parseRowFilter(lists[name].filter);
			const selector = filter.kind === 'labels' ? filter.selector : '';
			const key = `${name} ${selector}`;
			if (!this.#running.has(key)) {
				const wasFed = this.stop(name);
				if (name === view || wasFed) {
					this.#start(name, key, selector, cluster);
				}
			}
		}
	}

	again(cluster: ClusterClient): void {
		const {lists} = this.#store.state;
		for (const name of listNames) {
			const {phase} = lists[name];
			const key = [...this.#running.keys()].find(one => one.startsWith(`${name} `));
			if (key !== undefined && phase.kind === 'failed' && phase.retryAt !== null) {
				this.stop(name);
				this.#start(name, key, key.slice(name.length + 1), cluster);
			}
		}
	}

	stop(only?: ListName): boolean {
		let found = false;
		for (const [key, abort] of this.#running) {
			if (only === undefined || key.startsWith(`${only} `)) {
				abort.abort();
				this.#running.delete(key);
				found = true;
			}
		}

		return found;
	}

	#start(list: ListName, key: string, selector: string, cluster: ClusterClient): void {
		const abort = new AbortController();
		this.#running.set(key, abort);
		this.#store.dispatch({type: 'list', list, event: {type: 'reset', selector}});
		void feedList({
			cluster,
			list,
			namespace: this.#store.state.cluster.namespace,
			signal: abort.signal,
			...(selector !== '' && {labelSelector: selector}),
			tell: event => {
				if (!abort.signal.aborted) {
					this.#store.dispatch({type: 'list', list, event});
					this.#changed();
				}
			},
		});
	}
}
