/** The listener on real sockets. */
import {once} from 'node:events';
import {chmod, mkdir, readdir, readlink, realpath, stat, symlink, truncate, writeFile} from 'node:fs/promises';
import {createServer, connect, type Socket} from 'node:net';
import {join} from 'node:path';
import {text as readText} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {WebSocket, WebSocketServer} from 'ws';
import {startProxyListener, type ListenerEvent, type ListenerOptions} from '../../../source/streams/proxy-listener/start-proxy-listener.ts';
import type {ConnectionPurpose} from '../../../source/streams/connection-observer.ts';
import {type Answer, answerFrom, cutAfter, refuse, reply, serve} from '../../support/api-server.ts';
import {collected} from '../../support/duplex-sides.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {until} from '../../support/until.ts';

const options: ListenerOptions = {
	endpoint: {address: '127.0.0.1', port: 0},
	filter: {acceptPaths: '^.*', rejectPaths: '', acceptHosts: String.raw`^localhost$,^127\.0\.0\.1$,^\[::1\]$`, rejectMethods: '^$'},
	apiPrefix: '/',
	files: null,
	keepaliveMs: 0,
	allowsCommands: false,
	serverPath: '',
};

async function start(t: ExecutionContext, {clientLeft, ...more}: Partial<ListenerOptions> & {clientLeft?: () => Promise<unknown>} = {}) {
	const arrived = Promise.withResolvers<void>();
	const firstRead = Promise.withResolvers<void>();
	const upgraded: Socket[] = [];
	const seen: Array<{method: string; url: string; headers: Record<string, unknown>; body: string}> = [];
	const sockets = new WebSocketServer({noServer: true});
	sockets.on('connection', socket => {
		socket.on('message', (message, binary) => {
			socket.send(message, {binary});
		});
	});
	const service = (name: string, port: string) => ({metadata: {name, uid: 'u'}, spec: {ports: [{name: port, port: 80}]}});
	const text = {'Content-Type': 'text/plain'};
	const answers: Readonly<Record<string, Answer>> = {
		'/api/v1/namespaces/d/services/web': service('web', 'http'),
		'/api/v1/namespaces/d/services/https': service('https', 'web'),
		'/api/v1/namespaces/hub/services/proxy-public': service('proxy-public', 'http'),
		'/api/v1/namespaces/hub/services/web': service('web', 'http'),
		'/api/v1/namespaces/proxy/services/web': service('web', 'http'),
		'/api/v1/nodes/n1': {metadata: {name: 'n1', uid: 'u'}, status: {daemonEndpoints: {kubeletEndpoint: {Port: 10_250}}}},
		'/api/v1/nodes/n1/proxy/refused': refuse(
			503,
			'error trying to reach service: tls: failed to verify certificate: x509: certificate signed by unknown authority',
		),
		'/api/v1/nodes/n1/proxy/missing': reply(404, '404 page not found', text),
		'/api/v1/nodes/n1/proxy': reply(301, '', {Location: '/api/v1/nodes/n1/proxy/'}),
		'/cut': cutAfter('half'),
		'/api/v1/nodes/n1/proxy/cut': cutAfter('half'),
		async '/slow'(_, response) {
			response.write('first ');
			await firstRead.promise;
			response.end('second');
		},
		'/never': () => arrived.resolve(),
		'/api/v1/namespaces/d/pods/none': refuse(404, 'pods "none" not found'),
		'/api/v1/namespaces/d/pods/waits/log': refuse(400, 'container "c" in pod "waits" is waiting to start: ContainerCreating'),
		'/api/v1/namespaces/d/pods/unplaced/log': reply(204),
		'/api/v1/namespaces/d/pods/elsewhere/log': reply(404, '404 page not found', text),
		'/busy': reply(429, 'busy', {'Retry-After': '1'}),
		'/redirect': reply(302, '', {Location: 'http://evil.test/'}),
		'*': ({url, method}, response) =>
			response
				.writeHead(url === '/missing' ? 404 : 200, {'X-Backend': 'yes', Connection: 'x-hop', 'X-Hop': 'no'})
				.end(`answer to ${method}`),
	};
	const server = await serve(
		t,
		async (request, response, query) => {
			seen.push({method: request.method!, url: request.url!, headers: request.headers, body: await readText(request)});
			answerFrom(answers)(request, response, query);
		},
		{
			async upgrade(request, socket, head) {
				if (request.url === '/late') {
					arrived.resolve();
					await clientLeft?.();
				}

				upgraded.push(socket);
				seen.push({method: 'UPGRADE', url: request.url!, headers: request.headers, body: ''});
				sockets.handleUpgrade(request, socket, head, client => sockets.emit('connection', client, request));
			},
		},
	);
	const purposes: ConnectionPurpose[] = [];
	const failures: string[] = [];
	const answered: string[] = [];
	const unsure: string[] = [];
	const unused: string[] = [];
	const firstTold = Promise.withResolvers<ListenerEvent>();
	const listener = await startProxyListener(
		await server.cluster(),
		{...options, ...more},
		{
			observer: {
				onOpened(_connection, purpose, {mayBeFromApiserver}) {
					purposes.push(purpose);
					unsure.push(...(mayBeFromApiserver ? [purpose.target.name] : []));
				},
				onApiserverAnswered(_connection, {target}, why) {
					unused.push(`${target.name}: ${why}`);
				},
				onFarEndAnswered(_connection, {target}) {
					answered.push(target.name);
				},
				onFailed(_connection, _purpose, {code}) {
					failures.push(code);
				},
			},
			onEvent: firstTold.resolve,
		},
	);
	t.teardown(() => {
		listener.close();
	});
	return {
		seen,
		purposes,
		failures,
		answered,
		unsure,
		unused,
		arrived: arrived.promise,
		firstRead,
		upgraded,
		firstTold: firstTold.promise,
		listener,
		url: `http://${listener.address}`,
		port: Number(listener.address.split(':').at(-1)),
	};
}

