/** Requests to a kubelet: who may ask, logs of containers and of the node, upgrades, configuration. */
import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createWebSocketStream} from 'ws';
import type {TLSSocket} from 'node:tls';
import type {JsonObject} from '../../wire/json.ts';
import type {Container, LogFile, OutputStream, ReadOptions} from '../containers/container.ts';
import {noop} from '../network/join-streams.ts';
import {decodePart, requestUrl} from '../network/request-url.ts';
import {
	acceptChannels,
	acceptSpdy,
	acceptSpdyChannels,
	acceptWebSocket,
	parseStreamOptions,
	type Refusal,
	writeRefusal,
	type Upgrade,
} from './remote-streams.ts';
import type {Kubelet} from './kubelet.ts';
import type {PodRuntime} from './pod-runtime.ts';
import {servePortForward, runAttach, runExec} from './container-streams.ts';
import {SpdyServerSession} from './spdy-server-session.ts';
import {certificateIdentity} from '../certificates/cluster-issuer.ts';

/** Authorized subresource by the first path segment. */
const subresources: ReadonlyMap<string, string> = new Map([
	['configz', '[configz proxy]'],
	['healthz', '[healthz proxy]'],
	['logs', '[log]'],
	['metrics', '[metrics]'],
]);

export const apiserverIdentity = 'kube-apiserver-kubelet-client';

const unitNames = ['kubelet', 'containerd'];

type Entry = {at: Date; unit: string; text: string};

const files: ReadonlyMap<string, string> = new Map([
	['cni/calico.log', 'IPAM: the block of this node has 256 addresses\n'],
	['kube-proxy.log', 'I0101 00:00:00.000000       1 server.go:236] "Version info" version="v1.36.3"\n'],
]);

export async function serveRequest(kubelet: Kubelet, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const {pathname, searchParams} = requestUrl(request);
	const [, first = ''] = pathname.split('/', 2);
	const refused = authorizeCaller(request, kubelet);
	if (refused) {
		sendText(response, refused);
	} else if (first === 'containerLogs') {
		const found = findContainer(kubelet, pathname);
		if ('status' in found) {
			sendText(response, found);
		} else {
			await sendContainerLog(found.container, found.podName, searchParams, response);
		}
	} else if (first === 'logs') {
		serveNodeLogs(kubelet, {path: decodePart(pathname.slice('/logs/'.length)), query: searchParams}, response);
	} else {
		serveHttpEndpoint(kubelet, first, response);
	}
}

function serveHttpEndpoint(kubelet: Kubelet, path: string, response: ServerResponse): void {
	if (path === 'healthz') {
		sendText(response, {status: 200, text: 'ok'});
	} else if (path === 'configz') {
		response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(configz(kubelet)));
	} else {
		sendText(response, {status: 404, text: '404 page not found\n'});
	}
}

function sendText(response: ServerResponse, {status, text}: {status: number; text: string}): void {
	response.writeHead(status, {'content-type': 'text/plain; charset=utf-8'}).end(text);
}

/** WebSocket is GET, SPDY is POST. */
export async function serveUpgrade(kubelet: Kubelet, upgrade: Upgrade): Promise<void> {
	const {request, socket} = upgrade;
	socket.on('error', noop);
	const url = requestUrl(request);
	const [, first, namespace = '', podName = ''] = url.pathname.split('/', 4);
	const refused = authorizeCaller(request, kubelet);
	if (refused) {
		writeRefusal(socket, refused);
	} else if (first === 'portForward') {
		const pod = kubelet.pod(decodePart(namespace), decodePart(podName));
		if (pod) {
			await serveForward(kubelet, pod, upgrade);
		} else {
			writeRefusal(socket, {status: 404, text: 'pod does not exist'});
		}
	} else if (first === 'exec' || first === 'attach') {
		const found = findContainer(kubelet, url.pathname);
		if ('status' in found) {
			writeRefusal(socket, found);
		} else if (found.container.isRunning) {
			await serveStream(first, found.container, url.searchParams, upgrade);
		} else {
			// As an error of GetExec (pkg/kubelet/kubelet_pods.go) without a gRPC code, see streaming.WriteError.
			writeRefusal(socket, {status: 500, text: `container not found ("${found.container.name}")`});
		}
	} else {
		writeRefusal(socket, {status: 404, text: '404 page not found\n'});
	}
}

async function serveStream(kind: 'exec' | 'attach', container: Container, query: URLSearchParams, upgrade: Upgrade): Promise<void> {
	const options = parseStreamOptions(query);
	const isWebSocket = isWebSocketUpgrade(upgrade);
	const remote = await (isWebSocket ? acceptChannels(upgrade, options) : acceptSpdyChannels(upgrade, options));
	if (!remote) {
		// Measured: only unknown subprotocols get 403 without a body.
		if (isWebSocket) {
			upgrade.socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
		}
	} else if (kind === 'exec') {
		await runExec(container, query.getAll('command'), options, remote);
	} else {
		runAttach(container, remote);
	}
}

