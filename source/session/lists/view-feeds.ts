/** Data of the current view: its list, the counts of the others, the details of the selected row, and what the tables do not show. */
import {delayUpTo} from '../../base/async/clock.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {objectPath} from '../../cluster/targets/resource-names.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import {readBodyPrefix} from '../../cluster/transport/response-body.ts';
import {listPages, readFirstPage, type TableRow} from '../../cluster/list.ts';
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import {watchObjects} from '../../cluster/watch.ts';
import {lastResponseTime} from '../clusters/open-clusters.ts';
import {previewRows} from '../frame/layout.ts';
import {PathFeed, type PathFeedListener} from '../frame/path-feed.ts';
import {currentList, shownClusters, type ClusterState, type TextLine} from '../frame/session-state.ts';
import type {Store} from '../frame/store.ts';
import {readDetails} from '../text/object-details.ts';
import {Batched} from './list-feed.ts';
import {ListFeeds, type FedClusters} from './list-feeds.ts';
import {cellIn, listKinds, listNames, objectTitle, type ListName} from './list-kinds.ts';
import {selectedRow, type ListState} from './list-state.ts';
import {countServicePods, hasProblem, keyOf, nodePressure, type EndpointSlice, type ServicePods} from './problems.ts';
import {rowContext} from './row-filter.ts';
import {targetOf} from './selection.ts';
import type {Row} from './table-rows.ts';

const countIntervalMs = 60_000;
const countTimeoutMs = 10_000;
const pressureIntervalMs = 60_000;
const pressureTimeoutMs = 30_000;
const logTimeoutMs = 5000;

/** Time the cursor must rest before details are read. */
const restMs = 300;

/** What is read while a state wants it. It is wanted under the same key; an answer after the abort is late, and ignored. */
type Feed = {key: string; start(signal: AbortSignal): Promise<void>};

/** The clusters that are shown and respond. `rowContext`: of their rows. */
type RespondingCluster = Pick<ClusterState, 'context' | 'namespace'> & {rowContext: string; access: ClusterClient};

export class ViewFeeds {
	readonly paths: PathFeed;
	readonly #store: Store;
	readonly #clusters: FedClusters;
	readonly #lists: ListFeeds;
	readonly #running = new Map<string, AbortController>();

	constructor(store: Store, clusters: FedClusters, onExamined?: PathFeedListener) {
		this.#store = store;
		this.#clusters = clusters;
		this.paths = new PathFeed(store, () => clusters.get(store.state.cluster.context)!, onExamined);
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
		this.#match(feedsOf(this.#store, this.#clusters));
	}

	tick(): void {
		this.#updateResponseTimes();
		this.matchView();
	}

	/** Before other clusters or another namespace are shown, and at the end. */
	stop(): void {
		this.#lists.stop();
		this.#match([]);
	}

	/** Aborts the feeds that are no longer wanted, and starts the new ones. */
	#match(feeds: readonly Feed[]): void {
		const wanted = new Set(feeds.map(({key}) => key));
		for (const [key, abort] of this.#running) {
			if (!wanted.has(key)) {
				this.#running.delete(key);
				abort.abort();
			}
		}

