/** Get and list. */
import type {ObjectStore} from '../objects/object-store.ts';
import {apiVersionOf, type StoredResource} from '../objects/resource-specs.ts';
import {parseFieldSelector, parseLabelSelector, type Match} from '../objects/selectors.ts';
import {tableOf} from '../objects/tables.ts';
import {sendJson, type Exchange} from './exchange.ts';
import {badRequest, notFound} from './status.ts';

/** Whether the client requests a Table; otherwise it gets objects. */
export function wantsTable({
	request: {
		headers: {accept = ''},
	},
}: Exchange): boolean {
	return accept.split(',', 1)[0]!.includes('as=Table');
}

/** Of what the rows of a Table have as their object. */
export function includedObject({info: {query}}: Exchange): string {
	return query.get('includeObject') ?? 'Metadata';
}

export function getObject(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): void {
	const {namespace, name} = exchange.info;
	const object = store.get(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined, name!);
	if (!object) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	if (wantsTable(exchange)) {
		const metadata = {resourceVersion: object.metadata.resourceVersion};
		sendJson(exchange, tableOf(resourceSpec.name, [object], metadata, {includeObject: includedObject(exchange)}));
	} else {
		sendJson(exchange, object);
	}
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
	if (wantsTable(exchange)) {
		sendJson(exchange, tableOf(resourceSpec.name, page, metadata, {includeObject: includedObject(exchange)}));
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
