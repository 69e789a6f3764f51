/** Keeps one list current by reads and a watch, or by polling, and retries what failed. */
import {delayUpTo, backoffMs} from '../../base/async/clock.ts';
import {Semaphore} from '../../base/async/queues.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listAll, listPages, readFirstPage, type ListOptions, type TableColumn, type TableRow} from '../../cluster/list.ts';
import {watchObjects, type WatchEvent} from '../../cluster/watch.ts';
import {toSpokeError, type SpokeError} from '../../base/errors/spoke-error.ts';
import {listKinds, type ListName, type ListResource} from './list-kinds.ts';
import type {ListEvent, ListPhase} from './list-state.ts';
import {withProblem} from './problems.ts';
import {rowReader, type RowChange, type RowReader} from './table-rows.ts';
import {worstOf} from './row-filter.ts';

type ListFeedOptions = {
	cluster: ClusterClient;
	list: ListName;
	namespace: string | null;
	labelSelector?: string;
	fieldSelector?: string;
	resource?: string;
	emit(event: ListEvent): void;
	signal: AbortSignal;
};

const batchMs = 250;
const namespacePage = 5000;
/** More is hardly faster and keeps more pages in memory. */
const namespacesAtOnce = 3;

const backoff = {initialMs: 1000, maxMs: 15_000};
/** Permissions and API kinds change rarely, so refusals are retried less often. */
const refusedMs = 60_000;

/** Never rejects. Failures become the phase of the list and are retried. */
export async function feedList(options: ListFeedOptions): Promise<void> {
	const kind = listKinds[options.list];
	const reading: ListPhase = {kind: 'reading'};
	options.emit({type: 'phase', phase: reading});
	const resources = kind.resources.filter(({resource}) => options.resource === undefined || options.resource === resource);
	const phases: ListPhase[] = resources.map(() => reading);
	const feeds = resources.map(async (resource, index) =>
		followResource(
			{
				...options,
				emit(event) {
					if (event.type === 'phase') {
						phases[index] = event.phase;
						options.emit({type: 'phase', phase: worstOf(phases)});
					} else {
						options.emit(event);
					}
				},
			},
			resource,
			kind.namespaced && options.namespace === null && options.fieldSelector === undefined,
		),
	);
	await Promise.all(feeds);
}

async function followResource(options: ListFeedOptions, resource: ListResource, isByNamespace: boolean): Promise<void> {
	const {signal, emit} = options;
	const retries = new ListRetries();
	while (!signal.aborted) {
		try {
			await follow(options, resource, isByNamespace ? await readByNamespace(options, resource) : null);
		} catch (thrown) {
			if (signal.aborted) {
				return;
			}

			const error = toSpokeError(thrown);
			const {waitMs, isRefused} = retries.after(error);
			emit({
				type: 'phase',
				phase: {kind: 'failed', error: error.toJSON(), since: Date.now(), retryAt: isRefused ? null : Date.now() + waitMs},
			});
			await delayUpTo(waitMs, signal);
		}
	}
}

/** A watch sends columns only with its first event. */
type Start = {version: string; columns: readonly TableColumn[]};

async function follow(options: ListFeedOptions, resource: ListResource, start: Start | null): Promise<void> {
	const {cluster, namespace, labelSelector, fieldSelector, emit, signal} = options;
	const rows = new FollowedRows(options, resource, start);
	if (start !== null) {
		emit({type: 'phase', phase: {kind: 'live'}});
	}

	try {
		for await (const event of watchObjects<TableRow>(cluster, {
			path: resource.path(namespace),
			as: 'table-metadata',
			pageSize: 500,
			signal,
			...(labelSelector !== undefined && {labelSelector}),
			...(fieldSelector !== undefined && {fieldSelector}),
			...(start !== null && {from: start.version}),
		})) {
			rows.take(event);
		}
	} finally {
		rows.stop();
	}
}

class FollowedRows {
	readonly #options: ListFeedOptions;
	readonly #resource: ListResource;
	readonly #isByNamespace: boolean;
	readonly #batch: Batched;
	readonly #changes: RowChange[] = [];
	#columns: readonly TableColumn[];
	#reader: RowReader;
	/** A failed attempt must not make rows look newer. */
	#interruptedSince: number | null = null;

	constructor(options: ListFeedOptions, resource: ListResource, start: Start | null) {
		this.#options = options;
		this.#resource = resource;
		this.#isByNamespace = options.namespace === null && start !== null;
		this.#columns = start?.columns ?? [];
		this.#reader = this.#newReader();
		this.#batch = new Batched(() => {
			if (this.#changes.length > 0) {
				options.emit({type: 'changes', changes: this.#changes.splice(0), now: Date.now()});
			}
		});
	}