		for (const {key, start} of feeds.filter(({key}) => !this.#running.has(key))) {
			const abort = new AbortController();
			this.#running.set(key, abort);
			void start(abort.signal);
		}
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
}

/** What the state wants besides its lists. */
function feedsOf(store: Store, clusters: FedClusters): readonly Feed[] {
	const {state} = store;
	const responding = shownClusters(state).flatMap(({reachable, context, namespace}): RespondingCluster[] => {
		const open = reachable === 'yes' ? clusters.get(context) : undefined;
		return open === undefined ? [] : [{context, namespace, rowContext: rowContext(state, {context}), access: open.access}];
	});
	return [
		...detailsFeed(store, clusters.get(state.cluster.context)?.access),
		...servicePodsFeeds(store, responding),
		...nodePressureFeeds(store, responding),
		...countsFeed(store, responding),
	];
}

/** Counts of lists that are not open. */
function countsFeed(store: Store, clusters: readonly RespondingCluster[]): Feed[] {
	const key = `counts ${JSON.stringify(clusters.map(({context, namespace}) => [context, namespace]).sort())}`;
	const start = async (signal: AbortSignal) => {
		while (!signal.aborted) {
			const {lists} = store.state;
			const isReading = listNames.some(name => lists[name].phase.kind === 'reading');
			// Events are no tab, which would show the count.
			const names = listNames.filter(name => !isReading && name !== 'events' && lists[name].phase.kind === 'idle');
			for (const name of names) {
				void countList(store, name, clusters, signal);
			}

			await delayUpTo(isReading ? 1000 : countIntervalMs, signal);
		}
	};

	return clusters.length === 0 ? [] : [{key, start}];
}

async function countList(store: Store, name: ListName, clusters: readonly RespondingCluster[], signal: AbortSignal): Promise<void> {
	const counts = await Promise.all(
		clusters.flatMap(({access, namespace}) => listKinds[name].resources.map(async resource => countOf(access, resource.path(namespace)))),
	);
	if (!signal.aborted) {
		const count = counts.includes(null) ? null : counts.reduce<number>((sum, one) => sum + (one ?? 0), 0);
		store.dispatch({type: 'list', list: name, event: {type: 'counted', count}});
	}
}

async function countOf(cluster: ClusterClient, path: string): Promise<number | null> {
	try {
		const signal = AbortSignal.timeout(countTimeoutMs);
		const {items, remaining} = await readFirstPage<TableRow>(cluster, {path, as: 'table', pageSize: 1, signal});
		return items.length + (remaining ?? 0);
	} catch {
		// Opening the list shows the reason.
		return null;
	}
}

/** Details of the selected row. */
function detailsFeed(store: Store, access: ClusterClient | undefined): Feed[] {
	const {state} = store;
	const list = currentList(state);
	const row = list && selectedRow(list);
	if (!row || previewRows(state, list) === 0 || row.gone !== null || row.unread !== undefined || access === undefined) {
		return [];
	}

	// A log is read over leg 2, which a requirement would have to check first.
	const readsLog = list.name === 'pods' && hasProblem(row, list.knownProblems) && state.cluster.required.length === 0;
	const start = async (signal: AbortSignal) => {
		await delayUpTo(restMs, signal);
		if (!signal.aborted) {
			await readRowDetails(list, row, {access, readsLog, signal}, lines => {
				store.dispatch({type: 'selected-details', of: row.id, lines});
			});
		}
	};

	return [{key: `details ${state.cluster.context} ${list.name} ${row.id} ${row.cells.join(' ')}`, start}];
}

type DetailsReading = {access: ClusterClient; readsLog: boolean; signal: AbortSignal};

/** The details, then again with the last line of the log of a container that ended badly. Nothing after an abort. */
async function readRowDetails(
	{name}: ListState,
	row: Row,
	{access, readsLog, signal}: DetailsReading,
	onLines: (lines: readonly TextLine[]) => void,
): Promise<void> {
	const show = (lines: readonly TextLine[]) => {
		if (!signal.aborted) {
			onLines(lines);
		}
	};
	if (name === 'events') {
		show(eventLines(row));
		return;
	}

	try {
		const namespace = row.namespace === '' ? access.facts.namespace : row.namespace;
		const {lines, object} = await readDetails(access, targetOf(name, row), namespace);
		show(lines);
		const failed = readsLog && !signal.aborted ? failedRun(object) : null;
		const lastLine = failed === null ? '' : await lastLogLine(access, row, failed, signal);
		if (lastLine !== '') {
			show(lines.flatMap(one => (one.label === 'Status' ? [one, {label: 'Last log', text: lastLine}] : [one])));
		}
	} catch (error) {
		show([{text: (error as Error).message, role: 'text.dim'}]);
	}
}

/** `isPrevious`: another run of the container has begun. */
type FailedRun = {container: string; isPrevious: boolean};

function failedRun({status}: PodObject): FailedRun | null {
	for (const {name, state, lastState} of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
		const ended = state?.terminated ?? lastState?.terminated;
		if (ended && ended.exitCode !== 0) {
			return {container: name, isPrevious: state?.running !== undefined};
		}
	}

	return null;
}

const maxLogLineBytes = 2048;

/** Empty if the log is empty or cannot be read. */
async function lastLogLine(
	access: ClusterClient,
	{namespace, name}: Row,
	{container, isPrevious}: FailedRun,
	signal: AbortSignal,
): Promise<string> {
	const query = new URLSearchParams({
		container,
		tailLines: '1',
		limitBytes: String(maxLogLineBytes),
		...(isPrevious && {previous: 'true'}),
	});
	const path = `${objectPath(parseTarget(`pod/${name}`).resource, namespace, name)}/log?${query}`;
	try {
		const {status, body} = await access.request({path, signal, wholeTimeoutMs: logTimeoutMs});
		const text = await readBodyPrefix(body, maxLogLineBytes);
		return status === 200 ? sanitizeLine(text.trimEnd()) : '';
	} catch {
		return '';
	}
}

/** What the columns have no room for. */
function eventLines(row: Row): TextLine[] {
	return [
		{label: 'Message', text: cellIn('events', row, 'MESSAGE')},
		{label: 'Object', text: cellIn('events', row, objectTitle)},
	];
}

/** Ready pods of services, in one namespace: in all, it would mean reading every pod of the cluster. */
function servicePodsFeeds(store: Store, clusters: readonly RespondingCluster[]): Feed[] {
	const shown = store.state.view === 'services' ? clusters : [];
	return shown.flatMap(({context, namespace, rowContext, access}) =>
		namespace === null
			? []
			: [
					{
						key: `service pods ${JSON.stringify([rowContext, context, namespace])}`,
						start: async (signal: AbortSignal) =>
							followSlices(access, namespace, signal, cells => {
								store.dispatch({type: 'service-pods', context: rowContext, pods: cells && {namespace, cells}});
							}),
					},
				],
	);
}

/** `show` gets the ready pods of each service, and `null` when they become unknown, at the latest at the end. */
async function followSlices(
	access: ClusterClient,
	namespace: string,
	signal: AbortSignal,
	show: (cells: ServicePods['cells'] | null) => void,
): Promise<void> {
	let slices = new Map<string, EndpointSlice>();
	const count = new Batched(() => {
		show(countServicePods(slices.values()));
	});
	signal.addEventListener('abort', () => {
		count.stop();
		show(null);
	});
	const path = `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`;
	try {
		for await (const event of watchObjects<EndpointSlice>(access, {path, as: 'objects', pageSize: 500, signal})) {
			if (signal.aborted) {
				return;
			}

			if (event.type === 'page') {
				const before = event.first ? [] : slices;
				slices = new Map([...before, ...event.items.map(slice => [slice.metadata.name, slice] as const)]);
			} else if (event.type === 'added' || event.type === 'modified') {
				slices.set(event.item.metadata.name, event.item);
				count.soon();
			} else if (event.type === 'deleted') {
				slices.delete(event.item.metadata.name);
				count.soon();
			} else if (event.type === 'interrupted') {
				count.stop();
				show(null);
			} else if (event.type !== 'polling') {
				count.now();
			}
		}
	} catch {
		// Without permission the count is `?`. The service list reports failures of the cluster.
		count.stop();
	}
}

/** Reads whole nodes, so only while the problems of nodes are shown. */
function nodePressureFeeds(store: Store, clusters: readonly RespondingCluster[]): Feed[] {
	const {view, lists} = store.state;
	const shown = view === 'nodes' && lists.nodes.problemsOnly ? clusters : [];
	return shown.map(({context, rowContext, access}) => ({
		key: `node pressure ${JSON.stringify([rowContext, context])}`,
		async start(signal) {
			while (!signal.aborted) {
				const known = await readPressure(access);
				if (known !== null && !signal.aborted) {
					store.dispatch({type: 'list', list: 'nodes', event: {type: 'known-problems', context: rowContext, known}});
				}

				await delayUpTo(pressureIntervalMs, signal);
			}
		},
	}));
}

/** By `keyOf`; `null` if nodes cannot be read: the list shows why, and until then the status says that pressure is unknown. */
async function readPressure(access: ClusterClient): Promise<ReadonlyMap<string, string> | null> {
	const known = new Map<string, string>();
	const options = {path: '/api/v1/nodes', signal: AbortSignal.timeout(pressureTimeoutMs)};
	try {
		for await (const {items, restarted} of listPages<CheckedObject<'nodes'>>(access, options)) {
			if (restarted) {
				known.clear();
			}

			for (const node of items) {
				const pressure = nodePressure(node).join(',');
				if (pressure !== '') {
					known.set(keyOf({namespace: '', name: node.metadata.name}), pressure);
				}
			}
		}
	} catch {
		return null;
	}

	return known;
}
