/** One request through the apiserver proxy: port, scheme, origin of the response. */
import test, {type ExecutionContext} from 'ava';
import {parseHeader, sendProxyRequest} from '../../../source/streams/proxy/proxy-request.ts';
import {resolveProxyTarget} from '../../../source/streams/proxy/resolve-proxy-target.ts';
import {parseProxyTarget} from '../../../source/cluster/targets/proxy-target.ts';
import {type ByHand, clusterThat, refuse, reply, silence} from '../../support/api-server.ts';
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

async function given(t: ExecutionContext, answer: ByHand = reply(200, 'hello')) {
	const urls: string[] = [];
	const cluster = await clusterThat(t, {
		...objects,
		'*'(request, response, query) {
			if (request.url!.includes('/proxy')) {
				urls.push(request.url!);
				answer(request, response, query);
			} else {
				const code = request.url!.includes('hidden') ? 403 : 404;
				refuse(code, 'pods "x" is forbidden: User "ada" cannot get resource "pods" in API group ""')(request, response, query);
			}
		},
	});
	return {urls, cluster};
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
		const {cluster} = await given(t);
		const found = await resolveProxyTarget(cluster, parseProxyTarget(target), 'default');
		t.is(found.base, base);
		t.deepEqual(found.purpose.request as object, {scheme, port, portName, kubeletPort});
	});
}

test('a missing or ambiguous port is an error before any request', async t => {
	const {cluster, urls} = await given(t);
	for (const [target, error] of [
		['svc/two/', {code: 'ERR_USAGE', message: /http \(80\), https \(443\)/}],
		['svc/bare/', {code: 'ERR_NOT_FOUND', message: 'service bare has no ports'}],
		['svc/web:99/', {code: 'ERR_NOT_FOUND'}],
		['pod/web:nope/', {code: 'ERR_NOT_FOUND'}],
		['pod/hidden:name/', {code: 'ERR_FORBIDDEN'}],
		['svc/none/', {code: 'ERR_NOT_FOUND'}],
	] as const) {
		await t.throwsAsync(resolveProxyTarget(cluster, parseProxyTarget(target), 'default'), error, target);
	}

	for (const port of ['010250', '1025e1', '10250 ', 'https', '0']) {
		await t.throwsAsync(resolveProxyTarget(cluster, {...parseProxyTarget('node/n1/'), port}, 'default'), {code: 'ERR_USAGE'}, port);
	}

	t.deepEqual(urls, []);
});

const plain = {'Content-Type': 'text/plain'};
const unavailable = (message: string) => refuse(503, message, 'ServiceUnavailable');
const mayNot = 'services "web" is forbidden: User "ada" cannot get resource "services/proxy" in API group "" in the namespace "default"';

/** The last field is the status and body that are relayed, or the code of the error. */
const answers: ReadonlyArray<[title: string, target: string, answer: ByHand, expected: readonly [number, string] | string]> = [
	['a backend’s 404 is its own answer', 'svc/web/', reply(404, 'no such page', plain), [404, 'no such page']],
	['a backend’s JSON error is its own answer', 'svc/web/', reply(500, {error: 'x'}), [500, '{"error":"x"}']],
	['a backend’s 401 in plain text is its own answer', 'svc/web/', reply(401, 'Unauthorized', plain), [401, 'Unauthorized']],
	[
		'an apiserver that cannot reach the backend',
		'svc/web/',
		unavailable('error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused'),
		'ERR_SECOND_LEG',
	],
	[
		'words of an unknown kind about reaching the backend',
		'svc/web/',
		unavailable('error trying to reach service: something new'),
		'ERR_SECOND_LEG',
	],
	['a service without endpoints', 'svc/web/', unavailable('no endpoints available for service "web"'), 'ERR_NOT_FOUND'],
	['a user who may not use the proxy', 'svc/web/', refuse(403, mayNot, 'Forbidden'), 'ERR_FORBIDDEN'],
	['a kubelet that does not accept the apiserver', 'node/n1/', reply(401, 'Unauthorized', plain), 'ERR_SECOND_LEG'],
	['a redirect is an answer, not a way to go', 'svc/web/', reply(302, '', {...plain, Location: 'https://evil.test/'}), [302, '']],
];

for (const [title, target, answer, expected] of answers) {
	test(title, async t => {
		const {cluster, urls} = await given(t, answer);
		const {path, ...parsed} = parseProxyTarget(target);
		const to = await resolveProxyTarget(cluster, {path, ...parsed}, 'default');
		const sending = sendProxyRequest(cluster, to, {method: 'GET', path, headers: {}, timeoutMs: 5000});
		if (typeof expected === 'string') {
			await t.throwsAsync(sending, {code: expected});
		} else {
			const got = await sending;
			t.deepEqual([got.status, got.bodyStart.toString() + (await receivedText(got.body))], [...expected]);
		}

		t.is(urls.length, 1);
	});
}

for (const [title, answer, message] of [
	[
		'a connection that ends before the answer',
		(_, response) => response.destroy(),
		/^the connection ended without a response: .*unknown.*leg 1.*leg 2/,
	],
	['no answer in time', silence, /^no response within 0\.3 s: .*unknown.*leg 1.*leg 2/],
] as const satisfies ReadonlyArray<readonly [string, ByHand, RegExp]>) {
	test(`${title} leaves the leg unknown`, async t => {
		const {cluster} = await given(t, answer);
		const target = await resolveProxyTarget(cluster, parseProxyTarget('svc/web:80/'), 'default');
		await t.throwsAsync(sendProxyRequest(cluster, target, {method: 'GET', path: '/', headers: {}, timeoutMs: 300}), {
			code: 'ERR_STREAM_LOST',
			message,
		});
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
