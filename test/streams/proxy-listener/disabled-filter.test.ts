/** The listener with --disable-filter, --allow-commands and --append-server-path. */
import {once} from 'node:events';
import {connect} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {WebSocket, WebSocketServer} from 'ws';
import {startProxyListener, type ListenerOptions} from '../../../source/streams/proxy-listener/start-proxy-listener.ts';
import type {ConnectionPurpose} from '../../../source/streams/connection-observer.ts';
import {serve} from '../../support/api-server.ts';

const strict: ListenerOptions = {
	endpoint: {address: '127.0.0.1', port: 0},
	filter: {acceptPaths: '^.*', rejectPaths: '', acceptHosts: '^localhost$', rejectMethods: '^$'},
	apiPrefix: '/',
	files: null,
	keepaliveMs: 0,
	allowsCommands: false,
	serverPath: '',
};
const exec = '/api/v1/namespaces/d/pods/web/exec?command=sh';

async function start(t: ExecutionContext, options: Partial<ListenerOptions>, serverPath = '') {
	const seen: string[] = [];
	const purposes: ConnectionPurpose[] = [];
	const sockets = new WebSocketServer({noServer: true});
	const pod = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: 'web', uid: 'u1'},
		spec: {nodeName: 'n1', containers: [{name: 'c'}]},
		status: {phase: 'Running'},
	};
	const server = await serve(
		t,
		(request, response) => {
			seen.push(`${request.method} ${request.url}`);
			response.end(request.url!.endsWith('/pods/web') ? JSON.stringify(pod) : 'answer');
		},
		{
			upgrade(request, socket, head) {
				seen.push(`UPGRADE ${request.url}`);
				if (request.headers.upgrade === 'SPDY/3.1') {
					socket.write(
						`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${String(request.headers['x-stream-protocol-version']).split(',')[0]}\r\n\r\n`,
					);
					socket.pipe(socket);
					return;
				}

				sockets.handleUpgrade(request, socket, head, client => client.on('message', message => client.send(message)));
			},
		},
	);
	const cluster = await server.cluster({cluster: {server: `${server.url}${serverPath}`}});
	const listener = await startProxyListener(
		cluster,
		{...strict, ...options},
		{
			observer: {
				onOpened(_connection, purpose) {
					purposes.push(purpose);
				},
			},
		},
	);
	t.teardown(() => {
		listener.close();
	});
	return {seen, purposes, port: Number(listener.address.split(':').at(-1)), url: `http://${listener.address}`};
}

/** For requests that fetch cannot send; returns the raw response. */
async function raw(port: number, lines: readonly string[], send = ''): Promise<string> {
	const socket = connect(port, '127.0.0.1');
	socket.write(`${lines.join('\r\n')}\r\n\r\n`);
	let text = '';
	for await (const piece of socket) {
		text += String(piece);
		if (send !== '' && text.includes('\r\n\r\n')) {
			if (text.endsWith(send)) {
				break;
			}

			socket.write(send);
		}
	}

	socket.destroy();
	return text;
}

