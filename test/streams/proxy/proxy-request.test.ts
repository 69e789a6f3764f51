/** One request through the apiserver proxy: port, scheme, origin of the response. */
import type {ServerResponse} from 'node:http';
import test, {type ExecutionContext} from 'ava';
import {parseHeader, sendProxyRequest} from '../../../source/streams/proxy/proxy-request.ts';
import {resolveProxyTarget} from '../../../source/streams/proxy/resolve-proxy-target.ts';
import {parseProxyTarget} from '../../../source/targets/proxy-target.ts';
import {startServer} from '../../support/api-server.ts';
import {status} from '../../support/command-server.ts';
import {receivedText} from '../../support/read-stream.ts';

const objects: Record<string, object> = {
	'/api/v1/nodes/n1': {metadata: {name: 'n1', uid: 'n'}, status: {daemonEndpoints: {kubeletEndpoint: {Port: 10_250}}}},
	'/api/v1/nodes/zero': {metadata: {name: 'zero', uid: 'n'}, status: {daemonEndpoints: {kubeletEndpoint: {Port: 0}}}},
	'/api/v1/nodes/odd': {metadata: {name: 'odd', uid: 'n'}, status: {daemonEndpoints: {kubeletEndpoint: {Port: 9999}}}},
	'/api/v1/namespaces/default/pods/web': {
		metadata: {name: 'web', uid: 'p'},
		spec: {nodeName: 'n1', containers: [{name: 'c', ports: [{name: 'http', containerPort: 8080}]}]},
	},
	'/api/v1/namespaces/default/services/web': {metadata: {name: 'web', uid: 's'}, spec: {ports: [{name: 'http', port: 80}]}},
	'/api/v1/namespaces/default/services/bare': {metadata: {name: 'bare', uid: 's'}, spec: {}},
	'/api/v1/namespaces/default/services/two': {
		metadata: {name: 'two', uid: 's'},
		spec: {
			ports: [
				{name: 'http', port: 80},
				{name: 'https', port: 443},
			],
		},
	},
};

type Answer = {status: number; type?: string; body: string; headers?: Record<string, string>};

async function serve(t: ExecutionContext, answer: Answer = {status: 200, body: 'hello'}) {
	const urls: string[] = [];
	const server = await startServer({
		request(request, response) {
			const found = objects[request.url!];
			if (found) {
				response.end(JSON.stringify(found));
			} else if (!request.url!.includes('/proxy')) {
				response
					.writeHead(request.url!.includes('hidden') ? 403 : 404, {'Content-Type': 'application/json'})
					.end(
						JSON.stringify(
							status(
								request.url!.includes('hidden') ? 403 : 404,
								'pods "x" is forbidden: User "ada" cannot get resource "pods" in API group ""',
							),
						),
					);
			} else {
				urls.push(request.url!);
				response.writeHead(answer.status, {'Content-Type': answer.type ?? 'text/plain', ...answer.headers}).end(answer.body);
			}
		},
	});
	t.teardown(async () => server.close());
	return {urls, cluster: await server.cluster()};
}

const resolved: ReadonlyArray<
	[target: string, base: string, scheme: string, port: number | null, portName: string | null, kubeletPort: boolean | null]