test('a request is relayed with spoke’s credentials and without the client’s own', async t => {
	const {url, seen} = await start(t);
	const answer = await fetch(`${url}/api/v1/things?a=b%2Fc`, {
		method: 'POST',
		body: 'hello',
		headers: {Authorization: 'Bearer stolen', 'Impersonate-User': 'root', 'X-Mine': 'kept', 'Content-Type': 'text/plain'},
	});
	t.is(answer.status, 200);
	t.is(await answer.text(), 'answer to POST');
	t.is(answer.headers.get('x-backend'), 'yes');
	t.is(answer.headers.get('x-hop'), null);
	const [request] = seen;
	t.is(request!.url, '/api/v1/things?a=b%2Fc');
	t.is(request!.body, 'hello');
	t.is(request!.headers['authorization'], 'Bearer secret-token');
	t.is(request!.headers['impersonate-user'], undefined);
	t.is(request!.headers['x-mine'], 'kept');
});

for (const [how, framing] of [
	['chunked', 'Transfer-Encoding: chunked'],
	['of a length that is said to be for one connection only', 'Connection: content-length\r\nContent-Length: 49'],
] as const) {
	test(`a body stays part of its request, whatever the method: ${how}`, async t => {
		const {port, seen} = await start(t);
		const hidden = 'DELETE /hidden HTTP/1.1\r\nHost: x\r\nX-Pad: 1234\r\n\r\n';
		const socket = connect(port, '127.0.0.1');
		socket.write(
			`GET /seen HTTP/1.1\r\nHost: 127.0.0.1\r\n${framing}\r\n\r\n${framing.startsWith('T') ? `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n` : hidden}`,
		);
		await once(socket, 'data');
		socket.destroy();
		await fetch(`http://127.0.0.1:${port}/after`);
		t.deepEqual(
			seen.map(({method, url, body}) => [method, url, body]),
			[
				['GET', '/seen', hidden],
				['GET', '/after', ''],
			],
		);
	});
}

