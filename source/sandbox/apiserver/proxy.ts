/** Requests that the apiserver passes on: the proxy to nodes, pods and services, and what streams of pods share with it. */
import {type IncomingHttpHeaders, type IncomingMessage, request as httpRequest, STATUS_CODES} from 'node:http';
import type {Duplex} from 'node:stream';
import type {HostPort} from '../network/address-plan.ts';
import {destroyWithClient, joinStreams, type Upgrade} from '../network/sockets.ts';
import {DialError, openTls} from '../tunnels/dial.ts';
import type {Apiserver} from './apiserver.ts';
import {type Exchange, ApiFailure, type RequestInfo, badRequest, notFound} from './exchange.ts';

export type InfoUpgrade = Upgrade & {info: RequestInfo};

/** `kubelet` uses the apiserver's client certificate and CA; others are never verified. */
type ProxyTarget = {to: HostPort; transport: 'http' | 'https' | 'kubelet'};

const hopHeaders = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade'];
const credentialHeaders = ['authorization', 'impersonate-user', 'impersonate-group', 'impersonate-uid'];

/** @see apimachinery/pkg/util/proxy/upgradeaware.go */
export async function proxyRequest(exchange: Exchange, server: Apiserver): Promise<void> {
	const {request, response, info} = exchange;
	const target = proxyTarget(info, server);
	if (info.rest === '' && (request.method === 'GET' || request.method === 'HEAD')) {
		response.writeHead(301, {location: `${info.path}/${info.query.size > 0 ? `?${info.query.toString()}` : ''}`}).end();
		return;
	}

	const headers = {...forwardable(request.headers), host: hostOf(target.to), connection: 'close'};
	const answer = await requestBackend(exchange, await openBackend(target, server), backendPath(info), headers).catch((error: unknown) => {
		throw error instanceof DialError ? unreachable(error.message) : error;
	});
	const {location, ...rest} = without(answer.headers, hopHeaders);
	const prefix = info.path.slice(0, info.path.length - info.rest.length);
	response.writeHead(answer.statusCode!, {
		...rest,
		...(location !== undefined && {location: location.startsWith('/') ? `${prefix}${location}` : location}),
	});
	response.flushHeaders();
	answer
		.on('error', () => {
			response.destroy();
		})
		.pipe(response);
}

export async function proxyUpgrade(upgrade: InfoUpgrade, server: Apiserver): Promise<void> {
	const {info, request} = upgrade;
	const target = proxyTarget(info, server);
	const headers = {...forwardable(request.headers), host: hostOf(target.to), connection: 'upgrade', upgrade: request.headers.upgrade};
	await relayUpgrade(upgrade, await openBackend(target, server), backendPath(info), headers);
}

/** Sends the client's method and body, on a connection that ends with the client. @throws DialError */
export async function requestBackend(
	{request, response}: Exchange,
	backend: Duplex,
	path: string,
	headers: IncomingHttpHeaders,
): Promise<IncomingMessage> {
	const {promise, resolve, reject} = Promise.withResolvers<IncomingMessage>();
	const sent = httpRequest({createConnection: () => backend, method: request.method!, path, headers});
	sent.on('response', resolve).on('error', () => {
		reject(new DialError('EOF'));
	});
	destroyWithClient(response, backend);
	request.pipe(sent);
	return promise;
}

/** Other responses than the upgrade are relayed, too. */
export async function relayUpgrade(
	{request, socket, head}: Upgrade,
	backend: Duplex,
	path: string,
	headers: IncomingHttpHeaders,
): Promise<void> {
	const {promise, resolve} = Promise.withResolvers<void>();
	const sent = httpRequest({createConnection: () => backend, method: request.method!, path, headers});
	destroyWithClient(socket, backend);
	sent.on('upgrade', (answer, upgraded, first) => {
		socket.write(headText(answer));
		socket.write(first);
		upgraded.write(head);
		joinStreams(socket, upgraded);
		resolve();
	});
	sent.on('response', answer => {
		socket.write(headText(answer, 'connection: close\r\n'));
		answer.pipe(socket);
		resolve();
	});
	sent.on('error', () => {
		socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
		resolve();
	});
	sent.end();
	await promise;
}

