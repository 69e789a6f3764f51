/** Authentication, authorization and dispatch of requests. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {isJsonObject, type JsonObject} from '../../wire/json.ts';
import {noop, rejectUpgrade, type Upgrade} from '../network/sockets.ts';
import {apiTime, type Pod, findResource, isStored, type ResourceSpec, type StoredResource} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import type {Apiserver} from './apiserver.ts';
import {
	type Exchange,
	readBody,
	sendFailure,
	sendJson,
	ApiFailure,
	badRequest,
	forbidden,
	noSuchResource,
	notFound,
	requestInfo,
	type RequestInfo,
} from './exchange.ts';
import {serveNonResourcePath} from './non-resource-paths.ts';
import {getObject, listObjects, createObject, deleteObject, patchObject, watchObjects} from './objects.ts';
import {podLog, podStream} from './pod-streams.ts';
import {proxyRequest, proxyUpgrade} from './proxy.ts';
import {authenticate, isAllowed} from './users.ts';

const handlers: Readonly<Record<string, (exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource) => unknown>> = {
	get: getObject,
	list: listObjects,
	watch: watchObjects,
	create: createObject,
	patch: patchObject,
	delete: deleteObject,
};

const streams = ['exec', 'attach', 'portforward'];

export async function handleRequest(request: IncomingMessage, response: ServerResponse, server: Apiserver): Promise<void> {
	try {
		if (server.retryAfter > 0 && !request.url?.startsWith('/healthz')) {
			throw new ApiFailure(429, 'TooManyRequests', 'too many requests, please try again later', {
				headers: {'retry-after': String(server.retryAfter)},
				details: {retryAfterSeconds: server.retryAfter},
			});
		}

		const caller = identify(request, server);
		response.on('close', track(caller.info, server));
		await dispatchRequest({request, response, ...caller}, server);
	} catch (error) {
		if (response.headersSent) {
			response.destroy();
		} else {
			sendFailure({response}, toFailure(error));
		}
	}
}

export async function handleUpgrade(upgrade: Upgrade, server: Apiserver): Promise<void> {
	const {request, socket} = upgrade;
	socket.on('error', noop);
	try {
		const {info, identity} = identify(request, server);
		socket.on('close', track(info, server));
		const resourceSpec = resourceSpecOf(info);
		if (info.subresource === 'proxy') {
			await proxyUpgrade({...upgrade, info}, server);
		} else if (resourceSpec.name === 'pods' && streams.includes(info.subresource)) {
			// Since 1.35 a GET for a WebSocket also needs create; the refusal has no reason (measured).
			if (server.isModern && info.verb === 'get' && !isAllowed(identity, {...info, verb: 'create'})) {
				throw new ApiFailure(403, 'Forbidden', `pods "${info.name}" is forbidden: `, {details: {name: info.name!, kind: 'pods'}});
			}

			await podStream({...upgrade, info}, server, getPod(server, info));
		} else {
			throw badRequest('unable to upgrade: not a stream');
		}
	} catch (error) {
		const {code, status} = toFailure(error);
		rejectUpgrade(socket, {status: code, text: `${JSON.stringify(status)}\n`, contentType: 'application/json'});
	}
}

/** @throws ApiFailure 401 or 403 */
function identify(request: IncomingMessage, server: Apiserver): Pick<Exchange, 'info' | 'identity'> {
	const info = requestInfo(request.method!, request.url!);
	const identity = authenticate(request, server.authority, server.config.tokens);
	if (!isAllowed(identity, info)) {
		throw forbidden(identity.name, info);
	}

	return {info, identity};
}

async function dispatchRequest(exchange: Exchange, server: Apiserver): Promise<void> {
	const {info} = exchange;
	if (!info.isResource) {
		serveNonResourcePath(exchange, server);
		return;
	}

	const resourceSpec = resourceSpecOf(info);
	const {verb, subresource} = info;
	if (subresource !== '') {
		await serveSubresource(exchange, server, resourceSpec);
	} else if (!resourceSpec.verbs.includes(verb)) {
		throw new ApiFailure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {details: {}});
	} else if (isStored(resourceSpec)) {
		await handlers[verb]!(exchange, server.config.store, resourceSpec);
	} else {
		await review(exchange);
	}
}

