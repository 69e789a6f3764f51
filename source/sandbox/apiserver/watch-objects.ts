/** Watches: what changes from a revision on, with bookmarks, and 410 when the history does not reach back. */
import type {Json, KubeObject} from '../objects/kube-object.ts';
import type {Change, ObjectStore} from '../objects/object-store.ts';
import {apiVersionOf, type ResourceRow} from '../objects/resource-rows.ts';
import type {Match} from '../objects/selectors.ts';
import {partialMetadata, tableOf} from '../objects/tables/printers.ts';
import type {Exchange} from './exchange.ts';
import {contentTypeOf, selection, shapeOf} from './read-objects.ts';
import {ApiFailure} from './status.ts';

const bookmarkMs = 60_000;

/** Answers at once, and then for as long as the client stays, or `timeoutSeconds`. */
export function watchObjects(exchange: Exchange, store: ObjectStore, row: ResourceRow, bookmarkEveryMs = bookmarkMs): void {
	const {response, info: {query, namespace}} = exchange;
	const selected = selection(exchange);
	const matches: Match = object => selected(object) && (!row.namespaced || namespace === undefined || object.metadata.namespace === namespace);
	const shape = shapeOf(exchange);
	let firstTable = true;
	const asked = query.get('resourceVersion') ?? '';
	const wantsInitial = query.get('sendInitialEvents') === 'true';
	response.writeHead(200, {'cache-control': 'no-cache, private', 'content-type': contentTypeOf(shape)});
	response.flushHeaders();

	const shaped = (object: KubeObject): Json => {
		if (shape === 'table') {
			const table = tableOf(row.name, [object], {resourceVersion: object.metadata.resourceVersion}, {includeObject: query.get('includeObject') ?? 'Metadata', withColumns: firstTable});
			firstTable = false;
			return table;
		}

		return shape === 'metadata' ? partialMetadata(object) : object;
	};

	const send = (type: string, object: Json) => {
		response.write(`${JSON.stringify({type, object})}\n`);
	};

	const bookmark = (annotations?: Record<string, string>) => {
		const metadata = {resourceVersion: String(store.revision), ...(annotations && {annotations})};
		const object = {kind: row.kind, apiVersion: apiVersionOf(row), metadata};
		send('BOOKMARK', shape === 'table' ? {...tableOf(row.name, [], {resourceVersion: metadata.resourceVersion}, {withColumns: false}), rows: [{cells: [], object: {...object, kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1'}}]} : object);
	};

	const onChange = (change: Change) => {
		const news = change.resource === row.name ? seenThrough(change, matches) : undefined;
		if (news) {
			send(news, shaped(change.object));
		}
	};

	const fromNow = asked === '' || asked === '0' || wantsInitial;
	if (fromNow && (wantsInitial || query.get('sendInitialEvents') === null)) {
		for (const object of store.list(row.name)) {
			if (matches(object)) {
				send('ADDED', shaped(object));
			}
		}

		if (wantsInitial) {
			bookmark({'k8s.io/initial-events-end': 'true'});
		}
	} else if (!fromNow) {
		const missed = store.changesSince(Number(asked));
		if (!missed) {
			send('ERROR', new ApiFailure(410, 'Expired', `too old resource version: ${asked} (${store.revision})`).status);
			response.end();
			return;
		}

		for (const change of missed) {
			onChange(change);
		}
	}

	const unwatch = store.onChange(onChange);
	const bookmarks = query.get('allowWatchBookmarks') === 'true' ? setInterval(bookmark, bookmarkEveryMs) : undefined;
	const seconds = Number(query.get('timeoutSeconds') ?? 0);
	const end = seconds > 0
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

/** What a change is to a watcher with a selector: an object may come into sight or leave it. */
function seenThrough({type, object, previous}: Change, matches: Match): Change['type'] | undefined {
	const before = previous !== null && matches(previous);
	const after = type !== 'DELETED' && matches(object);
	if (before && after) {
		return 'MODIFIED';
	}

	return after ? 'ADDED' : (before ? 'DELETED' : undefined);
}
