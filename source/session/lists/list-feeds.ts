/** Feeds of the current and earlier lists. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listNames, type ListName} from './list-kinds.ts';
import {listNamespace} from './list-state.ts';
import {parseRowFilter} from './row-filter.ts';
import type {Store} from '../frame/store.ts';
import {feedList} from './list-feed.ts';

type Running = {key: string; selector: string; abort: AbortController};

export class ListFeeds {
	readonly #store: Store;
	readonly #changed: () => void;
	readonly #running = new Map<ListName, Running>();

	constructor(store: Store, changed: () => void) {
		this.#store = store;
		this.#changed = changed;
	}

	feed(cluster: ClusterClient): void {
		const {view, lists} = this.#store.state;
		for (const name of listNames) {
			const filter = parseRowFilter(lists[name].filter);
			const selector = filter.kind === 'labels' ? filter.selector : '';
			if (this.#running.get(name)?.key !== this.#keyOf(name, selector)) {
				const wasFed = this.#running.has(name);
				this.stop(name);
				if (name === view || wasFed) {
					this.#start(name, selector, cluster);
				}
			}
		}
	}

	again(cluster: ClusterClient): void {
		const {lists} = this.#store.state;
		for (const [name, {selector}] of [...this.#running]) {
			const {phase} = lists[name];
			if (phase.kind === 'failed' && phase.retryAt !== null) {
				this.stop(name);
				this.#start(name, selector, cluster);
			}
		}
	}

	stop(only?: ListName): void {
		for (const [name, {abort}] of [...this.#running]) {
			if (only === undefined || only === name) {
				abort.abort();
				this.#running.delete(name);
			}
		}
	}

	#keyOf(name: ListName, selector: string): string {
		return JSON.stringify([selector, this.#store.state.lists[name].scope]);
	}

	#start(list: ListName, selector: string, cluster: ClusterClient): void {
		const {lists, cluster: current} = this.#store.state;
		const {scope} = lists[list];
		const abort = new AbortController();
		this.#running.set(list, {key: this.#keyOf(list, selector), selector, abort});
		this.#store.dispatch({type: 'list', list, event: {type: 'reset', selector}});
		const labelSelector = [scope?.labelSelector ?? '', selector].filter(part => part !== '').join(',');
		void feedList({
			cluster,
			list,
			namespace: listNamespace({scope}, current.namespace),
			signal: abort.signal,
			...(labelSelector !== '' && {labelSelector}),
			...(scope?.fieldSelector !== undefined && {fieldSelector: scope.fieldSelector}),
			tell: event => {
				if (!abort.signal.aborted) {
					this.#store.dispatch({type: 'list', list, event});
					this.#changed();
				}
			},
		});
	}
}
