/** Watches. */
import type {ResourceName, StoredObjects} from '../objects/kube-object.ts';
import type {Change, ObjectStore} from '../objects/object-store.ts';
import {apiVersionOf, type StoredResource} from '../objects/resource-specs.ts';
import type {Match} from '../objects/selectors.ts';
import {tableOf} from '../objects/tables.ts';
import type {Exchange} from './exchange.ts';
import {includedObject, selection, wantsTable} from './read-objects.ts';
import {ApiFailure} from './status.ts';

const bookmarkIntervalMs = 60_000;

export function watchObjects(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): void {
	const {
		response,
		info: {query, namespace},
	} = exchange;
	const selected = selection(exchange);
	const matches: Match = object =>
		selected(object) && (!resourceSpec.namespaced || namespace === undefined || object.metadata.namespace === namespace);
	const asTable = wantsTable(exchange);
	response.writeHead(200, {
		'cache-control': 'no-cache, private',
		'content-type': `application/json${asTable ? ';as=Table;v=v1;g=meta.k8s.io' : ''}`,
	});
	response.flushHeaders();
	const send = (type: string, object: object) => {
		response.write(`${JSON.stringify({type, object})}\n`);
	};

	let withColumns = true;
	const sendObject = (type: string, object: StoredObjects[ResourceName]) => {
		const {resourceVersion} = object.metadata;
		const options = {includeObject: includedObject(exchange), withColumns};
		send(type, asTable ? tableOf(resourceSpec.name, [object], {resourceVersion}, options) : object);
		withColumns = false;
	};

	const onChange = (change: Change) => {
		const type = change.resource === resourceSpec.name ? visibleChangeType(change, matches) : undefined;
		if (type) {
			sendObject(type, change.object);
		}
	};

	const bookmark = (annotations?: Record<string, string>) => {
		const metadata = {resourceVersion: String(store.revision), ...(annotations && {annotations})};
		const object = {kind: resourceSpec.kind, apiVersion: apiVersionOf(resourceSpec), metadata};
		const row = {cells: [], object: {...object, kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1'}};
		send('BOOKMARK', asTable ? {...tableOf(resourceSpec.name, [], metadata, {withColumns: false}), rows: [row]} : object);
	};

	const wantsInitial = query.get('sendInitialEvents');
	const after = query.get('resourceVersion') ?? '';
	const missed = after === '' || after === '0' || wantsInitial === 'true' ? [] : store.changesSince(Number(after));
	if (!missed) {
		send('ERROR', new ApiFailure(410, 'Expired', `too old resource version: ${after} (${store.revision})`).status);
		response.end();
		return;
	}

	if (wantsInitial === 'true' || (wantsInitial === null && (after === '' || after === '0'))) {
		for (const object of store.list(resourceSpec.name).filter(one => matches(one))) {
			sendObject('ADDED', object);
		}
	}

	if (wantsInitial === 'true') {
		bookmark({'k8s.io/initial-events-end': 'true'});
	}

	for (const change of missed) {
		onChange(change);
	}

	const unwatch = store.onChange(onChange);
	const bookmarks = query.get('allowWatchBookmarks') === 'true' ? setInterval(bookmark, bookmarkIntervalMs) : undefined;
	const seconds = Number(query.get('timeoutSeconds') ?? 0);
	const end = seconds > 0 ? setTimeout(() => void response.end(), seconds * 1000) : undefined;
	response.on('close', () => {
		unwatch();
		clearInterval(bookmarks);
		clearTimeout(end);
	});
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
