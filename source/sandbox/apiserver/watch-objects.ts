/** Watches. */
import type {ResourceName, StoredObjects} from '../objects/kube-object.ts';
import type {Change, ObjectStore} from '../objects/object-store.ts';
import {apiVersionOf, type StoredResource} from '../objects/resource-specs.ts';
import type {Match} from '../objects/selectors.ts';
import {partialMetadata, tableOf} from '../objects/tables.ts';
import type {Exchange} from './exchange.ts';
import {contentTypeOf, selection, shapeOf, type Shape} from './read-objects.ts';
import {ApiFailure} from './status.ts';

const defaultBookmarkIntervalMs = 60_000;

export function watchObjects(
	exchange: Exchange,
	store: ObjectStore,
	resourceSpec: StoredResource,
	bookmarkIntervalMs = defaultBookmarkIntervalMs,
): void {
	const {
		response,
		info: {query},
	} = exchange;
	const watcher = new Watcher(exchange, store, resourceSpec);
	if (!watcher.start()) {
		return;
	}

	const unwatch = store.onChange(change => {
		watcher.onChange(change);
	});
	const bookmarks =
		query.get('allowWatchBookmarks') === 'true'
			? setInterval(() => {
					watcher.bookmark();
				}, bookmarkIntervalMs)
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
	readonly #resourceSpec: StoredResource;
	readonly #shape: Shape;
	readonly #matches: Match;
	#isFirstTable = true;

	constructor(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource) {
		this.#exchange = exchange;
		this.#store = store;
		this.#resourceSpec = resourceSpec;
		this.#shape = shapeOf(exchange);
		const {namespace} = exchange.info;
		const selected = selection(exchange);
		this.#matches = object =>
			selected(object) && (!resourceSpec.namespaced || namespace === undefined || object.metadata.namespace === namespace);
	}

	/** False if the requested version is too old (410). */
	start(): boolean {
		const {
			response,
			info: {query},
		} = this.#exchange;
		const resourceVersion = query.get('resourceVersion') ?? '';
		const wantsInitial = query.get('sendInitialEvents') === 'true';
		response.writeHead(200, {'cache-control': 'no-cache, private', 'content-type': contentTypeOf(this.#shape)});
		response.flushHeaders();
		if (resourceVersion !== '' && resourceVersion !== '0' && !wantsInitial) {
			return this.#sendMissed(resourceVersion);
		}

		if (wantsInitial || query.get('sendInitialEvents') === null) {
			this.#sendExisting();
		}

		if (wantsInitial) {
			this.bookmark({'k8s.io/initial-events-end': 'true'});
		}

		return true;
	}

	onChange(change: Change): void {
		const eventType = change.resource === this.#resourceSpec.name ? visibleChangeType(change, this.#matches) : undefined;
		if (eventType) {
			this.#send(eventType, this.#inShape(change.object));
		}
	}

	bookmark(annotations?: Record<string, string>): void {
		const resourceSpec = this.#resourceSpec;
		const metadata = {resourceVersion: String(this.#store.revision), ...(annotations && {annotations})};
		const object = {kind: resourceSpec.kind, apiVersion: apiVersionOf(resourceSpec), metadata};
		this.#send(
			'BOOKMARK',
			this.#shape === 'table'
				? {
						...tableOf(resourceSpec.name, [], {resourceVersion: metadata.resourceVersion}, {withColumns: false}),
						rows: [{cells: [], object: {...object, kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1'}}],
					}
				: object,
		);
	}

	#sendExisting(): void {
		for (const object of this.#store.list(this.#resourceSpec.name)) {
			if (this.#matches(object)) {
				this.#send('ADDED', this.#inShape(object));
			}
		}
	}

	#sendMissed(resourceVersion: string): boolean {
		const missed = this.#store.changesSince(Number(resourceVersion));
		if (!missed) {
			this.#send('ERROR', new ApiFailure(410, 'Expired', `too old resource version: ${resourceVersion} (${this.#store.revision})`).status);
			this.#exchange.response.end();
			return false;
		}

		for (const change of missed) {
			this.onChange(change);
		}

		return true;
	}

	#inShape(object: StoredObjects[ResourceName]): object {
		if (this.#shape !== 'table') {
			return this.#shape === 'metadata' ? partialMetadata(object) : object;
		}

		const withColumns = this.#isFirstTable;
		this.#isFirstTable = false;
		return tableOf(
			this.#resourceSpec.name,
			[object],
			{resourceVersion: object.metadata.resourceVersion},
			{
				includeObject: this.#exchange.info.query.get('includeObject') ?? 'Metadata',
				withColumns,
			},
		);
	}

	#send(type: string, object: object): void {
		this.#exchange.response.write(`${JSON.stringify({type, object})}\n`);
	}
}

/** The event type for this watch: with a selector, an object can start or stop matching. */
function visibleChangeType({type, object, previous}: Change, matches: Match): Change['type'] | undefined {
	const before = previous !== null && matches(previous);
	const after = type !== 'DELETED' && matches(object);
	if (before && after) {
		return 'MODIFIED';
	}

	return after ? 'ADDED' : before ? 'DELETED' : undefined;
}