> = [
	['node/n1/metrics', '/api/v1/nodes/n1/proxy', 'https', 10_250, null, true],
	['node/http:n1/', '/api/v1/nodes/http:n1:/proxy', 'https', 10_250, null, true],
	['node/n1:10250/', '/api/v1/nodes/n1/proxy', 'https', 10_250, null, true],
	['node/http:n1:10250/', '/api/v1/nodes/http:n1:/proxy', 'https', 10_250, null, true],
	['node/n1:8080/', '/api/v1/nodes/n1:8080/proxy', 'http', 8080, null, false],
	['node/https:n1:8443/', '/api/v1/nodes/https:n1:8443/proxy', 'https', 8443, null, false],
	['node/odd:9999/', '/api/v1/nodes/odd/proxy', 'https', 9999, null, true],
	['node/odd:10250/', '/api/v1/nodes/odd:10250/proxy', 'http', 10_250, null, false],
	['node/zero:10250/', '/api/v1/nodes/zero/proxy', 'https', 10_250, null, true],
	['node/hidden/', '/api/v1/nodes/hidden/proxy', 'https', null, null, true],
	['node/https:hidden:10250/', '/api/v1/nodes/https:hidden:10250/proxy', 'https', 10_250, null, null],
	['node/hidden:9100/', '/api/v1/nodes/hidden:9100/proxy', 'http', 9100, null, null],
	['pod/web/', '/api/v1/namespaces/default/pods/web/proxy', 'http', 8080, null, false],
	['pod/web:http/', '/api/v1/namespaces/default/pods/web:8080/proxy', 'http', 8080, 'http', false],
	['pod/https:web:http/', '/api/v1/namespaces/default/pods/https:web:8080/proxy', 'https', 8080, 'http', false],
	['pod/web:9000/', '/api/v1/namespaces/default/pods/web:9000/proxy', 'http', 9000, null, false],
	['pod/hidden:9000/', '/api/v1/namespaces/default/pods/hidden:9000/proxy', 'http', 9000, null, false],
	['svc/web/', '/api/v1/namespaces/default/services/web:80/proxy', 'http', 80, 'http', false],
	['svc/web:http/', '/api/v1/namespaces/default/services/web:http/proxy', 'http', 80, 'http', false],
	['svc/https:two:443/', '/api/v1/namespaces/default/services/https:two:443/proxy', 'https', 443, 'https', false],
	['svc/hidden:80/', '/api/v1/namespaces/default/services/hidden:80/proxy', 'http', 80, null, false],
];

for (const [target, base, scheme, port, portName, kubeletPort] of resolved) {
	test(`${target} uses ${scheme} and port ${port}`, async t => {
		const {cluster} = await serve(t);
		const found = await resolveProxyTarget(cluster, parseProxyTarget(target), 'default');
		t.is(found.base, base);
		t.deepEqual(found.purpose.request as object, {scheme, port, portName, kubeletPort});
	});
}

test('a missing or ambiguous port is an error before any request', async t => {
	const {cluster, urls} = await serve(t);
	await t.throwsAsync(resolveProxyTarget(cluster, parseProxyTarget('svc/two/'), 'default'), {
		code: 'ERR_USAGE',
		message: /http \(80\), https \(443\)/,
	});
	await t.throwsAsync(resolveProxyTarget(cluster, parseProxyTarget('svc/bare/'), 'default'), {
		code: 'ERR_NOT_FOUND',
		message: 'service bare has no ports',
	});
	await t.throwsAsync(resolveProxyTarget(cluster, parseProxyTarget('svc/web:99/'), 'default'), {code: 'ERR_NOT_FOUND'});
	await t.throwsAsync(resolveProxyTarget(cluster, parseProxyTarget('pod/web:nope/'), 'default'), {code: 'ERR_NOT_FOUND'});
	await t.throwsAsync(resolveProxyTarget(cluster, parseProxyTarget('pod/hidden:name/'), 'default'), {code: 'ERR_FORBIDDEN'});
	await t.throwsAsync(resolveProxyTarget(cluster, parseProxyTarget('svc/none/'), 'default'), {code: 'ERR_NOT_FOUND'});
	for (const port of ['010250', '1025e1', '10250 ', 'https', '0']) {
		await t.throwsAsync(resolveProxyTarget(cluster, {...parseProxyTarget('node/n1/'), port}, 'default'), {code: 'ERR_USAGE'}, port);
	}

	t.deepEqual(urls, []);
});

