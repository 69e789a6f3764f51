/** Apiserver proxy to nodes, pods and services. */
import {type IncomingHttpHeaders, request as httpRequest} from 'node:http';
import type {Duplex} from 'node:stream';
import {destroyWithClient} from '../network/join-streams.ts';
import type {ApiserverProcess} from './apiserver.ts';
import {type Exchange, ApiFailure, type RequestInfo, badRequest, notFound} from './exchange.ts';
import {openTls} from '../tunnels/dial.ts';
import {relayUpgrade, type Upgrade} from './pod-streams.ts';
import type {HostPort} from '../network/address-plan.ts';
import type {ObjectStore} from '../objects/object-store.ts';

/** `kubelet` uses the apiserver's client certificate and CA; others are never verified. */
type ProxyTarget = {to: HostPort; transport: 'http' | 'https' | 'kubelet'};

/** @see apimachinery/pkg/util/proxy/upgradeaware.go */
export async function proxyRequest({request, response, info}: Exchange, server: ApiserverProcess): Promise<void> {
	const target = proxyTarget(info, server);
	if (info.rest === '' && (request.method === 'GET' || request.method === 'HEAD')) {
		response.writeHead(301, {location: `${info.path}/${info.query.size > 0 ? `?${info.query.toString()}` : ''}`}).end();
		return;
	}

	const backend = await openBackend(target, server);
	const sent = httpRequest({
		createConnection: () => backend,
		method: request.method ?? 'GET',
		path: backendPath(info),
		headers: {...forwardable(request.headers), host: `${target.to.address}:${target.to.port}`, connection: 'close'},
	});
	const prefix = info.path.slice(0, info.path.length - info.rest.length);
	sent.on('response', answer => {
		const {location, ...headers} = answer.headers;
		response.writeHead(answer.statusCode ?? 502, {
			...without(headers, 'connection', 'keep-alive', 'transfer-encoding'),
			...(location !== undefined && {location: location.startsWith('/') ? `${prefix}${location}` : location}),
		});
		response.flushHeaders();
		answer
			.on('error', () => {
				response.destroy();
			})
			.pipe(response);
	});
	sent.on('error', () => {
		if (response.headersSent) {
			response.destroy();
		} else {
			const {status} = unreachable('EOF');
			response.writeHead(503, {'content-type': 'application/json'}).end(`${JSON.stringify(status)}\n`);
		}
	});
	destroyWithClient(response, backend);
	request.pipe(sent);
}

export async function proxyUpgrade(upgrade: Upgrade, server: ApiserverProcess): Promise<void> {
	const target = proxyTarget(upgrade.info, server);
	const backend = await openBackend(target, server);
	await relayUpgrade(upgrade, backend, backendPath(upgrade.info), {
		...forwardable(upgrade.request.headers),
		host: `${target.to.address}:${target.to.port}`,
		connection: 'upgrade',
		upgrade: upgrade.request.headers.upgrade,
	});
}

async function openBackend({to, transport}: ProxyTarget, server: ApiserverProcess): Promise<Duplex> {
	try {
		if (transport === 'http') {
			return await server.dial(to);
		}

		return await openTls(server.dial, to, transport === 'kubelet' ? server.trust : {authority: null, identity: null}, 10_000);
	} catch (error) {
		throw unreachable((error as Error).message);
	}
}

function unreachable(text: string): ApiFailure {
	return new ApiFailure(503, 'ServiceUnavailable', `error trying to reach service: ${text}`);
}

function backendPath({rest, query}: RequestInfo): string {
	return `${rest === '' ? '/' : rest}${query.size > 0 ? `?${query.toString()}` : ''}`;
}

/** Omits the user's credentials. */
function forwardable(headers: IncomingHttpHeaders): IncomingHttpHeaders {
	return without(
		headers,
		'authorization',
		'connection',
		'upgrade',
		'keep-alive',
		'impersonate-user',
		'impersonate-group',
		'impersonate-uid',
	);
}

function without(headers: IncomingHttpHeaders, ...names: string[]): IncomingHttpHeaders {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

/** @see apimachinery/pkg/util/net/port_split.go and pkg/registry/core/{node,pod,service} */
function proxyTarget({resource, namespace, name: id = ''}: RequestInfo, server: ApiserverProcess): ProxyTarget {
	const singular = resource.slice(0, -1);
	const parts = id.split(':');
	const [scheme, name, port] = parts.length === 3 ? (parts as [string, string, string]) : ['', parts[0]!, parts[1] ?? ''];
	if (parts.length > 3 || !['', 'http', 'https'].includes(scheme) || name === '') {
		throw badRequest(`invalid ${singular} request ${JSON.stringify(id)}`);
	}

	const transport = scheme === 'https' ? 'https' : 'http';
	if (resource === 'nodes') {
		const kubelet = server.kubeletOf(name);
		return port === '' || Number(port) === kubelet.port
			? {to: kubelet, transport: 'kubelet'}
			: {to: {address: kubelet.address, port: numeric(port)}, transport};
	}

	return resource === 'pods'
		? podTarget(server.store, String(namespace), name, port, transport)
		: serviceTarget(server.store, String(namespace), name, port, transport);
}

function podTarget(store: ObjectStore, namespace: string, name: string, port: string, transport: 'http' | 'https'): ProxyTarget {
	const pod = store.get('pods', namespace, name);
	if (!pod) {
		throw notFound('pods', '', name);
	}

	const ports = pod.spec.containers.flatMap(container => container.ports ?? []);
	const first = ports[0]?.containerPort ?? (transport === 'https' ? 443 : 80);
	return {to: {address: pod.status!.podIP!, port: port === '' ? first : numeric(port)}, transport};
}

function serviceTarget(store: ObjectStore, namespace: string, name: string, port: string, transport: 'http' | 'https'): ProxyTarget {
	const service = store.get('services', namespace, name);
	if (!service) {
		throw notFound('services', '', name);
	}

	const ports = service.spec.ports ?? [];
	const portName = /^\d+$/.test(port) ? (ports.find(({port: number}) => number === Number(port))?.name ?? '') : port;
	const slices = store.list('endpointslices', namespace).filter(({metadata}) => metadata.labels?.['kubernetes.io/service-name'] === name);
	const choices = slices.flatMap(({endpoints = [], ports: open = []}) =>
		open
			.filter(({name: own}) => own === portName)
			.flatMap(({port: number}) =>
				endpoints.filter(({conditions}) => conditions?.ready).flatMap(({addresses}) => ({address: addresses[0]!, port: number!})),
			),
	);
	if (choices.length === 0) {
		throw new ApiFailure(
			503,
			'ServiceUnavailable',
			`no endpoints available for service ${JSON.stringify(port === '' ? name : `${name}:${port}`)}`,
		);
	}

	return {to: choices[Math.floor(Math.random() * choices.length)]!, transport};
}

function numeric(port: string): number {
	const number = Number(port);
	if (!Number.isSafeInteger(number) || number < 1 || number > 65_535) {
		throw badRequest(`invalid port ${JSON.stringify(port)}`);
	}

	return number;
}
