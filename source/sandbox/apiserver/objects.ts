/** Get, list, watch, create, patch and delete. */
import {type ObjectStore, type Change, parseFieldSelector, parseLabelSelector, type Match} from '../objects/object-store.ts';
import {
	apiVersionOf,
	type StoredResource,
	type KubeObject,
	type NewObject,
	type NewMeta,
	type ResourceName,
	type StoredObjects,
} from '../objects/kube-object.ts';
import {tableOf} from '../objects/tables.ts';
import {sendJson, type Exchange, badRequest, notFound, readBody, ApiFailure} from './exchange.ts';
import {deletePod, scheduledPod} from '../controllers/workload-pods.ts';
import {isJsonObject} from '../../wire/json.ts';

type Named = Pick<StoredResource, 'name' | 'group' | 'kind'>;
type Written = {metadata: NewMeta; spec?: unknown};

const bookmarkIntervalMs = 60_000;

/** What the rows of a Table have as their object; `undefined` if the client requests no Table. */
function tableObject({request: {headers}, info: {query}}: Exchange): string | undefined {
	return headers.accept?.split(',', 1)[0]!.includes('as=Table') ? (query.get('includeObject') ?? 'Metadata') : undefined;
}

export function getObject(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): void {
	const {namespace, name} = exchange.info;
	const object = store.get(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined, name!);
	if (!object) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	const includeObject = tableObject(exchange);
	const {resourceVersion} = object.metadata;
	sendJson(exchange, includeObject === undefined ? object : tableOf(resourceSpec.name, [object], {resourceVersion}, {includeObject}));
}

/** A continue token is the number of objects before it: pages of a list that changes can repeat or miss some. */
export function listObjects(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): void {
	const {namespace, query} = exchange.info;
	const matches = selection(exchange);
	const found = store.list(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined).filter(object => matches(object));
	const start = Number(query.get('continue') ?? 0);
	const end = start + (Number(query.get('limit') ?? 0) || found.length);
	const metadata = {
		resourceVersion: String(store.revision),
		...(found.length > end && {continue: String(end), remainingItemCount: found.length - end}),
	};
	const page = found.slice(start, end);
	const includeObject = tableObject(exchange);
	if (includeObject !== undefined) {
		sendJson(exchange, tableOf(resourceSpec.name, page, metadata, {includeObject}));
	} else {
		// Items of a typed list have neither kind nor apiVersion.
		sendJson(exchange, {
			kind: `${resourceSpec.kind}List`,
			apiVersion: apiVersionOf(resourceSpec),
			metadata,
			items: page.map(({kind: _kind, apiVersion: _version, ...rest}) => rest),
		});
	}
}

function selection({info: {query, name}}: Exchange): Match {
	const labels = parseLabelSelector(query.get('labelSelector') ?? '');
	const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
	if (!labels || !fields) {
		const text = query.get(labels ? 'fieldSelector' : 'labelSelector')!;
		throw badRequest(`unable to parse requirement: found '${text}', expected: a selector`);
	}

	return object => labels(object) && fields(object) && (name === undefined || object.metadata.name === name);
}

export async function createObject(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): Promise<void> {
	const body = await readBody(exchange.request);
	if (!body || !isJsonObject(body['metadata'])) {
		throw badRequest('the object provided is unrecognized (must be of type JSON)');
	}

	const metadata: {name?: string; generateName?: string} = body['metadata'];
	const name = metadata.name ?? `${metadata.generateName ?? 'object-'}${Math.random().toString(36).slice(2, 7)}`;
	const namespace = resourceSpec.namespaced ? (exchange.info.namespace ?? 'default') : undefined;
	if (store.get(resourceSpec.name, namespace, name)) {
		throw new ApiFailure(409, 'AlreadyExists', `${resourceSpec.name} "${name}" already exists`, {details: {name, kind: resourceSpec.name}});
	}

	const wanted = admit(resourceSpec, {...body, metadata: {...metadata, name, ...(namespace !== undefined && {namespace})}});
	const stored = resourceSpec.name === 'pods' ? scheduledPod(store, wanted as NewObject<'pods'>) : wanted;
	sendJson(exchange, store.create(resourceSpec.name, stored), 201);
}

/** Applies a JSON merge patch (RFC 7386), or a strategic merge patch, of which it supports only merging lists by name. */
export async function patchObject(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): Promise<void> {
	const {namespace, name} = exchange.info;
	const patch = await readBody(exchange.request);
	if (!patch) {
		throw badRequest('error decoding patch: invalid JSON');
	}

	const byName = exchange.request.headers['content-type'] === 'application/strategic-merge-patch+json';
	const stored = store.update(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined, name!, copy => {
		const {uid, resourceVersion, creationTimestamp} = copy.metadata;
		const spec = specText(copy);
		Object.assign(copy, merge(copy, patch, byName));
		Object.assign(copy.metadata, {uid, resourceVersion, creationTimestamp});
		admit(resourceSpec, copy);
		if (specText(copy) !== spec && copy.metadata.generation !== undefined) {
			copy.metadata.generation++;
		}
	});
	if (!stored) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	sendJson(exchange, stored);
}

