/** Paged lists of a resource. */
import type {ErrorCode} from '../base/errors/error-table.ts';
import {SpokeError, toSpokeError} from '../base/errors/spoke-error.ts';
import {maxErrorBytes, maxObjectBytes, readFully} from './transport/response-body.ts';
import {requestAttributes, errorFromResponse} from './error-from-response.ts';
import type {ClusterClient, ApiResponse} from './cluster-client.ts';
import type {CheckedListMetadata, CheckedMetadata} from './object-shapes.ts';
import {parseObject} from './read-json-response.ts';

export type ListOptions = {
	path: string;
	labelSelector?: string;
	fieldSelector?: string;
	/** Default 500. 5,000 is fastest for table rows. */
	pageSize?: number;
	/** `table`: `object` is null; `table-metadata`: it has only metadata. Default `objects`. */
	as?: 'objects' | 'table' | 'table-metadata';
	signal?: AbortSignal;
};

export type TableRow = {
	cells: readonly unknown[];
	/** A terminated pod has the condition type `Completed`, whose `reason` is the phase. */
	conditions?: ReadonlyArray<{type: string; status: string; reason?: string}>;
	object: {metadata: CheckedMetadata} | null;
};
export type TableColumn = {name: string; type: string; format: string; priority: number};

export type ListPage<Item> = {
	items: readonly Item[];
	columns: readonly TableColumn[] | null;
	resourceVersion: string;
	remaining: number | null;
	/** Of its response. */
	connection: ApiResponse['connection'];
	/** Discard earlier pages: the continue token expired. */
	restarted: boolean;
};

const defaultPageSize = 500;

const maxRestarts = 3;

/**
@see https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
@throws SpokeError by `errorFromResponse`
*/
export async function* listPages<Item>(cluster: ClusterClient, options: ListOptions): AsyncGenerator<ListPage<Item>> {
	let token = '';
	let restarts = 0;
	let restarted = false;
	do {
		const response = await readPage<Item>(cluster, options, token);
		if (response === 'expired') {
			restarts++;
			if (restarts > maxRestarts) {
				throw new SpokeError('ERR_APISERVER_ANSWER', `the list of ${options.path} expired ${restarts} times before it was complete`);
			}

			token = '';
			restarted = true;
			continue;
		}

		yield {...response.page, restarted};
		restarted = false;
		token = response.token;
	} while (token !== '' || restarted);
}

/** @throws SpokeError by `errorFromResponse` */
export async function listAll<Item>(
	cluster: ClusterClient,
	options: ListOptions,
): Promise<{items: Item[]; columns: readonly TableColumn[] | null; resourceVersion: string}> {
	let items: Item[] = [];
	let columns: readonly TableColumn[] | null = null;
	let resourceVersion = '';
	for await (const page of listPages<Item>(cluster, options)) {
		if (page.restarted) {
			items = [];
		}

		for (const item of page.items) {
			items.push(item);
		}

		columns ??= page.columns;
		resourceVersion = page.resourceVersion;
	}

	return {items, columns, resourceVersion};
}

/** @throws SpokeError by `errorFromResponse` */
export async function readFirstPage<Item>(cluster: ClusterClient, options: ListOptions): Promise<ListPage<Item>> {
	for await (const page of listPages<Item>(cluster, options)) {
		return page;
	}

	throw new SpokeError('ERR_APISERVER_ANSWER', `the list of ${options.path} has no page`);
}

export function acceptHeader(as: ListOptions['as']): string {
	return isTable(as) ? 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' : 'application/json';
}

export function isTable(as: ListOptions['as']): boolean {
	return as === 'table' || as === 'table-metadata';
}

export function listQuery({labelSelector, fieldSelector, as}: ListOptions): URLSearchParams {
	const query = new URLSearchParams();
	if (labelSelector) {
		query.set('labelSelector', labelSelector);
	}

	if (fieldSelector) {
		query.set('fieldSelector', fieldSelector);
	}

	if (isTable(as)) {
		query.set('includeObject', as === 'table' ? 'None' : 'Metadata');
	}

	return query;
}

type ListBody = {
	items?: unknown[];
	rows?: unknown[];
	columnDefinitions?: TableColumn[];
	metadata?: CheckedListMetadata;
};

async function readPage<Item>(
	cluster: ClusterClient,
	options: ListOptions,
	token: string,
): Promise<'expired' | {page: Omit<ListPage<Item>, 'restarted'>; token: string}> {
	const query = listQuery(options);
	query.set('limit', String(options.pageSize ?? defaultPageSize));
	if (token !== '') {
		query.set('continue', token);
	}

	const response = await cluster.request({
		path: `${options.path}?${query.toString()}`,
		headers: {accept: acceptHeader(options.as)},
		whole: true,
		...(options.signal && {signal: options.signal}),
	});
	const maxBytes = response.status === 200 ? maxObjectBytes : maxErrorBytes;
	const body = (await readFully(response.body, maxBytes, options.path)).toString('utf8');
	if (response.status === 410 && token !== '') {
		return 'expired';
	}

	if (response.status !== 200) {
		throw errorFromResponse({...response, body}, {...requestAttributes('GET', options.path), identity: cluster.facts});
	}

	const list = parseObject(
		body,
		{path: options.path, ...(isTable(options.as) && {form: 'table'})},
		`the list of ${options.path}`,
	) as ListBody;
	return {
		token: list.metadata?.continue ?? '',
		page: {
			items: (list.rows ?? list.items ?? []) as Item[],
			columns: list.columnDefinitions ?? null,
			resourceVersion: list.metadata?.resourceVersion ?? '',
			remaining: list.metadata?.remainingItemCount ?? null,
			connection: response.connection,
		},
	};
}

/** `null` without permission. @throws SpokeError for any other failure, including ERR_NOT_FOUND */
export async function readIfAllowed<T>(cluster: Pick<ClusterClient, 'json'>, path: string, signal?: AbortSignal): Promise<T | null> {
	return ifAllowed(async () => cluster.json<T>({path, ...(signal && {signal})}));
}

/** `null` without permission. @throws any other failure of `read` */
export async function ifAllowed<T>(read: () => Promise<T>): Promise<T | null> {
	return unless('ERR_FORBIDDEN', read);
}

/** `null` if there is no such object. @throws any other failure of `read` */
export async function ifFound<T>(read: () => Promise<T>): Promise<T | null> {
	return unless('ERR_NOT_FOUND', read);
}

async function unless<T>(code: ErrorCode, read: () => Promise<T>): Promise<T | null> {
	try {
		return await read();
	} catch (thrown) {
		if (toSpokeError(thrown).code === code) {
			return null;
		}

		throw thrown;
	}
}
