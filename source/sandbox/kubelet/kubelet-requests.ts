/** Requests to a kubelet: who may ask, logs of containers and of the node, upgrades, configuration. */
import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {TLSSocket} from 'node:tls';
import {createWebSocketStream} from 'ws';
import type {JsonObject} from '../../wire/json.ts';
import {certificateIdentity} from '../certificates/issuer.ts';
import type {Container, LogFile, ReadOptions} from '../containers/container.ts';
import {decodePart, requestUrl} from '../network/request-url.ts';
import {noop, type Refusal, rejectUpgrade, type Upgrade} from '../network/sockets.ts';
import {servePortForward, runAttach, runExec} from './container-streams.ts';
import type {Kubelet} from './kubelet.ts';
import type {PodRuntime} from './pod-runtime.ts';
import {acceptChannels, acceptSpdy, acceptSpdyChannels, acceptWebSocket, parseStreamOptions} from './remote-streams.ts';
import {SpdyServerSession} from './spdy-server-session.ts';

/** Authorized subresource by the first path segment. */
const subresources: Readonly<Record<string, string>> = {
	configz: '[configz proxy]',
	healthz: '[healthz proxy]',
	logs: '[log]',
	metrics: '[metrics]',
};

export const apiserverIdentity = 'kube-apiserver-kubelet-client';

const unitNames = ['kubelet', 'containerd'];

const files: ReadonlyMap<string, string> = new Map([
	['cni/calico.log', 'IPAM: the block of this node has 256 addresses\n'],
	['kube-proxy.log', 'I0101 00:00:00.000000       1 server.go:236] "Version info" version="v1.36.3"\n'],
]);

const noPod = {status: 404, text: 'pod does not exist'};
const notFound = {status: 404, text: '404 page not found\n'};

export async function serveRequest(kubelet: Kubelet, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const {pathname, searchParams} = requestUrl(request);
	const [, first = ''] = pathname.split('/', 2);
	const refused = authorizeCaller(request, kubelet);
	if (refused) {
		send(response, refused);
	} else if (first === 'containerLogs') {
		await sendContainerLog(findContainer(kubelet, pathname), searchParams, response);
	} else if (first === 'logs') {
		sendNodeLog(kubelet, decodePart(pathname.slice('/logs/'.length)), searchParams, response);
	} else if (first === 'healthz') {
		send(response, {status: 200, text: 'ok'});
	} else if (first === 'configz') {
		send(response, {status: 200, text: JSON.stringify(configz(kubelet)), contentType: 'application/json'});
	} else {
		send(response, notFound);
	}
}

function send(response: ServerResponse, {status, text, contentType = 'text/plain; charset=utf-8'}: Refusal): void {
	response.writeHead(status, {'content-type': contentType}).end(text);
}

/** WebSocket is GET, SPDY is POST. */
export async function serveUpgrade(kubelet: Kubelet, upgrade: Upgrade): Promise<void> {
	const {request, socket} = upgrade;
	socket.on('error', noop);
	const {pathname, searchParams} = requestUrl(request);
	const [, first, namespace = '', podName = ''] = pathname.split('/', 4);
	const refused = authorizeCaller(request, kubelet);
	if (refused) {
		rejectUpgrade(socket, refused);
	} else if (first === 'portForward') {
		const pod = kubelet.pod(decodePart(namespace), decodePart(podName));
		if (pod) {
			await serveForward(kubelet, pod, upgrade);
		} else {
			rejectUpgrade(socket, noPod);
		}
	} else if (first === 'exec' || first === 'attach') {
		const found = findContainer(kubelet, pathname);
		if ('status' in found) {
			rejectUpgrade(socket, found);
		} else if (found.isRunning) {
			await serveStream(first, found, kubelet, searchParams, upgrade);
		} else {
			// As an error of GetExec (pkg/kubelet/kubelet_pods.go) without a gRPC code, see streaming.WriteError.
			rejectUpgrade(socket, {status: 500, text: `container not found ("${found.name}")`});
		}
	} else {
		rejectUpgrade(socket, notFound);
	}
}

