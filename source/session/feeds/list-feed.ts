/** Keeps one list live: read in pages, watched, polled where watching is refused; all namespaces are read one by one, without objects. */
import {setTimeout as delay} from 'node:timers/promises';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listAll, listPages, type ListOptions, type TableColumn, type TableRow} from '../../cluster/list.ts';
import {watchObjects, type WatchEvent} from '../../cluster/watch.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {listKinds, type ListName, type ListResource} from '../../state/list-kinds.ts';
import type {ListEvent, ListPhase, RowChange} from '../../state/list-state.ts';
import {rowReader, type RowReader} from '../../state/table-rows.ts';
import {ListRetries} from './list-retries.ts';

export type ListFeedOptions = {
	cluster: ClusterClient;
	list: ListName;
	/** `null` is all. */
	namespace: string | null;
	labelSelector?: string;
	tell(event: ListEvent): void;
	signal: AbortSignal;
};

/** Changes are told together. */
const batchMs = 250;
const namespacePage = 5000;
/** More would be quicker by little, and hold as many more pages at once. */
const namespacesAtOnce = 3;

/** Ends with the signal; never rejects: what fails is told as the list's phase, and tried again where waiting may mend it. */
export async function feedList(options: ListFeedOptions): Promise<void> {
	const kind = listKinds[options.list];
	const reading: ListPhase = {kind: 'reading'};
	options.tell({type: 'phase', phase: reading});
	const phases: ListPhase[] = kind.resources.map(() => reading);
	const feeds = kind.resources.map(async (resource, index) =>
		followResource(
			{
				...options,
				tell(event) {
					if (event.type === 'phase') {
						phases[index] = event.phase;
						options.tell({type: 'phase', phase: worstOf(phases)});
					} else {
						options.tell(event);
					}
				},
			},
			resource,
			kind.namespaced && options.namespace === null,
		),
	);
	await Promise.all(feeds);
}

/** Of a list of several kinds the worst counts: as long as one is missing, it is not all there; and of those that were cut the one that is cut longest: no row is older than that. */
export function worstOf(phases: readonly ListPhase[]): ListPhase {
	const order: ReadonlyArray<ListPhase['kind']> = ['failed', 'interrupted', 'idle', 'reading', 'polling', 'live'];
	return phases.reduce((worst, phase) =>
		order.indexOf(phase.kind) < order.indexOf(worst.kind) || isCutLonger(phase, worst) ? phase : worst,
	);
}

function isCutLonger(one: ListPhase, other: ListPhase): boolean {
	return one.kind === 'interrupted' && other.kind === 'interrupted' && one.since < other.since;
}

async function followResource(options: ListFeedOptions, resource: ListResource, isWide: boolean): Promise<void> {
	const {signal, tell} = options;
	const tries = new ListRetries();
	while (!signal.aborted) {
		try {
			await follow(options, resource, isWide ? await readByNamespace(options, resource) : null);
		} catch (thrown) {
			if (signal.aborted) {
				return;
			}

			const error = toSpokeError(thrown);
			const {waitMs, isRefused} = tries.after(error);
			tell({
				type: 'phase',
				phase: {kind: 'failed', error: error.toJSON(), since: Date.now(), retryAt: isRefused ? null : Date.now() + waitMs},
			});
			await delay(waitMs, undefined, {signal}).catch(() => {});
		}
	}
}

/** A watch tells its columns only with its first event. */
type Start = {version: string; columns: readonly TableColumn[]};

/** One namespace, or with `start` all of them from there on. */
async function follow(options: ListFeedOptions, resource: ListResource, start: Start | null): Promise<void> {
	const {cluster, namespace, labelSelector, tell, signal} = options;
	const rows = new FollowedRows(options, resource, start);
	if (start !== null) {
		tell({type: 'phase', phase: {kind: 'live'}});
	}

	try {
		for await (const event of watchObjects<TableRow>(cluster, {
			path: resource.path(namespace),
			as: 'table-metadata',
			pageSize: 500,
			signal,
			...(labelSelector !== undefined && {labelSelector}),
			...(start !== null && {from: start.version}),
		})) {
			rows.take(event);
		}
	} finally {
		rows.stop();
	}
}

/** What a watch brings, as rows of the list. */
class FollowedRows {
	readonly #options: ListFeedOptions;
	readonly #resource: ListResource;
	/** Each namespace was read by itself, and its rows are a chunk of their own. */
	readonly #isByNamespace: boolean;
	readonly #batch: Batch;
	#columns: readonly TableColumn[];
	#reader: RowReader;
	/** Since when nothing comes, over all tries: what is shown grows no younger by one that failed. */
	#cutSince: number | null = null;

