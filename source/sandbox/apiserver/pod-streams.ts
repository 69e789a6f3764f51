/** `pods/log`, `exec`, `attach` and `portforward`. */
import {type IncomingMessage, request as httpRequest, STATUS_CODES} from 'node:http';
import {text as readText} from 'node:stream/consumers';
import type {Duplex} from 'node:stream';
import {destroyWithClient, joinStreams} from '../network/join-streams.ts';
import type {Pod} from '../objects/kube-object.ts';
import {DialError, openTls} from '../tunnels/dial.ts';
import type {ApiserverProcess} from './apiserver.ts';
import {type Exchange, ApiFailure, badRequest, internalFailure, type RequestInfo} from './exchange.ts';

const relayedParameters = ['follow', 'timestamps', 'tailLines', 'sinceSeconds', 'sinceTime', 'limitBytes', 'previous', 'stream'];

export type Upgrade = {request: IncomingMessage; socket: Duplex; head: Buffer; info: RequestInfo};

/** @see pkg/registry/core/pod/strategy.go LogLocation */
export async function podLog(exchange: Exchange, server: ApiserverProcess, pod: Pod): Promise<void> {
	const {
		info: {query, namespace, name},
		response,
	} = exchange;
	const container = resolveContainer(pod, query.get('container'));
	const skip = query.get('insecureSkipTLSVerifyBackend') === 'true';
	server.metrics.add('kube_apiserver_pod_logs_insecure_backend_total', {usage: skip ? 'skip_tls_allowed' : 'enforce_tls'});
	server.metrics.add('kube_apiserver_pod_logs_backend_tls_failure_total', {}, 0);
	const forwarded = new URLSearchParams([...query].filter(([key]) => relayedParameters.includes(key)));
	const path = `/containerLogs/${namespace}/${name}/${container}${forwarded.size > 0 ? `?${forwarded.toString()}` : ''}`;
	const kubeletResponse = await requestKubelet(exchange, server, {node: pod.spec.nodeName!, path, skip});
	if (kubeletResponse.statusCode !== 200) {
		throw await failureFromKubelet(kubeletResponse, String(name));
	}

	response.writeHead(200, {'cache-control': 'no-cache, private', 'content-type': 'text/plain'});
	response.flushHeaders();
	// A lost tunnel ends a followed log normally, as in a real apiserver (measured).
	kubeletResponse
		.on('error', () => {
			response.end();
		})
		.pipe(response);
}

/** `skip` disables verification of the kubelet. */
async function requestKubelet(
	{response}: Exchange,
	server: ApiserverProcess,
	{node, path, skip}: {node: string; path: string; skip: boolean},
): Promise<IncomingMessage> {
	const to = server.kubeletOf(node);
	try {
		const secure = await openTls(server.dial, to, skip ? {...server.trust, authority: null} : server.trust, 10_000);
		return await new Promise((resolve, reject) => {
			const sent = httpRequest({createConnection: () => secure, path, headers: {host: `${to.address}:${to.port}`}}, resolve);
			sent
				.on('error', () => {
					reject(new DialError('EOF'));
				})
				.end();
			destroyWithClient(response, secure);
		});
	} catch (error) {
		const {message} = error as Error;
		if (message.includes('x509:')) {
			server.metrics.add('kube_apiserver_pod_logs_backend_tls_failure_total');
		}

		const text = message.replace('tls: first record does not look like a TLS handshake', 'http: server gave HTTP response to HTTPS client');
		throw internalFailure(`Get "https://${to.address}:${to.port}${path}": ${text}`);
	}
}

/** The apiserver's Status for a kubelet's error response. @see registry/generic/rest/response_checker.go */
async function failureFromKubelet(response: IncomingMessage, name: string): Promise<ApiFailure> {
	const text = await readText(response);
	const status = response.statusCode ?? 500;
	const details = {name, kind: 'pods/log'};
	if (status === 403) {
		return new ApiFailure(403, 'Forbidden', `${text}\n ( pods/log ${name})`, {details});
	}

	if (status === 404) {
		return new ApiFailure(404, 'NotFound', `the server could not find the requested resource ( pods/log ${name})`, {details});
	}

	return status === 400 ? badRequest(text) : internalFailure(text);
}