test('a response is streamed, a 404 is relayed, a redirect is not followed', async t => {
	const {url, firstRead} = await start(t);
	const slow = await fetch(`${url}/slow`);
	const reader = slow.body!.getReader();
	t.is(Buffer.from((await reader.read()).value).toString(), 'first ');
	firstRead.resolve();
	t.is(Buffer.from((await reader.read()).value).toString(), 'second');
	t.is((await fetch(`${url}/missing`)).status, 404);
	const redirect = await fetch(`${url}/redirect`, {redirect: 'manual'});
	t.is(redirect.headers.get('location'), 'http://evil.test/');
});

for (const path of ['/cut', '/api/v1/nodes/n1/proxy/cut']) {
	test(`a truncated response is reported with the status sent to the client: ${path}`, async t => {
		const {url, failures, firstTold} = await start(t);
		const answer = await fetch(`${url}${path}`);
		await t.throwsAsync(async () => answer.text());
		t.like(await firstTold, {status: 200, error: {code: 'ERR_STREAM_LOST'}});
		t.regex((await firstTold).error!.message, /it is unknown whether this happened on leg 1 \(to the apiserver\) or leg 2 \(beyond it\)$/);
		t.deepEqual(failures, [], 'which leg was cut is not known');
	});
}

test('a client that disconnects early is not a truncated response', async t => {
	const {port, firstTold} = await start(t);
	const client = connect(port, '127.0.0.1').on('error', () => {});
	client.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
	client.once('data', () => client.destroy());
	t.like(await firstTold, {status: 200, error: null});
});

for (const [path, opened, failures, title] of [
	['refused', 0, ['ERR_SECOND_LEG'], 'a kubelet that the apiserver refuses has not answered, though an answer comes'],
	['missing', 1, [], 'a kubelet’s own 404 is its answer'],
	['', 1, [], 'a kubelet’s 200 is its answer'],
	[null, 0, [], 'the apiserver’s own redirect is no answer of a kubelet'],
] as const) {
	test(title, async t => {
		const given = await start(t);
		const answer = await fetch(`${given.url}/api/v1/nodes/n1/proxy${path === null ? '' : `/${path}`}`, {redirect: 'manual'});
		const text = await answer.text();
		t.is(text.includes('x509'), path === 'refused');
		await given.firstTold;
		t.is(given.purposes.length, opened);
		t.deepEqual(given.failures, failures as unknown as string[]);
	});
}

test('a response with Retry-After is relayed at once', async t => {
	const {url, seen} = await start(t);
	const answer = await fetch(`${url}/busy`);
	t.deepEqual([answer.status, answer.headers.get('retry-after'), await answer.text()], [429, '1', 'busy']);
	t.is(seen.filter(({url: path}) => path === '/busy').length, 1);
});

test('a log read through the listener is labeled as a log with the options of its query', async t => {
	const {url, purposes} = await start(t);
	for (const query of [
		'',
		'?container=c&insecureSkipTLSVerifyBackend=1',
		...['false', '0', 'FALSE', '', 'false1', 'unfalse', '00'].map(value => `?insecureSkipTLSVerifyBackend=${value}`),
	]) {
		await (await fetch(`${url}/api/v1/namespaces/d/pods/web/log${query}`)).text();
	}

	t.deepEqual(
		purposes.map(({feature, target: {name, namespace, container}, insecureSkipTlsVerifyBackend = false}) => [
			feature,
			namespace,
			name,
			container,
			insecureSkipTlsVerifyBackend,
		]),
		[
			['logs', 'd', 'web', null, false],
			['logs', 'd', 'web', 'c', true],
			...[false, false, false, true, true, true, true].map(skips => ['logs', 'd', 'web', null, skips]),
		],
	);
});