async function serveStream(
	kind: 'exec' | 'attach',
	container: Container,
	kubelet: Kubelet,
	query: URLSearchParams,
	upgrade: Upgrade,
): Promise<void> {
	const options = parseStreamOptions(query);
	const isWebSocket = isWebSocketUpgrade(upgrade);
	const remote = await (isWebSocket ? acceptChannels(upgrade, options) : acceptSpdyChannels(upgrade, options));
	if (!remote) {
		// Measured: only unknown subprotocols get 403 without a body.
		if (isWebSocket) {
			rejectUpgrade(upgrade.socket, {status: 403, text: ''});
		}
	} else if (kind === 'exec') {
		const command = query.getAll('command');
		// A copy in a debug container names the one whose files it serves.
		const served = kubelet.runtimes.flatMap(({containers}) => containers).find(({id}) => id !== '' && command.includes(id));
		await runExec(container, command, options, remote, served);
	} else {
		runAttach(container, remote);
	}
}

async function serveForward(kubelet: Kubelet, pod: PodRuntime, upgrade: Upgrade): Promise<void> {
	const target = {podSandboxId: pod.podSandboxId, locate: (port: number) => kubelet.config.plan.locate({address: pod.address, port})};
	if (!isWebSocketUpgrade(upgrade)) {
		const session = acceptSpdy(upgrade, ['portforward.k8s.io']);
		if (session) {
			servePortForward(session, target);
		}

		return;
	}

	const client = await acceptWebSocket(upgrade, ['SPDY/3.1+portforward.k8s.io']);
	if (client) {
		servePortForward(new SpdyServerSession(createWebSocketStream(client)), target);
	} else {
		rejectUpgrade(upgrade.socket, {status: 400, text: 'query parameter "port" is required'});
	}
}

function isWebSocketUpgrade({request}: Upgrade): boolean {
	return request.headers.upgrade?.toLowerCase() === 'websocket';
}

function findContainer(kubelet: Kubelet, path: string): Refusal | Container {
	const [, , namespace = '', podName = '', ...rest] = path.split('/').map(part => decodePart(part));
	const pod = kubelet.pod(namespace, podName);
	if (!pod) {
		return noPod;
	}

	const name = rest.at(-1);
	return pod.containers.find(container => container.name === name) ?? {status: 404, text: `container not found ("${name}")`};
}

