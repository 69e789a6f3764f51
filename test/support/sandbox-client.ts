/** Plain requests to a sandbox, without code of spoke. */
import {request as httpsRequest, type RequestOptions} from 'node:https';
import {text} from 'node:stream/consumers';
import type {ClientRequest, IncomingHttpHeaders, IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import type {JsonObject} from '../../source/wire/json.ts';
import type {Sandbox, UserName} from '../../source/sandbox/sandbox.ts';

export type Asked = {user?: UserName | 'nobody'; method?: string; headers?: Record<string, string>; body?: unknown; signal?: AbortSignal};
export type Answer = {status: number; headers: IncomingHttpHeaders; body: string};

/** Reads the whole body. */
export async function ask(sandbox: Sandbox, path: string, asked: Asked = {}): Promise<Answer> {
	const answer = await open(sandbox, path, asked);
	return {status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer)};
}

export async function askJson<T = JsonObject>(sandbox: Sandbox, path: string, asked: Asked = {}): Promise<T> {
	return JSON.parse((await ask(sandbox, path, asked)).body) as T;
}

/** Leaves the body unread. */
export async function open(
	sandbox: Sandbox,
	path: string,
	{user = 'admin', method = 'GET', headers = {}, body}: Asked = {},
): Promise<IncomingMessage> {
	const {promise, resolve, reject} = Promise.withResolvers<IncomingMessage>();
	const asked = {method, headers: {...(body !== undefined && {'content-type': 'application/json'}), ...headers}};
	const sent = requestAs(sandbox, path, user, asked).on('response', resolve);
	sent.on('error', reject);
	sent.end(body === undefined ? undefined : JSON.stringify(body));
	return promise;
}

export async function upgrade(
	sandbox: Sandbox,
	path: string,
	{user = 'admin', method = 'GET', headers = {}, signal}: Asked,
): Promise<{socket: Duplex; headers: IncomingHttpHeaders} | {status: number; body: string; headers: IncomingHttpHeaders}> {
	const {promise, resolve, reject} = Promise.withResolvers<Awaited<ReturnType<typeof upgrade>>>();
	const sent = requestAs(sandbox, path, user, {method, ...(signal && {signal}), headers: {connection: 'Upgrade', ...headers}});
	sent.on('upgrade', (answer, socket) => {
		// A restarting apiserver resets it.
		socket.on('error', () => {});
		resolve({socket, headers: answer.headers});
	});
	sent.on('response', async answer => {
		resolve({status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer)});
	});
	sent.on('error', reject);
	sent.end();
	return promise;
}

export const webSocketHeaders = (protocol: string): Record<string, string> => ({
	upgrade: 'websocket',
	'sec-websocket-version': '13',
	'sec-websocket-key': Buffer.alloc(16, 1).toString('base64'),
	'sec-websocket-protocol': protocol,
});

export async function podsOf(sandbox: Sandbox, app: string, namespace = 'default'): Promise<string[]> {
	const {items} = await askJson<{items: Array<{metadata: {name: string}}>}>(
		sandbox,
		`/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${app}`,
	);
	return items.map(({metadata}) => metadata.name);
}

/** Creates the pod `scratch` in `default`, whose image has no shell. */
export async function createShellLessPod(sandbox: Sandbox): Promise<void> {
	const body = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: 'scratch'},
		spec: {containers: [{name: 'app', image: 'sandbox/log-writer:static'}]},
	};
	await ask(sandbox, '/api/v1/namespaces/default/pods', {method: 'POST', body});
}

export async function ephemeralContainers(sandbox: Sandbox, pod: string): Promise<ReadonlyArray<{name: string; command: string[]}>> {
	const {spec} = await askJson<{spec: {ephemeralContainers?: Array<{name: string; command: string[]}>}}>(
		sandbox,
		`/api/v1/namespaces/default/pods/${pod}`,
	);
	return spec.ephemeralContainers ?? [];
}

function requestAs(sandbox: Sandbox, path: string, user: UserName | 'nobody', {headers, ...options}: RequestOptions): ClientRequest {
	const {headers: own, ...tls} = credentials(sandbox, user);
	return httpsRequest(`${sandbox.server}${path}`, {...tls, ...options, agent: false, headers: {...own, ...(headers as object)}});
}

function credentials(sandbox: Sandbox, name: UserName | 'nobody') {
	const {clusters, users} = sandbox.kubeconfig();
	const ca = decode(clusters[0]!.cluster['certificate-authority-data']);
	const user = users.find(entry => entry.name === name)?.user ?? {};
	return {
		ca,
		headers: user['token'] === undefined ? {} : {authorization: `Bearer ${user['token']}`},
		...(user['client-key-data'] !== undefined && {cert: decode(user['client-certificate-data']!), key: decode(user['client-key-data'])}),
	};
}

function decode(base64: string): string {
	return Buffer.from(base64, 'base64').toString();
}
