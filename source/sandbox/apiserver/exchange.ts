/** HTTP exchange: a request, its attributes, and its response or Status. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {json} from 'node:stream/consumers';
import type {V1Status, V1StatusDetails} from '@kubernetes/client-node';
import {isJsonObject, type JsonObject, type Json} from '../../wire/json.ts';
import type {UserInfo} from './users.ts';
import {decodePart} from '../network/request-url.ts';

export type Exchange = {request: IncomingMessage; response: ServerResponse; info: RequestInfo; identity: UserInfo};

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

export function sendJson(exchange: Pick<Exchange, 'response'>, body: object, status = 200, contentType = 'application/json'): void {
	sendText(exchange, `${JSON.stringify(body)}\n`, status, contentType);
}

export function sendText(
	{response}: Pick<Exchange, 'response'>,
	text: string,
	status = 200,
	contentType = 'text/plain; charset=utf-8',
): void {
	response
		.writeHead(status, {
			'cache-control': 'no-cache, private',
			'content-type': contentType,
			'x-content-type-options': 'nosniff',
			'content-length': Buffer.byteLength(text),
		})
		.end(text);
}

export function sendFailure(exchange: Pick<Exchange, 'response'>, {code, status, headers}: ApiFailure): void {
	exchange.response.setHeaders(new Map(Object.entries(headers)));
	sendJson(exchange, status, code);
}

/** `undefined` if it is no JSON object. */
export async function readBody(request: IncomingMessage): Promise<JsonObject | undefined> {
	const body: unknown = await json(request).catch(() => undefined);
	return isJsonObject(body) ? body : undefined;
}

export class ApiFailure extends Error {
	readonly code: number;
	readonly status: Json<V1Status>;
	readonly headers: Readonly<Record<string, string>>;

	constructor(
		code: number,
		reason: string | undefined,
		message: string,
		{details, headers = {}}: {details?: Json<V1StatusDetails>; headers?: Record<string, string>} = {},
	) {
		super(message);
		this.code = code;
		this.headers = headers;
		this.status = {
			kind: 'Status',
			apiVersion: 'v1',
			metadata: {},
			status: 'Failure',
			message,
			...(reason !== undefined && {reason}),
			...(details !== undefined && {details}),
			code,
		};
	}
}

export function notFound(resource: string, group: string, name: string): ApiFailure {
	return new ApiFailure(404, 'NotFound', `${qualified(resource, group)} "${name}" not found`, {
		details: {name, ...(group !== '' && {group}), kind: resource},
	});
}

export function noSuchResource(): ApiFailure {
	return new ApiFailure(404, 'NotFound', 'the server could not find the requested resource', {details: {}});
}

export function badRequest(message: string): ApiFailure {
	return new ApiFailure(400, 'BadRequest', message);
}

/** A failure of leg 2; its Status has no reason. */
export function internalFailure(message: string): ApiFailure {
	return new ApiFailure(500, undefined, message);
}

/** @see apiserver/pkg/endpoints/handlers/responsewriters/errors.go */
export function forbidden(user: string, info: RequestInfo): ApiFailure {
	if (!info.isResource) {
		return new ApiFailure(403, 'Forbidden', `forbidden: User "${user}" cannot ${info.verb} path "${info.path}"`, {details: {}});
	}

	const {resource, subresource, group, name, namespace, verb} = info;
	const resourceName = subresource === '' ? resource : `${resource}/${subresource}`;
	const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
	const named = name === undefined ? '' : ` "${name}"`;
	return new ApiFailure(
		403,
		'Forbidden',
		`${qualified(resource, group)}${named} is forbidden: User "${user}" cannot ${verb} resource "${resourceName}" in API group "${group}" ${scope}`,
		{details: {...(name !== undefined && {name}), ...(group !== '' && {group}), kind: resource}},
	);
}

function qualified(resource: string, group: string): string {
	return group === '' ? resource : `${resource}.${group}`;
}

/** Derives request attributes from method and path. @see apiserver/pkg/endpoints/request/requestinfo.go */
export function requestInfo(method: string, url: string): RequestInfo {
	const [path = '', search = ''] = url.split(/\?(.*)/s, 2);
	const query = new URLSearchParams(search);
	const [root, ...parts] = path.split('/').slice(1);
	const [group, version, ...own] = root === 'apis' ? parts : ['', ...parts];
	const isResource = (root === 'api' || root === 'apis') && group !== undefined && version !== undefined && (own[0] ?? '') !== '';
	if (!isResource) {
		const none = {group: '', version: '', resource: '', subresource: '', namespace: undefined, name: undefined, rest: ''};
		return {isResource: false, path, verb: method.toLowerCase(), ...none, query};
	}

	const isNamespaced = own[0] === 'namespaces' && (own[1] ?? '') !== '';
	const [resource = '', name = '', subresource = '', ...rest] = isNamespaced && own.length > 2 ? own.slice(2) : own;
	const isMany = name === '' && ['GET', 'HEAD', 'DELETE'].includes(method);
	const isWatch = ['true', '1'].includes(query.get('watch') ?? '');
	return {
		isResource: true,
		path,
		verb: isMany ? (method === 'DELETE' ? 'deletecollection' : isWatch ? 'watch' : 'list') : (verbs[method] ?? method.toLowerCase()),
		group,
		version,
		resource: decodePart(resource),
		subresource,
		namespace: isNamespaced ? decodePart(own[1]!) : undefined,
		name: name === '' ? undefined : decodePart(name),
		rest: rest.length > 0 ? `/${rest.join('/')}` : '',
		query,
	};
}

const verbs: Readonly<Record<string, string>> = {GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update'};
