/** Feeds of the current and earlier lists. */
import {listNames, type ListName} from './list-kinds.ts';
import {listNamespace, type ListEvent} from './list-state.ts';
import {inContext} from './rows-of-clusters.ts';
import type {FedClusters} from './fed-clusters.ts';
import {shownClusters} from '../frame/session-state.ts';
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

	feed(clusters: FedClusters): void {
		const {view, lists} = this.#store.state;
		for (const name of listNames) {
			const filter = parseRowFilter(lists[name].filter);
			const selector = filter.kind === 'labels' ? filter.selector : '';
			if (this.#running.get(name)?.key !== this.#keyOf(name, selector)) {
				const wasFed = this.#running.has(name);
				this.stop(name);
				if (name === view || wasFed) {
					this.#start(name, selector, clusters);
				}
			}
		}
	}

	again(clusters: FedClusters): void {
		const {lists} = this.#store.state;
		for (const [name, {selector}] of [...this.#running]) {
			const {phase} = lists[name];
			if (phase.kind === 'failed' && phase.retryAt !== null) {
				this.stop(name);
				this.#start(name, selector, clusters);
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

	#start(list: ListName, selector: string, clusters: FedClusters): void {
		const {state} = this.#store;
		const {scope} = state.lists[list];
		const abort = new AbortController();
		this.#running.set(list, {key: this.#keyOf(list, selector), selector, abort});
		this.#store.dispatch({type: 'list', list, event: {type: 'reset', selector}});
		const labelSelector = [scope?.labelSelector ?? '', selector].filter(part => part !== '').join(',');
		for (const {context, namespace, error} of shownClusters(state).filter(
			one => scope?.context === undefined || one.context === scope.context,
		)) {
			const tell = (event: ListEvent) => {
				if (!abort.signal.aborted) {
					this.#store.dispatch({type: 'list', list, event: state.others.length === 0 ? event : inContext(event, context)});
					this.#changed();
				}
			};

			const cluster = clusters.get(context);
			if (cluster === undefined) {
				// It could not be opened.
				tell({type: 'phase', phase: {kind: 'failed', error: error!, since: state.now, retryAt: null}});
				continue;
			}

			void feedList({
				cluster: cluster.access,
				list,
				namespace: listNamespace({scope}, namespace),
				signal: abort.signal,
				...(labelSelector !== '' && {labelSelector}),
				...(scope?.fieldSelector !== undefined && {fieldSelector: scope.fieldSelector}),
				tell,
			});
		}
	}
}