/**
The requested container, or the only regular one.
@throws ApiFailure
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/pod/strategy.go validateContainer
*/
function resolveContainer(pod: Pod, requested: string | null): string {
	const {name} = pod.metadata;
	const {containers, initContainers = [], ephemeralContainers = []} = pod.spec;
	if (requested) {
		if ([...containers, ...initContainers, ...ephemeralContainers].every(container => container.name !== requested)) {
			throw badRequest(`container ${requested} is not valid for pod ${name}`);
		}

		return requested;
	}

	const [only, ...more] = containers;
	if (only && more.length === 0) {
		return only.name;
	}

	const all = [...initContainers, ...containers, ...ephemeralContainers].map(container => container.name);
	throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`);
}

/** @see pkg/registry/core/pod/strategy.go StreamLocation, PortForwardLocation; apimachinery/pkg/util/proxy/upgradeaware.go */
export async function podStream(upgrade: Upgrade, server: ApiserverProcess, pod: Pod): Promise<void> {
	const {request} = upgrade;
	const path = kubeletPath(upgrade.info, pod);
	const to = server.kubeletOf(String(pod.spec.nodeName));
	let secure: Duplex;
	try {
		secure = await openTls(server.dial, to, server.trust, null);
	} catch (error) {
		throw internalFailure(`error dialing backend: ${(error as Error).message}`);
	}

	await relayUpgrade(upgrade, secure, path, {...request.headers, authorization: undefined, host: `${to.address}:${to.port}`});
}

/** Other responses than the upgrade are relayed, too. */
export async function relayUpgrade(
	{request, socket, head}: Upgrade,
	backend: Duplex,
	path: string,
	headers: NodeJS.Dict<string | string[]>,
): Promise<void> {
	const sent = httpRequest({
		createConnection: () => backend,
		method: request.method ?? 'GET',
		path,
		headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<string, string>,
	});
	destroyWithClient(socket, backend);
	const {promise, resolve} = Promise.withResolvers<void>();
	sent.on('upgrade', (answer, upgraded, first) => {
		socket.write(headText(answer));
		if (first.length > 0) {
			socket.write(first);
		}

		if (head.length > 0) {
			upgraded.write(head);
		}

		joinStreams(socket, upgraded);
		resolve();
	});
	sent.on('response', answer => {
		socket.write(headText(answer, {connection: 'close'}));
		answer.on('end', () => {
			socket.end();
		});
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

function headText(response: IncomingMessage, more: Readonly<Record<string, string>> = {}): string {
	const lines = [`HTTP/1.1 ${response.statusCode} ${STATUS_CODES[response.statusCode ?? 502] ?? ''}`];
	for (let index = 0; index < response.rawHeaders.length; index += 2) {
		const name = response.rawHeaders[index]!;
		// The body is decoded already.
		if (!['transfer-encoding', ...Object.keys(more)].includes(name.toLowerCase())) {
			lines.push(`${name}: ${response.rawHeaders[index + 1]}`);
		}
	}

	lines.push(...Object.entries(more).map(([name, value]) => `${name}: ${value}`));
	return `${lines.join('\r\n')}\r\n\r\n`;
}

function kubeletPath({subresource, query, namespace, name}: RequestInfo, pod: Pod): string {
	if (subresource === 'portforward') {
		const ports = query
			.getAll('ports')
			.flatMap(text => text.split(','))
			.map(port => `port=${encodeURIComponent(port)}`)
			.join('&');
		return `/portForward/${namespace}/${name}${ports === '' ? '' : `?${ports}`}`;
	}

	const container = resolveContainer(pod, query.get('container'));
	if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') {
		throw new ApiFailure(400, 'BadRequest', `cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`);
	}

	const parameters = new URLSearchParams();
	for (const [word, value] of query) {
		const kubeletName =
			new Map([
				['stdin', 'input'],
				['stdout', 'output'],
				['stderr', 'error'],
			]).get(word) ?? word;
		parameters.append(kubeletName, value);
	}

	return `/${subresource}/${namespace}/${name}/${container}?${parameters.toString()}`;
}