function specText(object: KubeObject & {spec?: unknown}): string | undefined {
	return JSON.stringify(object.spec);
}

/** A pod is deleted when its containers have stopped. */
export async function deleteObject(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): Promise<void> {
	await readBody(exchange.request);
	const {name} = exchange.info;
	const namespace = resourceSpec.namespaced ? exchange.info.namespace : undefined;
	const deleted =
		resourceSpec.name === 'pods'
			? deletePod(store, {...(namespace !== undefined && {namespace}), name: name!})
			: store.delete(resourceSpec.name, namespace, name!);
	if (!deleted) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	sendJson(exchange, deleted);
}

function merge(target: unknown, patch: unknown, byName: boolean): unknown {
	if (Array.isArray(patch) && Array.isArray(target) && byName && patch.every(item => nameOf(item) !== undefined)) {
		const result = [...(target as unknown[])];
		for (const item of patch) {
			const index = result.findIndex(one => nameOf(one) === nameOf(item));
			result[index < 0 ? result.length : index] = merge(result[index], item, byName);
		}

		return result;
	}

	if (!isJsonObject(patch)) {
		return patch;
	}

	const result = new Map(isJsonObject(target) ? Object.entries(target) : []);
	for (const [key, value] of Object.entries(patch)) {
		if (value === null) {
			result.delete(key);
		} else if (!key.startsWith('$') && key !== '__proto__') {
			result.set(key, merge(result.get(key), value, byName));
		}
	}

	return Object.fromEntries(result);
}

function nameOf(item: unknown): string | undefined {
	return isJsonObject(item) && typeof item['name'] === 'string' ? item['name'] : undefined;
}

/** Returns `object`. @throws ApiFailure 422: pkg/apis/core/validation, pkg/apis/apps/validation */
function admit(resourceSpec: Named, object: Written): NewObject<ResourceName> {
	const invalid = requirements(resourceSpec, object.spec).find(([, isMet]) => !isMet);
	if (invalid) {
		const {group, kind} = resourceSpec;
		const {name} = object.metadata;
		const [field] = invalid;
		const [reason, message] =
			field === 'spec.replicas'
				? ['FieldValueInvalid', 'Invalid value: must be greater than or equal to 0']
				: ['FieldValueRequired', 'Required value'];
		throw new ApiFailure(422, 'Invalid', `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${field}: ${message}`, {
			details: {name, ...(group !== '' && {group}), kind, causes: [{reason, message, field}]},
		});
	}

	return object;
}

type Requirement = [field: string, isMet: boolean];

function requirements({name, group}: Named, spec: unknown): Requirement[] {
	if (name === 'pods') {
		return podRequirements(spec, 'spec');
	}

	if (name !== 'jobs' && group !== 'apps') {
		return name === 'services' ? [['spec', isJsonObject(spec)]] : [];
	}

	const template = memberOf(spec, 'template');
	const replicas = memberOf(spec, 'replicas') ?? 1;
	const ofSet: Requirement[] = [
		['spec.selector', isJsonObject(memberOf(spec, 'selector'))],
		['spec.template.metadata.labels', isJsonObject(memberOf(memberOf(template, 'metadata'), 'labels'))],
		['spec.replicas', Number.isSafeInteger(replicas) && Number(replicas) >= 0],
	];
	return [
		['spec.template', isJsonObject(template)],
		...(group === 'apps' ? ofSet : []),
		...podRequirements(memberOf(template, 'spec'), 'spec.template.spec'),
	];
}

function podRequirements(spec: unknown, path: string): Requirement[] {
	return ['containers', 'initContainers', 'ephemeralContainers'].flatMap(list => {
		const containers = memberOf(spec, list) ?? (list === 'containers' ? undefined : []);
		const isList = Array.isArray(containers) && (list !== 'containers' || containers.length > 0);
		const named = (isList ? (containers as unknown[]) : []).flatMap((container, index) =>
			['name', 'image'].map((field): Requirement => {
				const value = memberOf(container, field);
				return [`${path}.${list}[${index}].${field}`, typeof value === 'string' && value !== ''];
			}),
		);
		return [[`${path}.${list}`, isList] satisfies Requirement, ...named];
	});
}

function memberOf(value: unknown, name: string): unknown {
	return isJsonObject(value) ? value[name] : undefined;
}

/** Watches. */
export function watchObjects(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): void {
	const {
		response,
		info: {query, namespace},
	} = exchange;
	const selected = selection(exchange);
	const matches: Match = object =>
		selected(object) && (!resourceSpec.namespaced || namespace === undefined || object.metadata.namespace === namespace);
	const includeObject = tableObject(exchange);
	const asTable = includeObject !== undefined;
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
		send(type, asTable ? tableOf(resourceSpec.name, [object], {resourceVersion}, {includeObject, withColumns}) : object);
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