test('a kubelet’s error for a log counts as an answer, not as an opened log', async t => {
	const {url, purposes, answered, failures, firstTold} = await start(t);
	t.regex(await (await fetch(`${url}/api/v1/namespaces/d/pods/waits/log`)).text(), /is waiting to start/);
	await firstTold;
	t.deepEqual([answered, failures, purposes], [['waits'], ['ERR_TARGET_GONE'], []]);
});

test('the empty log of a pod on no node is the apiserver’s, and another may be', async t => {
	const {url, purposes, unsure, unused} = await start(t);
	for (const pod of ['web', 'unplaced', 'elsewhere']) {
		await (await fetch(`${url}/api/v1/namespaces/d/pods/${pod}/log`)).text();
	}

	await until(() => purposes.length === 2 && unused.length === 1, purposes);
	t.deepEqual([unsure, unused], [['elsewhere'], ['unplaced: the pod is on no node']]);
});

test('a rejected request never reaches the apiserver', async t => {
	const {port, seen} = await start(t);
	const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
	const evil = 'Origin: http://evil.test';
	for (const [title, line, status, headers = [], host = '127.0.0.1', body = ''] of [
		['a foreign Host', 'GET /version', 403, [], 'evil.test'],
		['a foreign Origin', 'POST /api/v1/pods', 403, [evil, 'Content-Type: text/plain', 'Content-Length: 2'], '127.0.0.1', '{}'],
		['exec', 'POST /api/v1/namespaces/d/pods/p/exec?command=sh', 403, ['Content-Length: 0']],
		['exec coded twice', 'GET /api/v1/namespaces/d/pods/p%252fexec', 403],
		['the kubelet’s run', 'GET //api/v1/nodes/n/proxy/./run/a/b/c', 403],
		['two lengths of a body', 'POST /version', 400, ['Content-Length: 4', 'Transfer-Encoding: chunked'], '127.0.0.1', '0\r\n\r\n'],
		['a URL instead of a path', 'GET http://evil.test/version', 400],
		['CONNECT', 'CONNECT evil.test:443', 403],
		['an upgrade to SPDY', 'POST /api/v1/namespaces/d/pods/p/log', 403, ['Connection: Upgrade', 'Upgrade: SPDY/3.1', 'Content-Length: 0']],
		['a WebSocket of a foreign page', 'GET /socket', 403, [evil, ...upgrade]],
		['a WebSocket to exec', 'GET /api/v1/namespaces/d/pods/p/exec', 403, upgrade],
	] as ReadonlyArray<[title: string, line: string, status: number, headers?: string[], host?: string, body?: string]>) {
		const request = `${[`${line} HTTP/1.1`, `Host: ${host}`, ...headers].join('\r\n')}\r\n\r\n${body}`;
		t.regex(await raw(port, request), new RegExp(`^HTTP/1\\.1 ${status}`), title);
	}

	t.deepEqual(seen, []);
});

test('a client that offers HTTP/2 receives HTTP/1.1, as from Go’s server', async t => {
	const {port, seen} = await start(t);
	const answer = await raw(
		port,
		'GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n\r\n',
	);
	t.regex(answer, /^HTTP\/1\.1 200[\s\S]*answer to GET/);
	t.deepEqual([seen[0]?.headers['upgrade'], seen[0]?.headers['http2-settings']], [undefined, undefined]);
});

test('a WebSocket is relayed in both directions through a service proxy and labeled', async t => {
	const {port, seen, purposes} = await start(t);
	const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/namespaces/d/services/web:80/proxy/chat`, {
		origin: `http://127.0.0.1:${port}`,
	});
	await once(socket, 'open');
	socket.send('hello');
	const [message] = (await once(socket, 'message')) as [Buffer];
	t.is(message.toString(), 'hello');
	socket.close(1000);
	const [code] = (await once(socket, 'close')) as [number];
	t.is(code, 1000);
	t.is(seen.at(-1)!.url, '/api/v1/namespaces/d/services/web:80/proxy/chat');
	t.is(seen.at(-1)!.headers['origin'], undefined);
	t.is(purposes[0]?.feature, 'service-proxy');
	t.deepEqual(purposes[0]?.request, {scheme: 'http', port: 80, portName: 'http', kubeletPort: false});
});

