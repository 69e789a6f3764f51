/** `pods/log`. */
import {type IncomingMessage, request as httpRequest} from 'node:http';
import {text as readText} from 'node:stream/consumers';
import {destroyWithClient} from '../network/join-streams.ts';
import type {Pod} from '../objects/kube-object.ts';
import {DialError} from '../tunnels/direct.ts';
import type {ApiserverProcess} from './apiserver-process.ts';
import type {Exchange} from './exchange.ts';
import {openTls} from './kubelet-client.ts';
import {ApiFailure, badRequest, internalFailure} from './status.ts';

const relayedParameters = ['follow', 'timestamps', 'tailLines', 'sinceSeconds', 'sinceTime', 'limitBytes', 'previous', 'stream'];

/** @see pkg/registry/core/pod/strategy.go LogLocation */
export async function podLog(exchange: Exchange, server: ApiserverProcess, pod: Pod): Promise<void> {
	const {
		info: {query, namespace, name},
		response,
	} = exchange;
	validate(query, pod);
	const container = resolveContainer(pod, query.get('container'));
	if (!pod.spec.nodeName) {
		response.writeHead(204, {'cache-control': 'no-cache, private'}).end();
		return;
	}

	const skip = query.get('insecureSkipTLSVerifyBackend') === 'true';
	server.metrics.add('kube_apiserver_pod_logs_insecure_backend_total', {usage: skip ? 'skip_tls_allowed' : 'enforce_tls'});
	server.metrics.add('kube_apiserver_pod_logs_backend_tls_failure_total', {}, 0);
	const forwarded = new URLSearchParams([...query].filter(([key]) => relayedParameters.includes(key)));
	const path = `/containerLogs/${namespace}/${name}/${container}${forwarded.size > 0 ? `?${forwarded.toString()}` : ''}`;
	const kubeletResponse = await requestKubelet(exchange, server, {node: pod.spec.nodeName, path, skip});
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
	{
		node,
		path,
		skip,
	}: {
		node: string;
		path: string;
		skip: boolean;
	},
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
	if (status === 401) {
		return new ApiFailure(401, 'Unauthorized', `the server has asked for the client to provide credentials ( pods/log ${name})`, {details});
	}

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
export function resolveContainer(pod: Pod, requested: string | null): string {
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

function validate(query: URLSearchParams, pod: Pod): void {
	const reject = (field: string, value: string, why: string) => {
		const message = `${field}: Invalid value: ${value}: ${why}`;
		throw new ApiFailure(422, 'Invalid', `PodLogOptions "${pod.metadata.name}" is invalid: ${message}`, {
			details: {
				name: pod.metadata.name,
				kind: 'PodLogOptions',
				causes: [{reason: 'FieldValueInvalid', message: message.replace(`${field}: `, ''), field}],
			},
		});
	};

	const [tail, limit, since] = [query.get('tailLines'), query.get('limitBytes'), query.get('sinceSeconds')];
	if (tail !== null && Number(tail) < 0) {
		reject('tailLines', tail, 'must be greater than or equal to 0');
	}

	if (limit !== null && Number(limit) < 1) {
		reject('limitBytes', limit, 'must be greater than 0');
	}

	if (since !== null && Number(since) < 1) {
		reject('sinceSeconds', since, 'must be greater than 0');
	}
}