	take(event: WatchEvent<TableRow>): void {
		const {emit, namespace} = this.#options;
		switch (event.type) {
			case 'page': {
				this.#takePage(event);
				break;
			}

			case 'resumed':
			case 'synced': {
				this.#interruptedSince = null;
				emit({type: 'phase', phase: {kind: 'live'}});
				break;
			}

			case 'interrupted': {
				this.#batch.now();
				this.#interruptedSince ??= event.since;
				emit({
					type: 'phase',
					phase: {kind: 'interrupted', error: event.error.toJSON(), since: this.#interruptedSince, retryAt: Date.now() + event.retryInMs},
				});
				break;
			}

			case 'polling': {
				emit({type: 'phase', phase: {kind: 'polling', everyMs: event.intervalMs}});
				break;
			}

			default: {
				this.#changes.push({
					chunk: this.#chunkOf(event.item),
					type: event.type,
					row: this.#reader(event.item, namespace ?? '', Date.now()),
				});
				this.#batch.soon();
			}
		}
	}

	stop(): void {
		this.#batch.stop();
	}

	#takePage({items, columns, first}: Extract<WatchEvent<TableRow>, {type: 'page'}>): void {
		const {emit, namespace} = this.#options;
		this.#columns = columns ?? this.#columns;
		this.#reader = this.#newReader();
		this.#batch.now();
		if (first && this.#isByNamespace) {
			emit({type: 'clear', resource: this.#resource.resource});
		}

		for (const [chunk, rows] of Map.groupBy(items, row => this.#chunkOf(row))) {
			emit({type: 'page', chunk, rows: rows.map(row => this.#reader(row, namespace ?? '')), first});
		}

		if (first && items.length === 0) {
			emit({type: 'page', chunk: this.#resource.resource, rows: [], first: true});
		}
	}

	#newReader(): RowReader {
		return readerOf(this.#options.list, this.#resource, this.#columns);
	}

	#chunkOf({object}: TableRow): string {
		const {resource} = this.#resource;
		return this.#isByNamespace ? `${resource} ${object?.metadata.namespace ?? ''}` : resource;
	}
}

/**
Rows without objects name no namespace, so each namespace is read on its own, several times faster than all with metadata. The watch starts
at the version before the first read, because another read may be older than the newest version.
*/
async function readByNamespace(options: ListFeedOptions, resource: ListResource): Promise<Start | null> {
	const {cluster, emit, signal, labelSelector} = options;
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
			// Listing across namespaces may still be allowed.
			return null;
		}

		throw error;
	}

	emit({type: 'clear', resource: resource.resource});
	const readOne = async (namespace: string) => {
		const listing: ListOptions = {
			path: resource.path(namespace),
			as: 'table',
			pageSize: namespacePage,
			signal,
			...(labelSelector !== undefined && {labelSelector}),
		};
		for await (const page of listPages<TableRow>(cluster, listing)) {
			const reader = readerOf(options.list, resource, page.columns ?? []);
			if (page.items.length > 0) {
				emit({
					type: 'page',
					chunk: `${resource.resource} ${namespace}`,
					rows: page.items.map(row => reader(row, namespace)),
					first: page.restarted,
				});
			}
		}
	};

	const semaphore = new Semaphore(namespacesAtOnce);
	await Promise.all(names.map(async name => semaphore.run(async () => readOne(name))));
	return start;
}

function readerOf(list: ListName, {prefix}: ListResource, given: readonly TableColumn[]): RowReader {
	const read = rowReader(listKinds[list].columns, prefix, given, Date.now());
	return (...table) => withProblem(list, read(...table));
}

async function startOf(cluster: ClusterClient, path: string, signal: AbortSignal): Promise<Start> {
	const {resourceVersion, columns} = await readFirstPage<TableRow>(cluster, {path, as: 'table', pageSize: 1, signal});
	return {version: resourceVersion, columns: columns ?? []};
}

/** Runs once for all calls within 250 ms. */
export class Batched {
	readonly #run: () => void;
	#timer: NodeJS.Timeout | undefined;

	constructor(run: () => void) {
		this.#run = run;
	}

	soon(): void {
		this.#timer ??= setTimeout(() => {
			this.now();
		}, batchMs);
	}

	now(): void {
		this.stop();
		this.#run();
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}
}

/** Retry delays of a list. */
export class ListRetries {
	#lost = 0;

	/**
	Grows with consecutive failures. A refusal resets it, because the apiserver responded. After a successful read only a refusal ends the
	list (`watchObjects`), so earlier outages do not add up.
	*/
	after(error: SpokeError): {waitMs: number; isRefused: boolean} {
		if (isRefusal(error)) {
			this.#lost = 0;
			return {waitMs: refusedMs, isRefused: true};
		}

		this.#lost++;
		return {waitMs: backoffMs(this.#lost, backoff), isRefused: false};
	}
}

function isRefusal({code}: SpokeError): boolean {
	return code === 'ERR_FORBIDDEN' || code === 'ERR_NOT_FOUND' || code === 'ERR_CREDENTIALS';
}