test('two parts in a path are a name and a port, as the apiserver parses them', async t => {
	const {url, purposes} = await start(t);
	t.is((await fetch(`${url}/api/v1/namespaces/d/services/https:web/proxy/`)).status, 200);
	t.deepEqual([purposes[0]?.target.name, purposes[0]?.request?.scheme, purposes[0]?.request?.portName], ['https', 'http', 'web']);
});

test('an API prefix is removed, and only files of the directory are served', async t => {
	const folder = await temporaryDirectory(t);
	await mkdir(join(folder, 'www'));
	await writeFile(join(folder, 'www', 'index.html'), '<p>hi');
	await writeFile(join(folder, 'secret'), 'secret');
	await symlink(join(folder, 'secret'), join(folder, 'www', 'link'));
	const {url, port, seen} = await start(t, {apiPrefix: '/k8s/', files: {directory: join(folder, 'www'), prefix: '/static/'}});
	t.is((await fetch(`${url}/k8s/version`)).status, 200);
	t.is(seen[0]!.url, '/version');
	t.is((await fetch(`${url}/version`)).status, 404);
	t.is(await (await fetch(`${url}/static/`)).text(), '<p>hi');
	t.is((await fetch(`${url}/static/link`)).status, 404);
	t.notRegex(await raw(port, 'GET /static/..%2fsecret HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'), /secret$/);
	t.is(seen.length, 1);
});

test('a prefix without its final slash is redirected, as by kubectl proxy', async t => {
	const {url, port, seen} = await start(t, {apiPrefix: '/k8s/', files: {directory: '/nonexistent', prefix: '/static/'}});
	for (const [path, location] of [
		['/static', '/static/'],
		['/k8s?a=/b', '/k8s/?a=/b'],
	] as const) {
		const {status, headers} = await fetch(`${url}${path}`, {method: 'POST', redirect: 'manual'});
		t.deepEqual([status, headers.get('location')], [307, location]);
	}

	t.is((await fetch(`${url}/static-files`)).status, 404);
	t.regex(await raw(port, 'GET /static HTTP/1.1\r\nHost: evil.example\r\n\r\n'), /^HTTP\/1.1 403 /);
	t.is(seen.length, 0);
});