async function serveForward(kubelet: Kubelet, pod: PodRuntime, upgrade: Upgrade): Promise<void> {
	const target = {podSandboxId: pod.podSandboxId, locate: (port: number) => kubelet.config.plan.locate({address: pod.address, port})};
	if (isWebSocketUpgrade(upgrade)) {
		const client = await acceptWebSocket(upgrade, ['SPDY/3.1+portforward.k8s.io']);
		if (client) {
			servePortForward(new SpdyServerSession(createWebSocketStream(client)), target);
		} else {
			writeRefusal(upgrade.socket, {status: 400, text: 'query parameter "port" is required'});
		}
	} else {
		const session = acceptSpdy(upgrade, ['portforward.k8s.io']);
		if (session) {
			servePortForward(session, target);
		}
	}
}

function isWebSocketUpgrade({request}: Upgrade): boolean {
	return request.headers.upgrade?.toLowerCase() === 'websocket';
}

function findContainer(kubelet: Kubelet, path: string): Refusal | {container: Container; podName: string} {
	const [, , namespace = '', podName = '', ...rest] = path.split('/').map(part => decodePart(part));
	const pod = kubelet.pod(namespace, podName);
	if (!pod) {
		return {status: 404, text: 'pod does not exist'};
	}

	const name = rest.at(-1);
	const container = pod.containers.find(container => container.name === name);
	return container ? {container, podName} : {status: 404, text: `container not found ("${name}")`};
}

async function sendContainerLog(container: Container, podName: string, query: URLSearchParams, response: ServerResponse): Promise<void> {
	const log = selectLog(container, podName, query.get('previous') === 'true');
	if (typeof log === 'string') {
		response.writeHead(400, {'content-type': 'text/plain; charset=utf-8'}).end(log);
		return;
	}

	const gone = new AbortController();
	response.on('close', () => {
		gone.abort();
	});
	response.writeHead(200, {'content-type': 'text/plain'});
	response.flushHeaders();
	for await (const chunk of log.read({...readOptions(query), signal: gone.signal})) {
		if (!response.write(chunk)) {
			await once(response, 'drain', {signal: gone.signal}).catch(noop);
		}
	}

	response.end();
}

function selectLog(container: Container, podName: string, previous: boolean): LogFile | string {
	if (previous) {
		return container.previousLog ?? `previous terminated container "${container.name}" in pod "${podName}" not found`;
	}

	const {waiting} = container.state;
	return container.id === '' && waiting
		? `container "${container.name}" in pod "${podName}" is waiting to start: ${waiting.reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : waiting.reason}`
		: container.log;
}

function readOptions(query: URLSearchParams): Omit<ReadOptions, 'signal'> {
	const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined);
	const seconds = number('sinceSeconds');
	const time = query.get('sinceTime');
	const tail = number('tailLines');
	return {
		follow: query.get('follow') === 'true',
		timestamps: query.get('timestamps') === 'true',
		tail: tail !== undefined && tail < 0 ? undefined : tail,
		since: seconds === undefined ? (time === null ? undefined : Date.parse(time)) : Date.now() - seconds * 1000,
		limitBytes: number('limitBytes'),
		stream: ({Stdout: 'stdout', Stderr: 'stderr'} as Record<string, OutputStream>)[query.get('stream') ?? ''],
	};
}

