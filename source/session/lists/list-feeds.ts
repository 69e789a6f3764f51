/** Feeds of the current and earlier lists. */
import {shownClusters, type ClusterState} from '../frame/session-state.ts';
import type {SessionClusters} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';
import {feedList} from './list-feed.ts';
import {listNames, type ListName} from './list-kinds.ts';
import {listNamespace, type ListEvent} from './list-state.ts';
import {parseRowFilter, inContext} from './row-filter.ts';

/** `reads`: of each context. */
type Running = {key: string; selector: string; reads: Map<string, AbortController>};

export type FedClusters = SessionClusters['clusters'];

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

	retryFailed(clusters: FedClusters): void {
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
		for (const [name, {reads}] of [...this.#running]) {
			if (only === undefined || only === name) {
				this.#running.delete(name);
				for (const read of reads.values()) {
					read.abort();
				}
			}
		}
	}

	#keyOf(name: ListName, selector: string): string {
		return JSON.stringify([selector, this.#store.state.lists[name].scope]);
	}

	/** Reads the lists of a context again, or for the first time if it has just opened. */
	readContext(clusters: FedClusters, context: string): void {
		for (const [name, running] of this.#running) {
			for (const cluster of this.#clustersOf(name).filter(one => one.context === context)) {
				this.#read(name, running, clusters, cluster);
			}
		}
	}

	#start(list: ListName, selector: string, clusters: FedClusters): void {
		const running: Running = {key: this.#keyOf(list, selector), selector, reads: new Map()};
		this.#running.set(list, running);
		this.#store.dispatch({type: 'list', list, event: {type: 'reset', selector}});
		for (const cluster of this.#clustersOf(list)) {
			this.#read(list, running, clusters, cluster);
		}
	}

	#clustersOf(list: ListName): readonly ClusterState[] {
		const {scope} = this.#store.state.lists[list];
		return shownClusters(this.#store.state).filter(({context}) => scope?.context === undefined || context === scope.context);
	}

	#read(list: ListName, {selector, reads}: Running, clusters: FedClusters, {context, namespace, error}: ClusterState): void {
		const {state} = this.#store;
		const {scope} = state.lists[list];
		reads.get(context)?.abort();
		const abort = new AbortController();
		reads.set(context, abort);
		const {signal} = abort;
		const emit = (event: ListEvent) => {
			if (signal.aborted) {
				return;
			}

			const sessionEvent = {type: 'list', list, event: state.others.length === 0 ? event : inContext(event, context)} as const;
			// The user waits for the first rows.
			if (event.type === 'page' && this.#store.state.lists[list].total === 0) {
				this.#store.dispatchNow(sessionEvent);
			} else {
				this.#store.dispatch(sessionEvent);
			}

			this.#changed();
		};

		const cluster = clusters.get(context);
		if (cluster === undefined) {
			// It could not be opened.
			emit({type: 'phase', phase: {kind: 'failed', error: error!, since: state.now, retryAt: null}});
			return;
		}

		const labelSelector = [scope?.labelSelector ?? '', selector].filter(part => part !== '').join(',');
		void feedList({
			cluster: cluster.access,
			list,
			namespace: listNamespace({scope}, namespace),
			signal,
			...(labelSelector !== '' && {labelSelector}),
			...(scope?.fieldSelector !== undefined && {fieldSelector: scope.fieldSelector}),
			...(scope?.resource !== undefined && {resource: scope.resource}),
			emit,
		});
	}
}