test('a file is closed when its client disconnects early', async t => {
	const folder = await realpath(await temporaryDirectory(t));
	const file = join(folder, 'large');
	await writeFile(file, '');
	await truncate(file, 50_000_000);
	const {port, firstTold} = await start(t, {files: {directory: folder, prefix: '/static/'}});
	const client = connect(port, '127.0.0.1').on('error', () => {});
	client.write('GET /static/large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
	await once(client, 'data');
	client.destroy();
	t.like(await firstTold, {status: 200, error: null});
	const held = async () => Promise.all((await readdir('/proc/self/fd')).map(async fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
	await until(async () => !(await held()).includes(file), held);
});

test('a file that grows is sent up to its announced size', async t => {
	// Files in /proc report size 0.
	const {port} = await start(t, {files: {directory: '/proc/self', prefix: '/static/'}});
	t.regex(
		await raw(port, 'GET /static/status HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'),
		/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/,
	);
});

for (const path of [
	'/api/v1/namespaces/hub/services/proxy-public:80/proxy/hub/?x=1',
	'/api/v1/namespaces/proxy/services/web:80/proxy/proxy/y',
	'/api/v1/namespaces/hub/services/web:80/proxy?x=/proxy',
]) {
	test(`a path is relayed unchanged: ${path}`, async t => {
		const {port, url, seen} = await start(t);
		t.is((await fetch(url + path)).status, 200);
		t.is(seen.at(-1)!.url, path);
		const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
		await once(socket, 'open');
		socket.close();
		t.is(seen.at(-1)!.url, path);
	});
}

test('a client that disconnects before the response is not a failure', async t => {
	const {port, arrived, firstTold, failures} = await start(t);
	const client = connect(port, '127.0.0.1').on('error', () => {});
	client.write('GET /never HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
	await arrived;
	client.destroy();
	t.like(await firstTold, {status: 499, error: null});
	t.deepEqual(failures, []);
});

test('a WebSocket is closed when its client disconnected before the upgrade', async t => {
	const left = Promise.withResolvers<void>();
	const {port, arrived, upgraded, firstTold} = await start(t, {clientLeft: async () => left.promise});
	const client = connect(port, '127.0.0.1').on('error', () => {});
	client.write(
		'GET /late HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
	);
	await arrived;
	client.resetAndDestroy();
	await delay(100);
	left.resolve();
	t.like(await firstTold, {status: 499, error: null});
	await until(() => upgraded[0]?.destroyed);

	t.is(upgraded.length, 1);
});

for (const [path, status, title] of [
	['/api/v1/namespaces/d/pods/none/proxy/', 404, 'a pod that is not there is the client’s 404'],
	['/api/v1/namespaces/d/services/web:99/proxy/', 404, 'so is a service’s port that is not there'],
	['/api/v1/namespaces/d/pods/%zz/proxy/', 400, 'a name that is not valid percent-encoding is the client’s mistake'],
] as const) {
	test(title, async t => {
		const {port, firstTold} = await start(t);
		t.regex(await raw(port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`), new RegExp(`^HTTP/1\\.1 ${status} `));
		t.not((await firstTold).error?.code, 'ERR_INTERNAL');
	});
}

test('an unreachable apiserver is a 502 with the reason', async t => {
	const server = await serve(t);
	// Another test could get the port of a server that was closed.
	const cluster = await server.cluster({flags: ['--server', 'https://127.0.0.1:1']});
	const listener = await startProxyListener(cluster, options);
	t.teardown(() => {
		listener.close();
	});
	const answer = await fetch(`http://${listener.address}/version`);
	t.is(answer.status, 502);
	t.regex(await answer.text(), /refused/);
});

test('the error for a port in use names its family', async t => {
	const {port} = await start(t);
	const server = await serve(t);
	await t.throwsAsync(startProxyListener(await server.cluster(), {...options, endpoint: {address: '127.0.0.1', port}}), {
		code: 'ERR_PORT_IN_USE',
		message: `cannot listen on 127.0.0.1:${port} (IPv4): the port is in use`,
	});
});

test('a Unix socket is private and replaces only a stale socket', async t => {
	const folder = await temporaryDirectory(t);
	const path = join(folder, 'api.sock');
	const stale = createServer().listen(path);
	await once(stale, 'listening');
	await chmod(path, 0o777);
	const {listener} = await start(t, {endpoint: {unixSocket: path}});
	// Closing removes the path, so do it last.
	t.teardown(() => {
		stale.close();
	});
	t.is(listener.address, path);
	t.is((await stat(path)).mode, 0o14_0600);
	t.deepEqual(await readdir(folder), ['api.sock']);
	t.regex(await raw(path, 'GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 200/);

	const file = join(folder, 'file');
	await writeFile(file, 'precious');
	const server = await serve(t);
	await t.throwsAsync(startProxyListener(await server.cluster(), {...options, endpoint: {unixSocket: file}}), {code: 'ERR_LOCAL_FILE'});
});

async function raw(place: number | string, request: string): Promise<string> {
	const socket = typeof place === 'number' ? connect(place, '127.0.0.1') : connect(place);
	const answer = collected(socket.setTimeout(30_000, () => socket.destroy()));
	socket.write(request);
	await once(socket, 'close');
	return String(answer());
}