async function serveSubresource(exchange: Exchange, server: Apiserver, resourceSpec: ResourceSpec): Promise<void> {
	const {info} = exchange;
	if (!isStored(resourceSpec) || resourceSpec.subresources.every(({name}) => name !== info.subresource)) {
		throw noSuchResource();
	}

	if (info.subresource === 'proxy') {
		await proxyRequest(exchange, server);
	} else if (info.subresource === 'log') {
		await podLog(exchange, server, getPod(server, info));
	} else if (streams.includes(info.subresource)) {
		throw badRequest('Upgrade request required');
	} else {
		await handlers[info.verb === 'patch' ? 'patch' : 'get']!(exchange, server.config.store, resourceSpec);
	}
}

function resourceSpecOf(info: RequestInfo): ResourceSpec {
	const resourceSpec = findResource(info.group, info.version, info.resource);
	// A cluster-scoped resource is not in a namespace, except the namespace itself.
	const isMisplaced = resourceSpec?.namespaced === false && info.namespace !== undefined && resourceSpec.name !== 'namespaces';
	if (!resourceSpec || isMisplaced || (info.subresource !== '' && info.name === undefined)) {
		throw noSuchResource();
	}

	return resourceSpec;
}

function getPod({config: {store}}: Apiserver, {namespace, name}: RequestInfo): Pod {
	const pod = store.get('pods', namespace, name!);
	if (!pod) {
		throw notFound('pods', '', name!);
	}

	return pod;
}

/** Counts until the returned function is called; streams have the verb CONNECT. */
function track(info: RequestInfo, server: Apiserver): () => void {
	const {subresource, group, version, resource, query} = info;
	const connects = [...streams, 'proxy', 'log'].includes(subresource);
	if (!info.isResource || (!connects && info.verb !== 'watch') || (subresource === 'log' && query.get('follow') !== 'true')) {
		return noop;
	}

	const scope = info.name === undefined ? (info.namespace === undefined ? 'cluster' : 'namespace') : 'resource';
	const labels = {component: 'apiserver', group, version, resource, subresource, scope, verb: connects ? 'CONNECT' : 'WATCH'};
	server.metrics.add('apiserver_longrunning_requests', labels);
	return () => {
		server.metrics.add('apiserver_longrunning_requests', labels, -1);
	};
}

function toFailure(error: unknown): ApiFailure {
	if (error instanceof ApiFailure) {
		return error;
	}

	const {message} = error as Error;
	return new ApiFailure(500, 'InternalError', `Internal error occurred: ${message}`, {details: {causes: [{message}]}});
}

/** @throws ApiFailure 400 for an invalid body */
async function review(exchange: Exchange): Promise<void> {
	const body = await readBody(exchange.request);
	if (!body) {
		throw badRequest('the object provided is unrecognized (must be of type JSON)');
	}

	sendJson(exchange, {...body, metadata: {creationTimestamp: apiTime()}, status: reviewStatus(exchange, body)}, 201);
}

function reviewStatus({identity, info: {resource}}: Exchange, {spec}: JsonObject): object {
	if (resource === 'selfsubjectreviews') {
		const {name, groups, credentialId} = identity;
		const extra = credentialId === undefined ? {} : {extra: {'authentication.kubernetes.io/credential-id': [credentialId]}};
		return {userInfo: {username: name, groups, ...extra}};
	}

	const {resourceAttributes, nonResourceAttributes} = isJsonObject(spec) ? spec : {};
	const {verb = '*', path, namespace, ...named} = (nonResourceAttributes ?? resourceAttributes ?? {}) as Readonly<Record<string, string>>;
	return {allowed: isAllowed(identity, {isResource: path === undefined, verb, path, namespace: namespace || undefined, ...named})};
}