/** As in real kubelets, omits zero values. */
function configz({config, port, certificate}: Kubelet): JsonObject {
	return {
		kubeletconfig: {
			enableServer: true,
			address: config.hostAddress,
			port,
			tlsCertFile: '/var/lib/kubelet/pki/kubelet.crt',
			tlsPrivateKeyFile: '/var/lib/kubelet/pki/kubelet.key',
			...(certificate !== 'self-signed' && {serverTLSBootstrap: true}),
			rotateCertificates: true,
			authentication: {
				x509: {clientCAFile: '/etc/kubernetes/pki/ca.crt'},
				webhook: {enabled: true, cacheTTL: '2m0s'},
				anonymous: {enabled: false},
			},
			authorization: {mode: 'Webhook', webhook: {cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s'}},
			enableDebuggingHandlers: true,
			enableSystemLogHandler: true,
			enableSystemLogQuery: true,
			streamingConnectionIdleTimeout: '4h0m0s',
			containerLogMaxSize: '2Mi',
			containerRuntimeEndpoint: 'sandbox://',
		},
	};
}

/** The refusal. Allows client certificates of the apiserver and of administrators. @see pkg/kubelet/server/server.go InstallAuthFilter */
function authorizeCaller(request: IncomingMessage, kubelet: Kubelet): {status: number; text: string} | undefined {
	const socket = request.socket as TLSSocket;
	const peer = socket.getPeerX509Certificate();
	if (!socket.authorized || peer?.subject === undefined) {
		return {status: 401, text: 'Unauthorized'};
	}

	const {user, groups} = certificateIdentity(peer);
	const allowed = user === apiserverIdentity || groups.includes('system:masters');
	const [, first] = (request.url ?? '/').split(/[/?]/, 2);
	const verb = request.method === 'POST' ? 'create' : 'get';
	const subresource = subresources.get(first ?? '') ?? '[proxy]';
	return allowed && !kubelet.refusesApiserver
		? undefined
		: {status: 403, text: `Forbidden (user=${user}, verb=${verb}, resource=nodes, subresource(s)=${subresource})`};
}

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet.go#L1852 */
function serveNodeLogs(kubelet: Kubelet, {path, query}: {path: string; query: URLSearchParams}, response: ServerResponse): void {
	const queries = query.getAll('query');
	if (queries.length === 0) {
		serveFile(path, response);
	} else {
		response.writeHead(200, {'content-type': 'text/plain;charset=UTF-8'});
		response.end(answerOf(kubelet, queries, query));
	}
}

/** The units first; no other service has a log. */
function answerOf(kubelet: Kubelet, services: readonly string[], query: URLSearchParams): string {
	const units = services.filter(service => unitNames.includes(service));
	const others = services.filter(service => !unitNames.includes(service));
	const journal = units.length === 0 ? '' : journalOf(kubelet, units, query);
	return journal + others.map(service => `\nlog not found for ${service}\n`).join('');
}

/** Output of `journalctl --utc --output=short-precise`. */
function journalOf(kubelet: Kubelet, units: readonly string[], query: URLSearchParams): string {
	const since = Date.parse(query.get('sinceTime') ?? '');
	const pattern = new RegExp(query.get('pattern') ?? '');
	const isChosen = ({unit, text, at}: Entry) => units.includes(unit) && pattern.test(text) && !(at.getTime() < since);
	const entries = Number(query.get('boot') ?? 0) < 0 ? [] : entriesOf(kubelet).filter(entry => isChosen(entry));
	const tail = Number(query.get('tailLines') ?? entries.length);
	const lines = entries.slice(Math.max(0, entries.length - tail)).map(entry => lineOf(entry, kubelet.config.node));
	return lines.length === 0 ? '-- No entries --\n' : lines.join('');
}

function entriesOf(kubelet: Kubelet): Entry[] {
	const {startedAt, config} = kubelet;
	const pods = kubelet.pods().map(({metadata: {namespace, name, creationTimestamp}}) => ({
		at: new Date(creationTimestamp ?? startedAt),
		unit: 'kubelet',
		text: `"SyncLoop ADD" source="api" pods=["${namespace}/${name}"]`,
	}));
	return [
		{at: startedAt, unit: 'containerd', text: 'containerd successfully booted'},
		{at: startedAt, unit: 'kubelet', text: `"Successfully registered node" node="${config.node}"`},
		...pods,
	].sort((a, b) => a.at.getTime() - b.at.getTime());
}

function lineOf({at, unit, text}: Entry, node: string): string {
	const day = at.toLocaleDateString('en-US', {month: 'short', day: '2-digit', timeZone: 'UTC'});
	return `${day} ${at.toISOString().slice(11, 23)}000 ${node} ${unit}[${unit === 'kubelet' ? 812 : 640}]: ${text}\n`;
}

/** As Go's http.FileServer. */
function serveFile(path: string, response: ServerResponse): void {
	const text = files.get(path);
	const names = new Set([...files.keys()].filter(name => name.startsWith(path)).map(name => name.slice(path.length).replace(/\/.*$/, '/')));
	if (text !== undefined) {
		response.writeHead(200, {'content-type': 'text/plain; charset=utf-8'}).end(text);
	} else if ((path === '' || path.endsWith('/')) && names.size > 0) {
		const links = [...names].map(name => `<a href="${name}">${name}</a>\n`).join('');
		response
			.writeHead(200, {'content-type': 'text/html; charset=utf-8'})
			.end(`<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links}</pre>\n`);
	} else if ([...names].some(name => name.startsWith('/'))) {
		response.writeHead(301, {location: `${path.split('/').at(-1)}/`}).end();
	} else {
		refuse(response, 404, '404 page not found');
	}
}

/** As Go's http.Error. */
function refuse(response: ServerResponse, status: number, text: string): void {
	response.writeHead(status, {'content-type': 'text/plain; charset=utf-8'}).end(`${text}\n`);
}
