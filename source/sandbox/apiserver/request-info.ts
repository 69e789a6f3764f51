/** Derives request attributes from method and path. @see apiserver/pkg/endpoints/request/requestinfo.go */
import {decodePart} from '../network/request-url.ts';

export type RequestInfo = {
	isResource: boolean;
	path: string;
	verb: string;
	group: string;
	version: string;
	resource: string;
	subresource: string;
	namespace: string | undefined;
	name: string | undefined;
	/** The URL path after `proxy`, percent-encoded, with its leading slash. */
	rest: string;
	query: URLSearchParams;
};

const verbs: Readonly<Record<string, string>> = {
	GET: 'get',
	HEAD: 'get',
	POST: 'create',
	PUT: 'update',
	PATCH: 'patch',
	DELETE: 'delete',
	OPTIONS: '',
};

export function requestInfo(method: string, url: string): RequestInfo {
	const queryAt = url.indexOf('?');
	const path = queryAt < 0 ? url : url.slice(0, queryAt);
	const query = new URLSearchParams(queryAt < 0 ? '' : url.slice(queryAt + 1));
	const nonResource: RequestInfo = {
		isResource: false,
		path,
		verb: nonResourceVerb(method),
		group: '',
		version: '',
		resource: '',
		subresource: '',
		namespace: undefined,
		name: undefined,
		rest: '',
		query,
	};
	const parts = path.split('/').slice(1);
	const group = parts[0] === 'api' ? '' : parts[0] === 'apis' ? parts[1] : undefined;
	const afterGroup = parts.slice(parts[0] === 'api' ? 1 : 2);
	const [version, ...own] = afterGroup;
	if (group === undefined || version === undefined || own.length === 0 || own[0] === '') {
		return nonResource;
	}

	let namespace: string | undefined;
	let names = own;
	if (own[0] === 'namespaces' && own[1] !== undefined && own[1] !== '') {
		namespace = decodePart(own[1]);
		names = own.length > 2 ? own.slice(2) : own;
	}

	const [resource = '', name, subresource = '', ...rest] = names;
	const named = name === undefined || name === '' ? undefined : decodePart(name);
	const verb = named === undefined ? verbOfMany(verbOf(method), query) : verbOf(method);
	return {
		isResource: true,
		path,
		verb,
		group,
		version,
		resource: decodePart(resource),
		subresource,
		namespace,
		name: named,
		rest: rest.length > 0 ? `/${rest.join('/')}` : '',
		query,
	};
}

function verbOf(method: string): string {
	return verbs[method] ?? method.toLowerCase();
}

function nonResourceVerb(method: string): string {
	if (method === 'HEAD') {
		return 'head';
	}

	return verbs[method] === 'create' ? 'post' : verbOf(method);
}

function verbOfMany(verb: string, query: URLSearchParams): string {
	switch (verb) {
		case 'get': {
			return ['true', '1'].includes(query.get('watch') ?? '') ? 'watch' : 'list';
		}

		case 'delete': {
			return 'deletecollection';
		}

		default: {
			return verb;
		}
	}
}
