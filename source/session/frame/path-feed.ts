/** Path of the selected row before a connection is opened: that of the one it would open. Reads the apiserver, never a node. */
import {isSpokeError} from '../../base/errors/spoke-error.ts';
import type {ConnectionPurpose, ProcessFacts} from '../../evidence/evidence.ts';
import {examineApiserver, type ApiserverExamination} from '../../evidence/examine-apiserver.ts';
import {configuredPath} from '../../evidence/find-paths.ts';
import {noTarget} from '../../evidence/build-observations.ts';
import {secondLegsOf} from '../../evidence/second-leg-record.ts';
import {cellIn, isListName, type ListName} from '../lists/list-kinds.ts';
import {selectedRow} from '../lists/list-state.ts';
import type {Row} from '../lists/table-rows.ts';
import type {OpenCluster} from './session.ts';
import type {Store} from './store.ts';

/** Interval that detects an apiserver restart within 10 s. */
const maxExaminationAgeMs = 9000;

/** Called after each examination of a cluster. */
export type PathFeedListener = (cluster: OpenCluster, process: ProcessFacts | null) => void;

type Asked = Pick<ConnectionPurpose, 'feature' | 'request'> & {kind: ConnectionPurpose['target']['kind']; node(row: Row): string | null};

const noNode = () => null;

const askedOf: Readonly<Record<Exclude<ListName, 'events'>, Asked>> = {
	pods: {feature: 'logs', kind: 'Pod', request: null, node: nodeOfPod},
	workloads: {feature: 'logs', kind: 'Pod', request: null, node: noNode},
	services: {
		feature: 'service-proxy',
		kind: 'Service',
		request: {scheme: 'http', port: null, portName: null, kubeletPort: false},
		node: noNode,
	},
	nodes: {
		feature: 'node-proxy',
		kind: 'Node',
		request: {scheme: 'https', port: null, portName: null, kubeletPort: true},
		node: ({name}) => name,
	},
};

export class PathFeed {
	readonly #store: Store;
	readonly #cluster: () => OpenCluster;
	readonly #onExamined: PathFeedListener;
	readonly #examined = new Map<OpenCluster, {at: number; value: ApiserverExamination}>();
	/** One read of each cluster; a later one replaces it. */
	readonly #reading = new Map<OpenCluster, AbortController>();
	#shown = '';

	constructor(store: Store, cluster: () => OpenCluster, onExamined: PathFeedListener = () => {}) {
		this.#store = store;
		this.#cluster = cluster;
		this.#onExamined = onExamined;
	}

	follow(): void {
		const cluster = this.#cluster();
		const examined = this.#examined.get(cluster);
		if (examined && this.#store.state.cluster.reachable === 'no') {
			// The apiserver may return as another process with other flags.
			this.forget();
			return;
		}

		const isFresh = examined !== undefined && Date.now() - examined.at < maxExaminationAgeMs;
		if (!isFresh && !this.#reading.has(cluster) && this.#store.state.cluster.reachable === 'yes') {
			void this.#read(cluster);
		}

		if (examined) {
			this.#show(examined.value, cluster);
		}
	}

	forget(): void {
		this.#examined.clear();
		for (const reading of this.#reading.values()) {
			reading.abort();
		}

		this.#reading.clear();
		this.#clear();
		this.follow();
	}

	showAgain(): void {
		this.#shown = '';
		this.follow();
	}

	async #read(cluster: OpenCluster): Promise<void> {
		const reading = new AbortController();
		const {signal} = reading;
		this.#reading.set(cluster, reading);
		try {
			const value = await examineApiserver(cluster.access, {namespace: this.#store.state.cluster.namespace ?? undefined});
			// An idle connection would count in the apiserver's connection metrics.
			value.connection.close();
			if (signal.aborted) {
				return;
			}

			this.#examined.set(cluster, {at: Date.now(), value});
			const {legs} = configuredPath(value, cluster.access, {feature: 'logs', target: noTarget, request: null}, {node: null, pod: null});
			const {version} = value.shared;
			this.#store.dispatch({
				type: 'cluster',
				context: cluster.context,
				to: {
					legOneEnd: legs[0]?.to ?? null,
					// The apiserver may have been upgraded while the session ran.
					...(version && {version: version.facts.gitVersion}),
				},
			});
			if (this.#cluster() === cluster) {
				this.#shown = '';
				this.#show(value, cluster);
			}

			this.#onExamined(cluster, value.own.process?.facts ?? null);
		} catch (error) {
			if (!isSpokeError(error)) {
				throw error;
			}

			if (!signal.aborted) {
				this.#examined.delete(cluster);
				if (this.#cluster() === cluster) {
					// The path shown is of a process that may have restarted since.
					this.#clear();
				}
			}
		} finally {
			if (!signal.aborted) {
				this.#reading.delete(cluster);
			}
		}
	}

	#clear(): void {
		this.#shown = '';
		const {selectedPath} = this.#store.state;
		if (selectedPath?.path) {
			this.#store.dispatch({type: 'selected-path', of: selectedPath.of, path: null});
		}
	}

	#show(examined: ApiserverExamination, cluster: OpenCluster): void {
		const {view: now, lists} = this.#store.state;
		const view = now === 'sandbox' ? 'pods' : now;
		if (!isListName(view) || view === 'events') {
			return;
		}

		const row = selectedRow(lists[view]);
		if (!row || row.unread !== undefined) {
			return;
		}

		const {version} = secondLegsOf(cluster.access);
		const age = version === 0 ? 0 : Math.floor(Date.now() / 10_000);
		const key = `${cluster.context} ${view} ${row.id} ${row.cells.join(' ')} ${version} ${age}`;
		if (key === this.#shown && this.#store.state.selectedPath !== null) {
			return;
		}

		this.#shown = key;
		this.#store.dispatch({
			type: 'selected-path',
			of: row.id,
			path: configuredPath(examined, cluster.access, defaultPurpose(view, row), {node: null, pod: null}),
		});
	}
}

/** The connection whose path a row shows before one is opened. */
export function defaultPurpose(list: Exclude<ListName, 'events'>, row: Row): ConnectionPurpose {
	const {feature, kind, request, node} = askedOf[list];
	const target = {
		asked: row.name,
		kind,
		namespace: row.namespace,
		name: row.name,
		uid: null,
		node: node(row),
		container: null,
		chosenFrom: 1,
	};
	return {feature, request, target, ...(list === 'pods' && cellIn(list, row, 'NODE') === '<none>' && {isUnscheduled: true})};
}

function nodeOfPod(row: Row): string | null {
	const node = cellIn('pods', row, 'NODE');
	return node === '' || node === '<none>' ? null : node;
}