const answers: ReadonlyArray<[title: string, target: string, answer: Answer, code: string | null]> = [
	['a backend’s 404 is its own answer', 'svc/web/', {status: 404, body: 'no such page'}, null],
	['a backend’s JSON error is its own answer', 'svc/web/', {status: 500, type: 'application/json', body: '{"error":"x"}'}, null],
	['a backend’s 401 in plain text is its own answer', 'svc/web/', {status: 401, body: 'Unauthorized'}, null],
	[
		'an apiserver that cannot reach the backend',
		'svc/web/',
		{
			status: 503,
			type: 'application/json',
			body: JSON.stringify(
				status(503, 'error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused', 'ServiceUnavailable'),
			),
		},
		'ERR_SECOND_LEG',
	],
	[
		'words of an unknown kind about reaching the backend',
		'svc/web/',
		{
			status: 503,
			type: 'application/json',
			body: JSON.stringify(status(503, 'error trying to reach service: something new', 'ServiceUnavailable')),
		},
		'ERR_SECOND_LEG',
	],
	[
		'a service without endpoints',
		'svc/web/',
		{
			status: 503,
			type: 'application/json',
			body: JSON.stringify(status(503, 'no endpoints available for service "web"', 'ServiceUnavailable')),
		},
		'ERR_NOT_FOUND',
	],
	[
		'a user who may not use the proxy',
		'svc/web/',
		{
			status: 403,
			type: 'application/json',
			body: JSON.stringify(
				status(
					403,
					'services "web" is forbidden: User "ada" cannot get resource "services/proxy" in API group "" in the namespace "default"',
					'Forbidden',
				),
			),
		},
		'ERR_FORBIDDEN',
	],
	['a kubelet that does not accept the apiserver', 'node/n1/', {status: 401, body: 'Unauthorized'}, 'ERR_SECOND_LEG'],
	['a redirect is an answer, not a way to go', 'svc/web/', {status: 302, body: '', headers: {Location: 'https://evil.test/'}}, null],
];

for (const [title, target, answer, code] of answers) {
	test(title, async t => {
		const {cluster, urls} = await serve(t, answer);
		const parsed = parseProxyTarget(target);
		const sending = sendProxyRequest(cluster, await resolveProxyTarget(cluster, parsed, 'default'), {
			method: 'GET',
			path: parsed.path,
			headers: {},
			timeoutMs: 5000,
		});
		if (code === null) {
			const got = await sending;
			t.is(got.status, answer.status);
			t.is(got.bodyStart.toString() + (await receivedText(got.body)), answer.body);
		} else {
			await t.throwsAsync(sending, {code});
		}

		t.is(urls.length, 1);
	});
}

for (const [title, request, says] of [
	[
		'a connection that ends before the answer',
		(response: ServerResponse) => response.destroy(),
		/^the connection ended without a response: .*unknown.*leg 1.*leg 2/,
	],
	['no answer in time', () => undefined, /^no response within 0\.3 s: .*unknown.*leg 1.*leg 2/],
] as const) {
	test(`${title} leaves the leg unknown`, async t => {
		const server = await startServer({
			request(asked, response) {
				if (objects[asked.url!]) {
					response.end(JSON.stringify(objects[asked.url!]));
				} else {
					request(response);
				}
			},
		});
		t.teardown(async () => server.close());
		const cluster = await server.cluster();
		const target = await resolveProxyTarget(cluster, parseProxyTarget('svc/web:80/'), 'default');
		const error = await t.throwsAsync(sendProxyRequest(cluster, target, {method: 'GET', path: '/', headers: {}, timeoutMs: 300}), {
			code: 'ERR_STREAM_LOST',
		});
		t.regex(error.message, says);
	});
}

test('headers that belong to the connection cannot be set', t => {
	t.deepEqual(parseHeader('Content-Type: application/json'), ['Content-Type', 'application/json']);
	t.deepEqual(parseHeader('X-Empty:'), ['X-Empty', '']);
	for (const line of [
		'Authorization: Bearer x',
		'authorization:x',
		'Impersonate-User: root',
		'Host: evil',
		'Transfer-Encoding: chunked',
		'Content-Length: 5',
		'Connection: close',
		'X-Remote-User: root',
		'no colon',
		'Bad Name: x',
		'X: a\r\nY: b',
		'X: a\nAuthorization: b',
	]) {
		t.throws(() => parseHeader(line), {code: 'ERR_USAGE'}, line);
	}
});