	constructor(options: ListFeedOptions, resource: ListResource, start: Start | null) {
		this.#options = options;
		this.#resource = resource;
		this.#isByNamespace = options.namespace === null && start !== null;
		this.#columns = start?.columns ?? [];
		this.#reader = this.#newReader();
		this.#batch = new Batch(changes => {
			options.tell({type: 'changes', changes, now: Date.now()});
		});
	}

	take(event: WatchEvent<TableRow>): void {
		const {tell, namespace} = this.#options;
		switch (event.type) {
			case 'page': {
				this.#takePage(event);
				break;
			}

			case 'resumed':
			case 'synced': {
				this.#cutSince = null;
				tell({type: 'phase', phase: {kind: 'live'}});
				break;
			}

			case 'interrupted': {
				this.#batch.flush();
				this.#cutSince ??= event.since;
				tell({
					type: 'phase',
					phase: {kind: 'interrupted', error: event.error.toJSON(), since: this.#cutSince, retryAt: Date.now() + event.retryInMs},
				});
				break;
			}

			case 'polling': {
				tell({type: 'phase', phase: {kind: 'polling', everyMs: event.intervalMs}});
				break;
			}

			default: {
				// Added, modified and deleted rows.
				this.#batch.add({chunk: this.#chunkOf(event.item), type: event.type, row: this.#reader(event.item, namespace ?? '', Date.now())});
			}
		}
	}

	stop(): void {
		this.#batch.stop();
	}

	#takePage({items, columns, first}: Extract<WatchEvent<TableRow>, {type: 'page'}>): void {
		const {tell, namespace} = this.#options;
		this.#columns = columns ?? this.#columns;
		this.#reader = this.#newReader();
		this.#batch.flush();
		if (first && this.#isByNamespace) {
			tell({type: 'clear', resource: this.#resource.resource});
		}

		for (const [chunk, rows] of Map.groupBy(items, row => this.#chunkOf(row))) {
			tell({type: 'page', chunk, rows: rows.map(row => this.#reader(row, namespace ?? '')), first});
		}

		if (first && items.length === 0) {
			tell({type: 'page', chunk: this.#resource.resource, rows: [], first: true});
		}
	}

	/** With the columns and the time of now: the ages of a page are told as of when it was read. */
	#newReader(): RowReader {
		return rowReader(listKinds[this.#options.list].columns, this.#resource.prefix, this.#columns, Date.now());
	}

	#chunkOf({object}: TableRow): string {
		const {resource} = this.#resource;
		return this.#isByNamespace ? `${resource} ${(object?.metadata as {namespace?: string} | undefined)?.namespace ?? ''}` : resource;
	}
}

/**
Rows without objects name no namespace, so each namespace is read by itself; that is several times quicker than all of them with metadata.
Gives from where a watch goes on: a moment before the first of them was read, as one that was read at once with others may be older than theirs.
*/
async function readByNamespace(options: ListFeedOptions, resource: ListResource): Promise<Start | null> {
	const {cluster, tell, signal, labelSelector} = options;
	let names: string[];
	let start: Start;
	try {
		const [namespaces, moment] = await Promise.all([
			listAll<TableRow>(cluster, {path: '/api/v1/namespaces', as: 'table', pageSize: namespacePage, signal}),
			startOf(cluster, resource.path(null), signal),
		]);
		names = namespaces.items.map(({cells}) => String(cells[0]));
		start = moment;
	} catch (error) {
		if (toSpokeError(error).code === 'ERR_FORBIDDEN') {
			// Whoever may not list namespaces may still list across them.
			return null;
		}

		throw error;
	}

	tell({type: 'clear', resource: resource.resource});
	const {columns} = listKinds[options.list];
	const readOne = async (namespace: string) => {
		const listing: ListOptions = {
			path: resource.path(namespace),
			as: 'table',
			pageSize: namespacePage,
			signal,
			...(labelSelector !== undefined && {labelSelector}),
		};
		for await (const page of listPages<TableRow>(cluster, listing)) {
			const reader = rowReader(columns, resource.prefix, page.columns ?? [], Date.now());
			if (page.items.length > 0) {
				tell({
					type: 'page',
					chunk: `${resource.resource} ${namespace}`,
					rows: page.items.map(row => reader(row, namespace)),
					first: page.restarted,
				});
			}
		}
	};

	const rest = [...names];
	await Promise.all(
		Array.from({length: namespacesAtOnce}, async () => {
			for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
				await readOne(name);
			}
		}),
	);
	return start;
}

async function startOf(cluster: ClusterClient, path: string, signal: AbortSignal): Promise<Start> {
	for await (const {resourceVersion, columns} of listPages<TableRow>(cluster, {path, as: 'table', pageSize: 1, signal})) {
		return {version: resourceVersion, columns: columns ?? []};
	}

	// A list has one page at least.
	return {version: '', columns: []};
}

class Batch {
	readonly #changes: RowChange[] = [];
	#timer: NodeJS.Timeout | null = null;
	readonly #tell: (changes: readonly RowChange[]) => void;

	constructor(tell: (changes: readonly RowChange[]) => void) {
		this.#tell = tell;
	}

	add(change: RowChange): void {
		this.#changes.push(change);
		this.#timer ??= setTimeout(() => {
			this.flush();
		}, batchMs);
	}

	flush(): void {
		this.stop();
		if (this.#changes.length > 0) {
			this.#tell(this.#changes.splice(0));
		}
	}

	stop(): void {
		if (this.#timer) {
			clearTimeout(this.#timer);
			this.#timer = null;
		}
	}
}