async function answered(port: number, path: string, method = 'GET'): Promise<string> {
	return raw(port, [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close']);
}

const foreign = ['Host: evil.test', 'Origin: http://evil.test', 'Sec-Fetch-Site: cross-site', 'Connection: close'];

test('a request of any host, origin and method passes with the filter disabled, and none with it', async t => {
	const open = await start(t, {filter: null});
	t.regex(await raw(open.port, ['DELETE /api/v1/things HTTP/1.1', ...foreign]), /^HTTP\/1\.1 200 /);
	t.deepEqual(open.seen, ['DELETE /api/v1/things']);
	const closed = await start(t, {});
	t.regex(await raw(closed.port, ['DELETE /api/v1/things HTTP/1.1', ...foreign]), /^HTTP\/1\.1 403 /);
	t.deepEqual(closed.seen, []);
});

for (const path of [
	exec,
	'/api/v1/namespaces/d/pods/web/attach',
	'/api/v1/namespaces/d/pods/web/portforward',
	'/api/v1/namespaces/d/pods/web/%65xec',
	'/api/v1/namespaces/d/pods/x/../web/exec',
	'/api/v1/nodes/n1/proxy/run/d/web/c',
	'/api/v1/nodes/n1/proxy/exec/d/web/c',
	'/api/v1/nodes/n1/proxy/%2572un/d/web/c',
]) {
	test(`with the filter disabled, ${path} is still rejected`, async t => {
		const {port, seen} = await start(t, {filter: null});
		for (const method of ['GET', 'POST']) {
			t.regex(await answered(port, path, method), /^HTTP\/1\.1 403 /);
		}

		t.regex(
			await raw(port, [
				`GET ${path} HTTP/1.1`,
				'Host: localhost',
				'Connection: Upgrade',
				'Upgrade: websocket',
				'Sec-WebSocket-Version: 13',
				'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
			]),
			/^HTTP\/1\.1 403 /,
		);
		t.deepEqual(seen, []);
	});
}

test('exec is relayed as a WebSocket when commands are allowed, and labeled', async t => {
	const {port, seen, purposes} = await start(t, {filter: null, allowsCommands: true});
	const socket = new WebSocket(`ws://127.0.0.1:${port}${exec}`, ['v5.channel.k8s.io']);
	await once(socket, 'open');
	socket.send('hello');
	const [message] = (await once(socket, 'message')) as [Buffer];
	t.is(message.toString(), 'hello');
	t.is(seen.at(-1), `UPGRADE ${exec}`);
	t.like(purposes, [{feature: 'exec', target: {kind: 'Pod', namespace: 'd', name: 'web', node: 'n1'}}]);
	socket.terminate();
});

test('port-forward passes as SPDY when commands are allowed, and SPDY is refused otherwise', async t => {
	const path = '/api/v1/namespaces/d/pods/web/portforward';
	const upgrade = ['Host: localhost', 'Connection: Upgrade', 'Upgrade: SPDY/3.1', 'X-Stream-Protocol-Version: portforward.k8s.io'];
	const {port, purposes} = await start(t, {filter: null, allowsCommands: true});
	t.regex(
		await raw(port, [`POST ${path} HTTP/1.1`, ...upgrade], 'frames'),
		/^HTTP\/1\.1 101 [\s\S]*Upgrade: SPDY\/3\.1\r\n[\s\S]*X-Stream-Protocol-Version: portforward\.k8s\.io\r\n[\s\S]*frames$/,
	);
	t.like(purposes, [{feature: 'port-forward', target: {name: 'web'}}]);
	const closed = await start(t, {filter: null});
	t.regex(await raw(closed.port, ['POST /api/v1/namespaces/d/services/web/proxy/ HTTP/1.1', ...upgrade]), /^HTTP\/1\.1 403 /);
	t.deepEqual(closed.seen, []);
});

test('the server path is appended, or required in the request', async t => {
	const appended = await start(t, {}, '/k8s/clusters/c-1');
	t.regex(await answered(appended.port, '/api/v1/pods'), /^HTTP\/1\.1 200 /);
	t.deepEqual(appended.seen, ['GET /k8s/clusters/c-1/api/v1/pods']);
	const kept = await start(t, {serverPath: '/k8s/clusters/c-1'}, '/k8s/clusters/c-1');
	t.regex(await answered(kept.port, '/k8s/clusters/c-1/api/v1/pods'), /^HTTP\/1\.1 200 /);
	t.deepEqual(kept.seen, ['GET /k8s/clusters/c-1/api/v1/pods']);
	t.regex(await answered(kept.port, '/api/v1/pods'), /^HTTP\/1\.1 404 [\s\S]*--append-server-path/);
	t.is(kept.seen.length, 1);
});

test('a server path in the request does not hide a command from the filter', async t => {
	for (const filter of [null, strict.filter]) {
		const {port, seen} = await start(t, {filter, serverPath: '/k8s/c-1'}, '/k8s/c-1');
		t.regex(await answered(port, `/k8s/c-1${exec}`), /^HTTP\/1\.1 403 /);
		t.deepEqual(seen, []);
	}
});

for (const path of [
	'/k8s/c-1/../c-1/api/v1/namespaces/d/pods/web/log',
	'/k8s/c-1/%2e%2e/c-2/api/v1/pods',
	'/k8s/c-1/.%2E%2fc-2/api/v1/pods',
]) {
	test(`${path} is refused with 400, also with --disable-filter`, async t => {
		const {port, seen} = await start(t, {filter: null, allowsCommands: true, serverPath: '/k8s/c-1'}, '/k8s/c-1');
		t.regex(await answered(port, path), /^HTTP\/1\.1 400 [\s\S]*dot segments/);
		t.deepEqual(seen, []);
	});
}

test('accepted and rejected paths match the path with the server path, as with kubectl', async t => {
	const filter = {acceptPaths: '^/k8s/c-1/api', rejectPaths: '^/k8s/c-1/api/v1/secrets', acceptHosts: '^localhost$', rejectMethods: '^$'};
	const {port, seen} = await start(t, {filter, serverPath: '/k8s/c-1'}, '/k8s/c-1');
	t.regex(await answered(port, '/k8s/c-1/api/v1/pods'), /^HTTP\/1\.1 200 /);
	t.regex(await answered(port, '/k8s/c-1/api/v1/secrets'), /^HTTP\/1\.1 403 /);
	t.regex(await answered(port, '/k8s/c-1/version'), /^HTTP\/1\.1 403 /);
	t.deepEqual(seen, ['GET /k8s/c-1/api/v1/pods']);
});
