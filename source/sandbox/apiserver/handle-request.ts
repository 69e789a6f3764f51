/** Authentication, authorization and dispatch of requests. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {noop} from '../network/join-streams.ts';
import {isJsonObject, type JsonObject} from '../../wire/json.ts';
import {apiTime, type Pod, findResource, isStored, type ResourceSpec} from '../objects/kube-object.ts';
import type {ApiserverProcess} from './apiserver.ts';
import {isAllowed, type UserInfo} from './users.ts';
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
import {podLog, podStream} from './pod-streams.ts';
import {proxyRequest, proxyUpgrade} from './proxy.ts';
import {getObject, listObjects, createObject, deleteObject, patchObject, watchObjects} from './objects.ts';

type Authenticate = (request: IncomingMessage) => UserInfo;

const streams = ['exec', 'attach', 'portforward'];

export async function handleRequest(
	request: IncomingMessage,
	response: ServerResponse,
	server: ApiserverProcess,
	authenticate: Authenticate,
): Promise<void> {
	try {
		const info = requestInfo(request.method ?? 'GET', request.url ?? '/');
		const identity = authenticate(request);
		assertAllowed(identity, info);
		const untrack = track(info, server);
		response.on('close', untrack);
		await dispatchRequest({request, response, info, identity}, server);
	} catch (error) {
		if (response.headersSent) {
			response.destroy();
		} else {
			sendFailure({response}, toFailure(error));
		}
	}
}

export async function handleUpgrade(
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
	server: ApiserverProcess,
	authenticate: Authenticate,
): Promise<void> {
	socket.on('error', noop);
	try {
		const info = requestInfo(request.method ?? 'GET', request.url ?? '/');
		const identity = authenticate(request);
		assertAllowed(identity, info);
		socket.on('close', track(info, server));
		const resourceSpec = resourceSpecOf(info);
		if (info.subresource === 'proxy') {
			await proxyUpgrade({request, socket, head, info}, server);
		} else if (resourceSpec.name === 'pods' && streams.includes(info.subresource)) {
			// Since 1.35 a GET for a WebSocket also needs create; the refusal has no reason (measured).
			if (server.isModern && info.verb === 'get' && !isAllowed(identity, {...info, verb: 'create'})) {
				throw new ApiFailure(403, 'Forbidden', `pods "${info.name}" is forbidden: `, {details: {name: info.name!, kind: 'pods'}});
			}

			await podStream({request, socket, head, info}, server, getPod(server, info));
		} else {
			throw badRequest('unable to upgrade: not a stream');
		}
	} catch (error) {
		const {code, status} = toFailure(error);
		const body = `${JSON.stringify(status)}\n`;
		socket.end(
			[
				`HTTP/1.1 ${code} ${status.reason ?? 'Internal Server Error'}`,
				'Content-Type: application/json',
				'Cache-Control: no-cache, private',
				`Content-Length: ${Buffer.byteLength(body)}`,
				'Connection: close',
				'',
				body,
			].join('\r\n'),
		);
	}
}

async function dispatchRequest(exchange: Exchange, server: ApiserverProcess): Promise<void> {
	const {info, response} = exchange;
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
	} else if (!isStored(resourceSpec)) {
		await review(exchange);
	} else if (verb === 'watch') {
		watchObjects(exchange, server.store, resourceSpec);
	} else if (verb === 'list' || verb === 'get') {
		(verb === 'list' ? listObjects : getObject)(exchange, server.store, resourceSpec);
	} else {
		const write = {create: createObject, patch: patchObject, delete: deleteObject}[verb]!;
		await write(exchange, server.store, resourceSpec);
	}

	response.shouldKeepAlive = true;
}

async function serveSubresource(exchange: Exchange, server: ApiserverProcess, resourceSpec: ResourceSpec): Promise<void> {
	const {info} = exchange;
	const known = resourceSpec.subresources.find(({name}) => name === info.subresource);
	if (!known || !isStored(resourceSpec)) {
		throw noSuchResource();
	}

	if (info.subresource === 'proxy') {
		await proxyRequest(exchange, server);
		return;
	}

	if (info.subresource === 'log') {
		await podLog(exchange, server, getPod(server, info));
	} else if (streams.includes(info.subresource)) {
		throw badRequest('Upgrade request required');
	} else if (info.verb === 'patch') {
		await patchObject(exchange, server.store, resourceSpec);
	} else {
		getObject(exchange, server.store, resourceSpec);
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

function getPod({store}: ApiserverProcess, {namespace, name}: RequestInfo): Pod {
	const pod = store.get('pods', namespace, name!);
	if (!pod) {
		throw notFound('pods', '', name!);
	}

	return pod;
}

function assertAllowed(identity: UserInfo, info: RequestInfo): void {
	if (!isAllowed(identity, info)) {
		throw forbidden(identity.name, info);
	}
}

/** Counts until the returned function is called; streams have the verb CONNECT. */
function track(info: RequestInfo, server: ApiserverProcess): () => void {
	const {subresource, group, version, resource, query} = info;
	const connects = [...streams, 'proxy', 'log'].includes(subresource);
	if (!info.isResource || (!connects && info.verb !== 'watch') || (subresource === 'log' && query.get('follow') !== 'true')) {
		return () => {};
	}

	const scope = scopeOf(info);
	const labels = {component: 'apiserver', group, version, resource, subresource, scope, verb: connects ? 'CONNECT' : 'WATCH'};
	server.metrics.add('apiserver_longrunning_requests', labels);
	return () => {
		server.metrics.add('apiserver_longrunning_requests', labels, -1);
	};
}

function scopeOf({name, namespace}: RequestInfo): 'resource' | 'namespace' | 'cluster' {
	if (name !== undefined) {
		return 'resource';
	}

	return namespace === undefined ? 'cluster' : 'namespace';
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

	sendJson(exchange, {...body, metadata: {creationTimestamp: apiTime()}, status: reviewStatus(exchange, body)}, {status: 201});
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
