/** Request handling of a kubelet. */
import {once} from 'node:events';
import {STATUS_CODES, type IncomingMessage, type ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {createWebSocketStream} from 'ws';
import type {JsonObject} from '../../wire/json.ts';
import type {Container} from '../containers/container.ts';
import type {LogFile, OutputStream, ReadOptions} from '../containers/log-file.ts';
import {noop} from '../network/join-streams.ts';
import {decodePart, requestUrl} from '../network/request-url.ts';
import {acceptSpdy, acceptWebSocket} from './accept-upgrade.ts';
import {authorizeCaller} from './kubelet-access.ts';
import type {Kubelet} from './kubelet.ts';
import {serveNodeLogs} from './node-logs.ts';
import type {PodRuntime} from './pod-runtime.ts';
import {servePortForward} from './port-forward.ts';
import {parseStreamOptions} from './remote-streams.ts';
import {runAttach, runExec} from './run-stream.ts';
import {acceptSpdyChannels} from './spdy-channels.ts';
import {SpdyServerSession} from './spdy-server-session.ts';
import {acceptChannels} from './websocket-channels.ts';

type Refusal = {status: number; text: string};
type Upgrade = {request: IncomingMessage; socket: Duplex; head: Buffer};

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
export async function serveUpgrade(kubelet: Kubelet, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
	const upgrade = {request, socket, head};
	socket.on('error', noop);
	const url = requestUrl(request);
	const [, first, namespace = '', podName = ''] = url.pathname.split('/', 4);
	const refused = authorizeCaller(request, kubelet);
	if (refused) {
		refuse(socket, refused);
	} else if (first === 'portForward') {
		const pod = kubelet.pod(decodePart(namespace), decodePart(podName));
		if (pod) {
			await serveForward(kubelet, pod, upgrade);
		} else {
			refuse(socket, {status: 404, text: 'pod does not exist'});
		}
	} else if (first === 'exec' || first === 'attach') {
		const found = findContainer(kubelet, url.pathname);
		if ('status' in found) {
			refuse(socket, found);
		} else if (found.container.isRunning) {
			await serveStream(first, found.container, url.searchParams, upgrade);
		} else {
			// As an error of GetExec (pkg/kubelet/kubelet_pods.go) without a gRPC code, see streaming.WriteError.
			refuse(socket, {status: 500, text: `container not found ("${found.container.name}")`});
		}
	} else {
		refuse(socket, {status: 404, text: '404 page not found\n'});
	}
}

async function serveStream(
	kind: 'exec' | 'attach',
	container: Container,
	query: URLSearchParams,
	{request, socket, head}: Upgrade,
): Promise<void> {
	const options = parseStreamOptions(query);
	const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
	const remote = await (isWebSocket ? acceptChannels(request, socket, head, options) : acceptSpdyChannels(request, socket, head, options));
	if (!remote) {
		// Measured: only unknown subprotocols get 403 without a body.
		if (isWebSocket) {
			socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
		}

		return;
	}

	if (kind === 'exec') {
		await runExec(container, query.getAll('command'), options, remote);
	} else {
		runAttach(container, remote);
	}
}

async function serveForward(kubelet: Kubelet, pod: PodRuntime, {request, socket, head}: Upgrade): Promise<void> {
	const target = {podSandboxId: pod.podSandboxId, locate: (port: number) => kubelet.config.plan.locate({address: pod.address, port})};
	if (request.headers.upgrade?.toLowerCase() === 'websocket') {
		const accepted =
			request.headers['sec-websocket-protocol'] === undefined
				? undefined
				: await acceptWebSocket(request, socket, head, ['SPDY/3.1+portforward.k8s.io']);
		if (accepted) {
			servePortForward(new SpdyServerSession(createWebSocketStream(accepted.client)), target);
			return;
		}

		refuse(socket, {status: 400, text: 'query parameter "port" is required'});
	} else {
		const accepted = acceptSpdy(request, socket, head, ['portforward.k8s.io']);
		if (accepted) {
			servePortForward(accepted.session, target);
		}
	}
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

function refuse(socket: Duplex, {status, text}: Refusal): void {
	socket.end(
		`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
	);
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