async function sendContainerLog(found: Container | Refusal, query: URLSearchParams, response: ServerResponse): Promise<void> {
	const log = 'status' in found ? found : selectLog(found, query.get('previous') === 'true');
	if ('status' in log) {
		send(response, log);
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

function selectLog({name, id, state, log, previousLog, config: {env}}: Container, previous: boolean): LogFile | Refusal {
	const where = `container "${name}" in pod "${env['HOSTNAME']}"`;
	if (previous) {
		return previousLog ?? {status: 400, text: `previous terminated ${where} not found`};
	}

	const reason = state.waiting?.reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : state.waiting?.reason;
	return id === '' && reason !== undefined ? {status: 400, text: `${where} is waiting to start: ${reason}`} : log;
}

function readOptions(query: URLSearchParams): Omit<ReadOptions, 'signal'> {
	const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined);
	const seconds = number('sinceSeconds');
	const tail = number('tailLines');
	return {
		follow: query.get('follow') === 'true',
		timestamps: query.get('timestamps') === 'true',
		tail: tail !== undefined && tail < 0 ? undefined : tail,
		since: seconds === undefined ? Date.parse(query.get('sinceTime') ?? '') || undefined : Date.now() - seconds * 1000,
		limitBytes: number('limitBytes'),
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
function authorizeCaller({socket, url, method}: IncomingMessage, kubelet: Kubelet): Refusal | undefined {
	const peer = (socket as TLSSocket).getPeerX509Certificate();
	if (!(socket as TLSSocket).authorized || peer?.subject === undefined) {
		return {status: 401, text: 'Unauthorized'};
	}

	const {user, groups} = certificateIdentity(peer);
	if (!kubelet.refusesApiserver && (user === apiserverIdentity || groups.includes('system:masters'))) {
		return undefined;
	}

	const verb = method === 'POST' ? 'create' : 'get';
	const subresource = subresources[url!.split(/[/?]/, 2)[1]!] ?? '[proxy]';
	return {status: 403, text: `Forbidden (user=${user}, verb=${verb}, resource=nodes, subresource(s)=${subresource})`};
}

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet.go#L1852 */
function sendNodeLog(kubelet: Kubelet, path: string, query: URLSearchParams, response: ServerResponse): void {
	const services = query.getAll('query');
	if (services.length === 0) {
		sendFile(path, response);
		return;
	}

	const units = services.filter(service => unitNames.includes(service));
	const others = services.filter(service => !unitNames.includes(service)).map(service => `\nlog not found for ${service}\n`);
	const journal = units.length === 0 ? '' : journalOf(kubelet, units, query);
	send(response, {status: 200, text: journal + others.join(''), contentType: 'text/plain;charset=UTF-8'});
}

/** Output of `journalctl --utc --output=short-precise`. */
function journalOf(kubelet: Kubelet, units: readonly string[], query: URLSearchParams): string {
	const {
		startedAt,
		config: {node},
	} = kubelet;
	const since = Date.parse(query.get('sinceTime') ?? '');
	const pattern = new RegExp(query.get('pattern') ?? '');
	const entries = [
		{at: startedAt, unit: 'containerd', text: 'containerd successfully booted'},
		{at: startedAt, unit: 'kubelet', text: `"Successfully registered node" node="${node}"`},
		...kubelet.pods().map(({metadata: {namespace, name, creationTimestamp}}) => ({
			at: new Date(creationTimestamp),
			unit: 'kubelet',
			text: `"SyncLoop ADD" source="api" pods=["${namespace}/${name}"]`,
		})),
	]
		.filter(({unit, text, at}) => units.includes(unit) && pattern.test(text) && !(at.getTime() < since))
		.sort((a, b) => a.at.getTime() - b.at.getTime());
	const tail = Number(query.get('tailLines') ?? entries.length);
	const chosen = Number(query.get('boot') ?? 0) < 0 ? [] : entries.slice(Math.max(0, entries.length - tail));
	const lines = chosen.map(({at, unit, text}) => {
		const day = at.toLocaleDateString('en-US', {month: 'short', day: '2-digit', timeZone: 'UTC'});
		return `${day} ${at.toISOString().slice(11, 23)}000 ${node} ${unit}[${unit === 'kubelet' ? 812 : 640}]: ${text}\n`;
	});
	return lines.join('') || '-- No entries --\n';
}

/** As Go's http.FileServer: a file, or the links of a directory. */
function sendFile(path: string, response: ServerResponse): void {
	const content = files.get(path);
	const below = [...files.keys()].filter(name => name.startsWith(path)).map(name => name.slice(path.length).replace(/(?<=.)\/.*$/, '/'));
	if (content !== undefined) {
		send(response, {status: 200, text: content});
	} else if ((path === '' || path.endsWith('/')) && below.length > 0) {
		const links = below.map(name => `<a href="${name}">${name}</a>\n`).join('');
		const page = `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links}</pre>\n`;
		send(response, {status: 200, text: page, contentType: 'text/html; charset=utf-8'});
	} else if (below.some(name => name.startsWith('/'))) {
		response.writeHead(301, {location: `${path.split('/').at(-1)}/`}).end();
	} else {
		send(response, notFound);
	}
}
