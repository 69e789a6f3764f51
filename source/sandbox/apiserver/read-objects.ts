/** Get and list. */
import type {V1ListMeta} from '@kubernetes/client-node';
import type {Json} from '../../wire/json.ts';
import type {KubeObject} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {apiVersionOf, type StoredResource} from '../objects/resource-specs.ts';
import {parseFieldSelector, parseLabelSelector, type Match} from '../objects/selectors.ts';
import {partialMetadata, tableOf} from '../objects/tables.ts';
import {sendJson, type Exchange} from './exchange.ts';
import {ApiFailure, badRequest, notFound} from './status.ts';

export type Shape = 'object' | 'table' | 'metadata';

export function shapeOf({
	request: {
		headers: {accept = ''},
	},
}: Exchange): Shape {
	const first = accept.split(',').find(part => part.includes('json') || part.includes('*/*')) ?? '';
	if (first.includes('as=Table')) {
		return 'table';
	}

	return first.includes('as=PartialObjectMetadata') ? 'metadata' : 'object';
}

export function contentTypeOf(shape: Shape): string {
	return shape === 'object'
		? 'application/json'
		: `application/json;as=${shape === 'table' ? 'Table' : 'PartialObjectMetadata'};v=v1;g=meta.k8s.io`;
}

export function getObject(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): void {
	const {namespace, name} = exchange.info;
	const object = store.get(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined, name!);
	if (!object) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	const shape = shapeOf(exchange);
	const includeObject = exchange.info.query.get('includeObject') ?? 'Metadata';
	if (shape === 'table') {
		sendJson(exchange, tableOf(resourceSpec.name, [object], {resourceVersion: object.metadata.resourceVersion}, {includeObject}));
	} else {
		sendJson(exchange, shape === 'metadata' ? partialMetadata(object) : object);
	}
}

export function listObjects(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): void {
	const {namespace, query} = exchange.info;
	const matches = selection(exchange);
	const all = store.list(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined).filter(object => matches(object));
	const {page, metadata} = selectPage(all, query, store);
	const shape = shapeOf(exchange);
	if (shape === 'table') {
		sendJson(exchange, tableOf(resourceSpec.name, page, metadata, {includeObject: query.get('includeObject') ?? 'Metadata'}));
	} else if (shape === 'metadata') {
		sendJson(exchange, {
			kind: 'PartialObjectMetadataList',
			apiVersion: 'meta.k8s.io/v1',
			metadata,
			items: page.map(object => partialMetadata(object)),
		});
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

export function selection({info: {query, name}}: Exchange): Match {
	const labels = parseLabelSelector(query.get('labelSelector') ?? '');
	const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
	if (!labels || !fields) {
		const text = query.get(labels ? 'fieldSelector' : 'labelSelector')!;
		throw badRequest(`unable to parse requirement: found '${text}', expected: a selector`);
	}

	return object => labels(object) && fields(object) && (name === undefined || object.metadata.name === name);
}

type Continue = {v: 'meta.k8s.io/v1'; rv: number; start: string};

function selectPage<T extends KubeObject>(
	all: readonly T[],
	query: URLSearchParams,
	store: ObjectStore,
): {page: readonly T[]; metadata: Json<V1ListMeta>} {
	const limit = Number(query.get('limit') ?? 0);
	const token = query.get('continue');
	let {revision} = store;
	let rest = all;
	if (token) {
		const {rv, start} = parseContinue(token);
		if (store.changesSince(rv) === undefined) {
			throw new ApiFailure(
				410,
				'Expired',
				'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
				{},
			);
		}

		revision = rv;
		rest = all.filter(object => keyOf(object) > start);
	}

	const page = limit > 0 ? rest.slice(0, limit) : rest;
	const remaining = rest.length - page.length;
	const next = (): Continue => ({v: 'meta.k8s.io/v1', rv: revision, start: keyOf(page.at(-1)!)});
	return {
		page,
		metadata: {
			resourceVersion: String(revision),
			...(remaining > 0 && {continue: Buffer.from(JSON.stringify(next())).toString('base64url'), remainingItemCount: remaining}),
		},
	};
}

function parseContinue(token: string): Continue {
	try {
		return JSON.parse(Buffer.from(token, 'base64url').toString()) as Continue;
	} catch {
		throw badRequest('continue key is not valid: invalid continue token');
	}
}

function keyOf({metadata: {namespace = '', name}}: KubeObject): string {
	return `${namespace}/${name}`;
}
