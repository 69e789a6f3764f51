/** Watches: what changes from a revision on, with bookmarks, and 410 when the history does not reach back. */
import type {Json, KubeObject} from '../objects/kube-object.ts';
import type {Change, ObjectStore} from '../objects/object-store.ts';
import {apiVersionOf, type ResourceSpec} from '../objects/resource-specs.ts';
import type {Match} from '../objects/selectors.ts';
import {partialMetadata, tableOf} from '../objects/tables/printers.ts';
import type {Exchange} from './exchange.ts';
import {contentTypeOf, selection, shapeOf, type Shape} from './read-objects.ts';
import {ApiFailure} from './status.ts';

const bookmarkMs = 60_000;

/** Answers at once, and then for as long as the client stays, or `timeoutSeconds`. */
export function watchObjects(exchange: Exchange, store: ObjectStore, row: ResourceSpec, bookmarkEveryMs = bookmarkMs): void {
	const {
		response,
		info: {query},
	} = exchange;
	const watcher = new Watcher(exchange, store, row);
	if (!watcher.begin()) {
		return;
	}

	const unwatch = store.onChange(change => {
		watcher.tell(change);
	});
	const bookmarks =
		query.get('allowWatchBookmarks') === 'true'
			? setInterval(() => {
					watcher.bookmark();
				}, bookmarkEveryMs)
			: undefined;
	const seconds = Number(query.get('timeoutSeconds') ?? 0);
	const end =
		seconds > 0
			? setTimeout(() => {
					response.end();
				}, seconds * 1000)
			: undefined;
	response.on('close', () => {
		unwatch();
		clearInterval(bookmarks);
		clearTimeout(end);
	});
}

class Watcher {
	readonly #exchange: Exchange;
	readonly #store: ObjectStore;
	readonly #row: ResourceSpec;
	readonly #shape: Shape;
	readonly #matches: Match;
	#isFirstTable = true;

	constructor(exchange: Exchange, store: ObjectStore, row: ResourceSpec) {
		this.#exchange = exchange;
		this.#store = store;
		this.#row = row;
		this.#shape = shapeOf(exchange);
		const {namespace} = exchange.info;
		const selected = selection(exchange);
		this.#matches = object => selected(object) && (!row.namespaced || namespace === undefined || object.metadata.namespace === namespace);
	}

	/** What is there, or what changed since the asked version; false when that is too old to be told, and the watch is over. */
	begin(): boolean {
		const {
			response,
			info: {query},
		} = this.#exchange;
		const asked = query.get('resourceVersion') ?? '';
		const wantsInitial = query.get('sendInitialEvents') === 'true';
		response.writeHead(200, {'cache-control': 'no-cache, private', 'content-type': contentTypeOf(this.#shape)});
		response.flushHeaders();
		if (asked !== '' && asked !== '0' && !wantsInitial) {
			return this.#tellMissed(asked);
		}

		if (wantsInitial || query.get('sendInitialEvents') === null) {
			this.#tellAll();
		}

		if (wantsInitial) {
			this.bookmark({'k8s.io/initial-events-end': 'true'});
		}

		return true;
	}

	tell(change: Change): void {
		const news = change.resource === this.#row.name ? seenThrough(change, this.#matches) : undefined;
		if (news) {
			this.#send(news, this.#shaped(change.object));
		}
	}

	bookmark(annotations?: Record<string, string>): void {
		const row = this.#row;
		const metadata = {resourceVersion: String(this.#store.revision), ...(annotations && {annotations})};
		const object = {kind: row.kind, apiVersion: apiVersionOf(row), metadata};
		this.#send(
			'BOOKMARK',
			this.#shape === 'table'
				? {
						...tableOf(row.name, [], {resourceVersion: metadata.resourceVersion}, {withColumns: false}),
						rows: [{cells: [], object: {...object, kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1'}}],
					}
				: object,
		);
	}

	#tellAll(): void {
		for (const object of this.#store.list(this.#row.name)) {
			if (this.#matches(object)) {
				this.#send('ADDED', this.#shaped(object));
			}
		}
	}

	#tellMissed(asked: string): boolean {
		const missed = this.#store.changesSince(Number(asked));
		if (!missed) {
			this.#send('ERROR', new ApiFailure(410, 'Expired', `too old resource version: ${asked} (${this.#store.revision})`).status);
			this.#exchange.response.end();
			return false;
		}

		for (const change of missed) {
			this.tell(change);
		}

		return true;
	}

	#shaped(object: KubeObject): Json {
		if (this.#shape !== 'table') {
			return this.#shape === 'metadata' ? partialMetadata(object) : object;
		}

		const withColumns = this.#isFirstTable;
		this.#isFirstTable = false;
		return tableOf(
			this.#row.name,
			[object],
			{resourceVersion: object.metadata.resourceVersion},
			{
				includeObject: this.#exchange.info.query.get('includeObject') ?? 'Metadata',
				withColumns,
			},
		);
	}

	#send(type: string, object: Json): void {
		this.#exchange.response.write(`${JSON.stringify({type, object})}\n`);
	}
}

/** What a change is to a watcher with a selector: an object may come into sight or leave it. */
function seenThrough({type, object, previous}: Change, matches: Match): Change['type'] | undefined {
	const before = previous !== null && matches(previous);
	const after = type !== 'DELETED' && matches(object);
	if (before && after) {
		return 'MODIFIED';
	}

	return after ? 'ADDED' : before ? 'DELETED' : undefined;
}