/** With `more` instead of what is for one hop: the body is decoded already. */
function headText({statusCode, rawHeaders}: IncomingMessage, more?: string): string {
	let text = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode!]}\r\n`;
	for (let index = 0; index < rawHeaders.length; index += 2) {
		if (more === undefined || !hopHeaders.includes(rawHeaders[index]!.toLowerCase())) {
			text += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
		}
	}

	return `${text}${more ?? ''}\r\n`;
}

async function openBackend({to, transport}: ProxyTarget, {dial, trust}: Apiserver): Promise<Duplex> {
	try {
		return transport === 'http'
			? await dial(to)
			: await openTls(dial, to, transport === 'kubelet' ? trust : {authority: null, identity: null}, 10_000);
	} catch (error) {
		throw unreachable((error as Error).message);
	}
}

function unreachable(text: string): ApiFailure {
	return new ApiFailure(503, 'ServiceUnavailable', `error trying to reach service: ${text}`);
}

export function hostOf({address, port}: HostPort): string {
	return `${address}:${port}`;
}

function backendPath({rest, query}: RequestInfo): string {
	return `${rest === '' ? '/' : rest}${query.size > 0 ? `?${query.toString()}` : ''}`;
}

function forwardable(headers: IncomingHttpHeaders): IncomingHttpHeaders {
	return without(headers, [...hopHeaders, ...credentialHeaders]);
}

function without(headers: IncomingHttpHeaders, names: readonly string[]): IncomingHttpHeaders {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

/** @see apimachinery/pkg/util/net/port_split.go and pkg/registry/core/{node,pod,service} */
function proxyTarget({resource, namespace, name: id = ''}: RequestInfo, server: Apiserver): ProxyTarget {
	const parts = id.split(':');
	const [scheme, name, port] = parts.length === 3 ? (parts as [string, string, string]) : ['', parts[0]!, parts[1] ?? ''];
	if (parts.length > 3 || !['', 'http', 'https'].includes(scheme) || name === '') {
		throw badRequest(`invalid ${resource.slice(0, -1)} request ${JSON.stringify(id)}`);
	}

	const transport = scheme === 'https' ? 'https' : 'http';
	if (resource === 'nodes') {
		const kubelet = server.kubeletOf(name);
		return port === '' || Number(port) === kubelet.port
			? {to: kubelet, transport: 'kubelet'}
			: {to: {address: kubelet.address, port: numeric(port)}, transport};
	}

	const choices = resource === 'pods' ? [podAddress(server, namespace!, name, port, transport)] : endpoints(server, namespace!, name, port);
	return {to: choices[Math.floor(Math.random() * choices.length)]!, transport};
}

function podAddress({config: {store}}: Apiserver, namespace: string, name: string, port: string, transport: 'http' | 'https'): HostPort {
	const pod = store.get('pods', namespace, name);
	if (!pod) {
		throw notFound('pods', '', name);
	}

	const [first] = pod.spec.containers.flatMap(container => container.ports ?? []);
	const usual = first?.containerPort ?? (transport === 'https' ? 443 : 80);
	return {address: pod.status!.podIP!, port: port === '' ? usual : numeric(port)};
}

function endpoints({config: {store}}: Apiserver, namespace: string, name: string, port: string): HostPort[] {
	const service = store.get('services', namespace, name);
	if (!service) {
		throw notFound('services', '', name);
	}

	const portName = /^\d+$/.test(port) ? (service.spec.ports?.find(({port: number}) => number === Number(port))?.name ?? '') : port;
	const choices = store
		.list('endpointslices', namespace)
		.filter(({metadata}) => metadata.labels?.['kubernetes.io/service-name'] === name)
		.flatMap(({endpoints = [], ports = []}) => {
			const open = ports.filter(({name: own}) => own === portName);
			const ready = endpoints.filter(({conditions}) => conditions?.ready);
			return open.flatMap(({port: number}) => ready.map(({addresses}) => ({address: addresses[0]!, port: number!})));
		});
	if (choices.length === 0) {
		const text = JSON.stringify(port === '' ? name : `${name}:${port}`);
		throw new ApiFailure(503, 'ServiceUnavailable', `no endpoints available for service ${text}`);
	}

	return choices;
}

function numeric(port: string): number {
	const number = Number(port);
	if (!Number.isSafeInteger(number) || number < 1 || number > 65_535) {
		throw badRequest(`invalid port ${JSON.stringify(port)}`);
	}

	return number;
}
