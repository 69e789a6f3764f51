/** `pods/log`, `exec`, `attach` and `portforward`. */
import type {IncomingMessage} from 'node:http';
import {text as readText} from 'node:stream/consumers';
import type {Duplex} from 'node:stream';
import type {Pod} from '../objects/kube-object.ts';
import {openTls} from '../tunnels/dial.ts';
import type {Apiserver} from './apiserver.ts';
import {type Exchange, ApiFailure, badRequest, internalFailure, type RequestInfo} from './exchange.ts';
import {hostOf, type InfoUpgrade, relayUpgrade, requestBackend} from './proxy.ts';

const relayedParameters = ['follow', 'timestamps', 'tailLines', 'sinceSeconds', 'sinceTime', 'limitBytes', 'previous'];

/** @see pkg/registry/core/pod/strategy.go LogLocation */
export async function podLog(exchange: Exchange, server: Apiserver, pod: Pod): Promise<void> {
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
	const answer = await requestKubelet(exchange, server, {node: pod.spec.nodeName!, path, skip});
	if (answer.statusCode !== 200) {
		throw await failureFromKubelet(answer, name!);
	}

	response.writeHead(200, {'cache-control': 'no-cache, private', 'content-type': 'text/plain'});
	response.flushHeaders();
	// A lost tunnel ends a followed log normally, as in a real apiserver (measured).
	answer
		.on('error', () => {
			response.end();
		})
		.pipe(response);
}

/** `skip` disables verification of the kubelet. */
async function requestKubelet(
	exchange: Exchange,
	server: Apiserver,
	{node, path, skip}: {node: string; path: string; skip: boolean},
): Promise<IncomingMessage> {
	const {dial, trust, metrics} = server;
	const to = server.kubeletOf(node);
	try {
		const secure = await openTls(dial, to, skip ? {...trust, authority: null} : trust, 10_000);
		return await requestBackend(exchange, secure, path, {host: hostOf(to)});
	} catch (error) {
		const {message} = error as Error;
		if (message.includes('x509:')) {
			metrics.add('kube_apiserver_pod_logs_backend_tls_failure_total');
		}

		const text = message.replace('tls: first record does not look like a TLS handshake', 'http: server gave HTTP response to HTTPS client');
		throw internalFailure(`Get "https://${hostOf(to)}${path}": ${text}`);
	}
}

/** The apiserver's Status for a kubelet's error response. @see registry/generic/rest/response_checker.go */
async function failureFromKubelet(response: IncomingMessage, name: string): Promise<ApiFailure> {
	const text = await readText(response);
	const details = {name, kind: 'pods/log'};
	if (response.statusCode === 403) {
		return new ApiFailure(403, 'Forbidden', `${text}\n ( pods/log ${name})`, {details});
	}

	if (response.statusCode === 404) {
		return new ApiFailure(404, 'NotFound', `the server could not find the requested resource ( pods/log ${name})`, {details});
	}

	return response.statusCode === 400 ? badRequest(text) : internalFailure(text);
}

/**
The requested container, or the only regular one.
@throws ApiFailure
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/pod/strategy.go validateContainer
*/
function resolveContainer({metadata, spec}: Pod, requested: string | null): string {
	const {containers, initContainers = [], ephemeralContainers = []} = spec;
	const names = [...initContainers, ...containers, ...ephemeralContainers].map(({name}) => name);
	if (requested && !names.includes(requested)) {
		throw badRequest(`container ${requested} is not valid for pod ${metadata.name}`);
	}

	if (!requested && containers.length !== 1) {
		throw badRequest(`a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]`);
	}

	return requested || containers[0]!.name;
}

/** @see pkg/registry/core/pod/strategy.go StreamLocation, PortForwardLocation; apimachinery/pkg/util/proxy/upgradeaware.go */
export async function podStream(upgrade: InfoUpgrade, server: Apiserver, pod: Pod): Promise<void> {
	const path = kubeletPath(upgrade.info, pod);
	const to = server.kubeletOf(pod.spec.nodeName!);
	let secure: Duplex;
	try {
		secure = await openTls(server.dial, to, server.trust, null);
	} catch (error) {
		throw internalFailure(`error dialing backend: ${(error as Error).message}`);
	}

	const {authorization: _, ...headers} = upgrade.request.headers;
	await relayUpgrade(upgrade, secure, path, {...headers, host: hostOf(to)});
}

const kubeletParameters: Readonly<Record<string, string>> = {stdin: 'input', stdout: 'output', stderr: 'error'};

function kubeletPath({subresource, query, namespace, name}: RequestInfo, pod: Pod): string {
	if (subresource === 'portforward') {
		const ports = query.getAll('ports').flatMap(text => text.split(','));
		return `/portForward/${namespace}/${name}?${ports.map(port => `port=${encodeURIComponent(port)}`).join('&')}`;
	}

	const container = resolveContainer(pod, query.get('container'));
	if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') {
		throw badRequest(`cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`);
	}

	const parameters = new URLSearchParams([...query].map(([key, value]): [string, string] => [kubeletParameters[key] ?? key, value]));
	return `/${subresource}/${namespace}/${name}/${container}?${parameters.toString()}`;
}
