import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {createServer as createTcpServer, type Socket} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import type {TLSSocket} from 'node:tls';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {listAll} from '../../source/cluster/list.ts';
import type {ResolvedTarget} from '../../source/cluster/targets/parse-target.ts';
import {openTunnel} from '../../source/streams/port-forward/tunnel.ts';
import {openLog} from '../../source/streams/logs/open-log.ts';
import {openRemoteCommand} from '../../source/streams/remote-command/open-remote-command.ts';
import {clusterThat, cutAfter, inTurn, refuse, reply, serve, statusObject, upgraded} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';
import {refuseUpgrade} from '../support/command-server.ts';
import {collected} from '../support/duplex-sides.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {clientForTest} from '../support/client-for-test.ts';
import {startRecordingServers} from '../support/recording-servers.ts';
import {until} from '../support/until.ts';

const accept = (key: string) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const switching = (lines: readonly string[], behind = '') =>
	`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n${behind}`;

test('sends requests and the following upgrade on one socket', async t => {
	const ports: number[] = [];
	const server = await serve(
		t,
		(request, response) => {
			ports.push(request.socket.remotePort!);
			response.end(request.url);
		},
		{
			upgrade(request, socket) {
				ports.push(request.socket.remotePort!);
				socket.write(
					switching(
						['Upgrade: websocket', `Sec-WebSocket-Accept: ${accept(request.headers['sec-websocket-key']!)}`, 'Sec-WebSocket-Protocol: b'],
						'first',
					),
				);
				socket.on('data', chunk => socket.write(chunk));
			},
		},
	);
	const connection = await (await server.cluster()).connect();
	for (const path of ['/flagz', '/version', '/metrics?x=%20']) {
		const {
			status,
			body,
			connection: {id},
		} = await connection.request({path});
		t.is(status, 200);
		t.is(id, connection.id);
		t.is(await text(body), path);
	}

	t.true(connection.usable);
	const outcome = await upgraded(connection.upgrade({method: 'GET', path: '/exec', upgrade: 'websocket', protocols: ['a', 'b']}));
	t.is(outcome.protocol, 'b');
	t.false(connection.usable);
	t.deepEqual(
		ports,
		Array.from({length: 4}, () => ports[0]!),
	);
	connection.close();
	outcome.socket.write('echo');
	const read = collected(outcome.socket.resume());
	await until(() => String(read()) === 'firstecho', read);
	outcome.socket.destroy();
});

test('uses one socket through HTTP and SOCKS5 proxies, and hides the proxy’s password', async t => {
	const proxies = await startRecordingServers();
	t.teardown(async () => proxies.close());
	const server = await serve(t, ({socket}, response) => response.end(String(socket.remotePort)), {
		upgrade: (_, socket) => socket.end(switching(['Upgrade: SPDY/3.1', 'X-Stream-Protocol-Version: v4'], String(socket.remotePort))),
	});
	for (const [scheme, port] of [
		['http', proxies.ports['http-proxy']],
		['socks5', proxies.ports['socks5-proxy']],
	] as const) {
		const connection = await (await server.cluster({cluster: {'proxy-url': `${scheme}://me:hidden@127.0.0.1:${port}`}})).connect();
		t.deepEqual(connection.facts.proxy, {url: `${scheme}://127.0.0.1:${port}`, from: 'proxy-url'});
		t.is(connection.facts.remoteAddress, `127.0.0.1:${port}`);
		t.true(connection.facts.tls?.verified);
		const before = await text((await connection.request({path: '/flagz'})).body);
		const {socket} = await upgraded(connection.upgrade({method: 'POST', path: '/x', upgrade: 'SPDY/3.1', protocols: ['v4']}));
		t.is(await text(socket), before);
		t.notRegex(JSON.stringify(connection.facts), /hidden/);
	}
});

test('rejects with the abort reason and closes the socket when a proxy is silent', async t => {
	const proxy = createTcpServer();
	t.teardown(() => proxy.close());
	const port = await listenOnLoopback(proxy);
	const asked = once(proxy, 'connection') as Promise<[Socket]>;
	const server = await serve(t);
	const cluster = await server.cluster({cluster: {'proxy-url': `http://127.0.0.1:${port}`}});
	const left = new AbortController();
	const connecting = cluster.connect({signal: left.signal});
	const [socket] = await asked;
	await once(socket, 'data');
	left.abort(new Error('gave up'));
	await t.throwsAsync(connecting, {message: 'gave up'});
	await once(socket.resume(), 'close');
});

test('names the proxy when the proxy is unreachable', async t => {
	const server = await serve(t);
	for (const [options, named] of [
		[{cluster: {'proxy-url': 'http://127.0.0.1:1'}}, 'proxy-url of this cluster'],
		[
			{environment: {HTTPS_PROXY: 'http://127.0.0.1:1'}, cluster: {server: 'https://apiserver.test'}},
			'HTTPS_PROXY and NO_PROXY in the environment',
		],
	] as const) {
		t.like(await t.throwsAsync((await server.cluster(options)).connect()), {
			code: 'ERR_APISERVER_UNREACHABLE',
			remedy: `check ${named}, and the connection to the proxy`,
		});
	}
});

const wrongUpgrades: ReadonlyArray<[string, (key: string) => string, RegExp]> = [
	[
		'the accept value of another key',
		() => switching(['Upgrade: websocket', `Sec-WebSocket-Accept: ${accept('x')}`]),
		/Sec-WebSocket-Accept does not match/,
	],
	['no accept value', () => switching(['Upgrade: websocket']), /Sec-WebSocket-Accept does not match/],
	[
		'a protocol that was not offered',
		key => switching(['Upgrade: websocket', `Sec-WebSocket-Accept: ${accept(key)}`, 'Sec-WebSocket-Protocol: z']),
		/selected the protocol z, which was not offered/,
	],
	['another upgrade', key => switching(['Upgrade: h2c', `Sec-WebSocket-Accept: ${accept(key)}`]), /switched to h2c/],
];

for (const [title, answer, message] of wrongUpgrades) {
	test(`rejects an invalid upgrade response: ${title}`, async t => {
		const server = await serve(t, undefined, {upgrade: (request, socket) => socket.write(answer(request.headers['sec-websocket-key']!))});
		const connection = await (await server.cluster()).connect();
		await t.throwsAsync(connection.upgrade({method: 'GET', path: '/', upgrade: 'websocket', protocols: ['a']}), {
			code: 'ERR_UPGRADE_REFUSED',
			message,
		});
	});
}

test('returns status and 64 KiB of body of a refused upgrade, and stays usable', async t => {
	const server = await serve(t, (request, response) => {
		response.statusCode = 403;
		response.end('x'.repeat(request.url === '/long' ? 200_000 : 10));
	});
	const connection = await (await server.cluster()).connect();
	const options = {method: 'GET', upgrade: 'websocket', protocols: ['a']} as const;
	const short = await connection.upgrade({...options, path: '/short'});
	t.like(short, {upgraded: false, status: 403, body: 'xxxxxxxxxx'});
	t.true(connection.usable);
	const long = await connection.upgrade({...options, path: '/long'});
	t.is(long.upgraded ? 0 : long.body.length, 64 * 1024);
	t.false(connection.usable);
	t.is(server.connections(), 1);
});

test('returns a redirect without following it', async t => {
	const canary = await serve(t, reply(200, 'caught'));
	const cluster = await clusterThat(t, reply(302, '', {location: `${canary.url}/steal`}));
	for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
		const {status, body} = await cluster.request({method, path: '/'});
		await text(body);
		t.is(status, 302);
	}

	await t.throwsAsync(cluster.json({path: '/'}), {code: 'ERR_APISERVER_ANSWER', message: /redirects are not followed/});
	t.is(canary.connections(), 0);
});

test('accepts a request timeout of a thousand hours', async t => {
	const server = await serve(t, (_request, response) => setTimeout(() => response.end('{}'), 100));
	t.deepEqual(await (await server.cluster({flags: ['--request-timeout=1000h']})).json({path: '/'}), {});
});

test('times out on leg 1 when the server is silent', async t => {
	const server = await serve(t, () => {});
	const connection = await (await server.cluster()).connect();
	await t.throwsAsync(connection.request({path: '/', timeoutMs: 100}), {
		code: 'ERR_APISERVER_TIMEOUT',
		message: /did not respond within 0\.1 s/,
		instanceOf: Error,
	});
	t.false(connection.usable);
	await t.throwsAsync((await server.cluster({flags: ['--request-timeout=2s']})).json({path: '/'}), {
		code: 'ERR_APISERVER_TIMEOUT',
		message: /did not respond within 2 s/,
	});
});

test('fails when the server hangs or closes during the TLS handshake', async t => {
	for (const [onSocket, message] of [
		[() => {}, /TLS handshake timeout/],
		[(socket: Socket) => socket.destroy(), /during the TLS handshake/],
	] as const) {
		const wrong = createTcpServer(onSocket);
		t.teardown(() => wrong.close());
		const cluster = await clientForTest(t, ['--server', `https://127.0.0.1:${await listenOnLoopback(wrong)}`, '--request-timeout=2s']);
		await t.throwsAsync(cluster.connect(), {code: 'ERR_APISERVER_UNREACHABLE', message});
	}
});

test('rejects with the abort reason', async t => {
	const server = await serve(t, () => {});
	const cluster = await server.cluster();
	const reason = new Error('enough');
	const connection = await cluster.connect();
	const controller = new AbortController();
	setTimeout(() => {
		controller.abort(reason);
	}, 20);
	t.is(await t.throwsAsync(connection.request({path: '/', signal: controller.signal})), reason);
	t.is(await t.throwsAsync(cluster.connect({signal: AbortSignal.abort(reason)})), reason);
	t.is(await t.throwsAsync(cluster.request({path: '/', signal: AbortSignal.abort(reason)})), reason);
});

test('decompresses gzip bodies up to the size limit', async t => {
	const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), {level: 9});
	const server = await serve(t, (request, response) => {
		response.setHeader('content-encoding', 'gzip');
		response.end(request.url === '/bomb' ? bomb : gzipSync(`{"asked":"${request.headers['accept-encoding']}"}`));
	});
	const cluster = await server.cluster();
	t.deepEqual(await cluster.json({path: '/'}), {asked: 'gzip'});
	await t.throwsAsync(cluster.json({path: '/bomb', maxBytes: 1024 * 1024}), {code: 'ERR_PROTOCOL', message: /larger than 1048576 bytes/});
	t.deepEqual(await (await server.cluster({flags: ['--disable-compression']})).json({path: '/'}), {asked: 'identity'});
});

test('leaves HEAD and range responses compressed', async t => {
	const asked: unknown[] = [];
	const server = await serve(t, (request, response) => {
		asked.push(request.headers['accept-encoding']);
		const body = gzipSync('x'.repeat(1000));
		if (request.method === 'HEAD') {
			response.writeHead(200, {'content-encoding': 'gzip', 'content-length': String(body.length)}).end();
		} else {
			response.writeHead(206, {'content-encoding': 'gzip'}).end(body.subarray(0, 10));
		}
	});
	const cluster = await server.cluster();
	const head = await cluster.request({method: 'HEAD', path: '/'});
	t.is(await text(head.body), '');
	t.is(head.headers['content-encoding'], 'gzip');
	t.truthy(head.headers['content-length']);
	const part = await cluster.request({path: '/', headers: {Range: 'bytes=0-9'}});
	t.is(
		(await Array.fromAsync(part.body as AsyncIterable<Buffer>)).reduce((sum, {length}) => sum + length, 0),
		10,
	);
	t.deepEqual(asked, ['identity', 'identity']);
});

test('starts the response timeout after an upload, and ends a stalled upload', async t => {
	const server = await serve(t, (request, response) => {
		let bytes = 0;
		request
			.on('data', (piece: Buffer) => {
				bytes += piece.length;
			})
			.on('end', () => response.end(String(bytes)))
			.on('error', () => {});
	});
	const cluster = await server.cluster();
	const upload = async function* (gaps: readonly number[]) {
		for (const gap of gaps) {
			await delay(gap);
			yield Buffer.from('piece');
		}
	};

	const {body} = await cluster.request({method: 'POST', path: '/', body: Readable.from(upload([0, 500, 500, 500, 500])), timeoutMs: 1500});
	t.is(await text(body), '25');
	await t.throwsAsync(cluster.request({method: 'POST', path: '/', body: Readable.from(upload([0, 3000])), timeoutMs: 500}), {
		code: 'ERR_APISERVER_TIMEOUT',
	});
});

test('reports truncated, oversized and non-JSON bodies with different errors', async t => {
	const cluster = await clusterThat(t, {
		'/cut': cutAfter('{'),
		'/endless'(_, response) {
			const timer = setInterval(() => response.write(Buffer.alloc(64 * 1024)), 1);
			response.once('close', () => clearInterval(timer));
		},
		'/deep': '['.repeat(100_000),
		'/': '{"__proto__":{"polluted":1},"big":9007199254740993}',
	});
	await t.throwsAsync(cluster.json({path: '/cut'}), {code: 'ERR_APISERVER_UNREACHABLE', message: /truncated/});
	await t.throwsAsync(cluster.json({path: '/endless', maxBytes: 1_000_000}), {code: 'ERR_PROTOCOL', message: /larger than/});
	await t.throwsAsync(cluster.json({path: '/deep'}), {code: 'ERR_PROTOCOL', message: /not JSON/});
	await cluster.json({path: '/'});
	t.is(({} as {polluted?: number}).polluted, undefined);
});

test('queued requests fail when the connection closes', async t => {
	const server = await serve(t, request => request.socket.destroy());
	const connection = await (await server.cluster()).connect();
	for (const one of await Promise.allSettled(['/a', '/b', '/c'].map(async path => connection.request({path, timeoutMs: 5000})))) {
		t.like(one, {status: 'rejected', reason: {code: 'ERR_APISERVER_UNREACHABLE'}});
	}
});

test('pooled requests share a connection, and replace a stale one', async t => {
	const server = await serve(t, (request, response) => response.end(JSON.stringify({method: request.method})));
	const cluster = await server.cluster();
	for (let i = 0; i < 5; i++) {
		t.deepEqual(await cluster.json({path: '/'}), {method: 'GET'});
	}

	t.is(server.connections(), 1);
	for (const socket of server.sockets) {
		socket.destroy();
	}

	t.deepEqual(await cluster.json({path: '/'}), {method: 'GET'});
	t.is(server.connections(), 2);
	t.deepEqual(
		await Promise.all(Array.from({length: 40}, async () => cluster.json({path: '/'}))),
		Array.from({length: 40}, () => ({method: 'GET'})),
	);
	cluster.close();
	await until(() => server.sockets.size === 0, server.sockets);
});

test('a released connection serves reads and requests, but no other stream', async t => {
	const server = await serve(t, reply(200, '{}'));
	const cluster = await server.cluster();
	const stream = await cluster.connect();
	await text((await stream.request({path: '/log'})).body);
	stream.release();
	stream.close();
	stream.release();
	t.false(stream.usable, 'its owner can do nothing more');
	await cluster.json({path: '/'});
	t.is(server.connections(), 1);
	const other = await cluster.connect();
	t.not(other.id, stream.id);
	await text((await other.request({path: '/log'})).body);
	t.is((await cluster.connect({canReuseReleased: true})).id, stream.id);
	t.is(server.connections(), 2);
});

test('a released connection that nobody uses is closed', async t => {
	const server = await serve(t, reply(200, '{}'));
	const stream = await (await server.cluster()).connect();
	await text((await stream.request({path: '/log'})).body);
	stream.release();
	t.is(server.sockets.size, 1);
	await until(() => server.sockets.size === 0, server.sockets);
	await t.throwsAsync(stream.request({path: '/log'}), {message: 'the connection has another owner'});
});

test('release closes a connection whose response is pending', async t => {
	const server = await serve(t, () => {});
	const cluster = await server.cluster();
	const stream = await cluster.connect();
	const responding = stream.request({path: '/log'});
	stream.release();
	await t.throwsAsync(responding);
	t.false(stream.usable);
	cluster.close();
});

test('closes the pooled connection of an aborted request', async t => {
	const server = await serve(t, (_request, response) => response.end('{}'));
	const cluster = await server.cluster();
	await cluster.json({path: '/'});
	await delay(20);
	await t.throwsAsync(cluster.request({path: '/', signal: AbortSignal.abort()}), {any: true});
	cluster.close();
	await until(() => server.sockets.size === 0, server.sockets);
	t.is(server.connections(), 1);
});

test('a GET that times out on a pooled connection is not repeated', async t => {
	const paths: string[] = [];
	const server = await serve(t, (request, response) => {
		paths.push(request.url!);
		if (request.url === '/') {
			response.end('{}');
		}
	});
	const cluster = await server.cluster();
	await cluster.json({path: '/'});
	await t.throwsAsync(cluster.request({path: '/silent', timeoutMs: 300}), {code: 'ERR_APISERVER_TIMEOUT'});
	t.deepEqual(paths, ['/', '/silent']);
	t.is(server.connections(), 1);
});

test('waits for Retry-After of a 429 and a 503', async t => {
	const times: number[] = [];
	const answer = inTurn(reply(429, '', {'retry-after': '1'}), reply(503, '', {'retry-after': '0'}), '{}');
	const cluster = await clusterThat(t, (...request) => {
		times.push(Date.now());
		answer(...request);
	});
	await cluster.json({path: '/'});
	t.is(times.length, 3);
	t.true(times[1]! - times[0]! >= 990);
});

test('returns the response when Retry-After is too long', async t => {
	const cluster = await clusterThat(t, reply(429, '', {'retry-after': '3600'}));
	t.is((await cluster.request({path: '/'})).status, 429);
});

for (const kind of ['request', 'json'] as const) {
	test(`wholeTimeoutMs of ${kind} limits all tries together`, async t => {
		const cluster = await clusterThat(t, reply(429, '', {'retry-after': '1'}));
		await t.throwsAsync(cluster[kind]({path: '/', wholeTimeoutMs: 300}), {code: 'ERR_APISERVER_TIMEOUT'});
	});
}

test('an anonymous request sends no credentials, on its own connection', async t => {
	const seen: Array<{authorization: string | null; impersonating: string[]; port: number | undefined}> = [];
	const server = await serve(t, (request, response) => {
		const {authorization, ...headers} = request.headers;
		seen.push({
			authorization: authorization ?? null,
			impersonating: Object.keys(headers).filter(name => name.startsWith('impersonate')),
			port: request.socket.remotePort,
		});
		response.end('{}');
	});
	const cluster = await server.cluster({user: {token: 'secret-token', as: 'eve'}});
	await cluster.json({path: '/'});
	await text((await cluster.anonymous({path: '/'})).body);
	t.deepEqual(
		seen.map(({authorization, impersonating}) => [authorization, impersonating]),
		[
			['Bearer secret-token', ['impersonate-user']],
			[null, []],
		],
	);
	t.not(seen[0]!.port, seen[1]!.port);
});

test.serial('socket facts describe this handshake, whatever the environment says', async t => {
	t.teardown(() => {
		delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
	});
	const server = await serve(t, reply(200, '{}'));
	const cluster = await server.cluster();
	for (let i = 0; i < 3; i++) {
		const connection = await cluster.connect();
		const {tls} = connection.facts;
		connection.close();
		t.like(tls, {
			verified: true,
			skippedBy: null,
			protocol: 'TLSv1.3',
			serverName: '127.0.0.1',
			trust: 'kubeconfig-ca',
			peer: {subject: 'CN=scripted', issuer: 'CN=scripted-ca'},
		});
		t.regex(tls!.peer!.spkiSha256, /^[\da-f]{64}$/);
		t.is(tls!.peer!.chainSpkiSha256.length, 2);
	}

	const skipping = await (await server.cluster({cluster: {'certificate-authority-data': '', 'insecure-skip-tls-verify': true}})).connect();
	skipping.close();
	t.like(skipping.facts.tls, {verified: false, skippedBy: 'insecure-skip-tls-verify', peer: {subject: 'CN=scripted'}});

	process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
	const other = await serve(t);
	await t.throwsAsync((await server.cluster({cluster: {server: other.url}})).connect(), {
		code: 'ERR_APISERVER_TLS',
		message: /signed by unknown authority/,
	});
});

test('presents a renewed client certificate on the next connection, and retries after a 401', async t => {
	const root = await authority('client-ca');
	const [first, second] = await Promise.all([
		issue({commonName: 'first', usage: 'client'}, root),
		issue({commonName: 'second', usage: 'client'}, root),
	]);
	const seen: string[] = [];
	let welcome = 'first';
	const server = await serve(
		t,
		(request, response) => {
			const {CN: name} = (request.socket as TLSSocket).getPeerCertificate().subject;
			seen.push(String(name));
			response.statusCode = name === welcome ? 200 : 401;
			response.end('{}');
		},
		{requestCert: true, rejectUnauthorized: false},
	);
	const [certificate, key] = [join(server.folder, 'c'), join(server.folder, 'k')];
	const put = async (pair: typeof first) => Promise.all([writeFile(certificate, pair.certificate), writeFile(key, pair.key)]);
	await put(first);
	const cluster = await server.cluster({user: {'client-certificate': certificate, 'client-key': key}});
	await cluster.json({path: '/'});
	welcome = 'second';
	await put(second);
	// Files are reread at most once a second.
	await delay(1100);
	await cluster.json({path: '/'});
	t.deepEqual(seen, ['first', 'second']);
	t.is(server.connections(), 2);
});

test('a 401 names the expiry of the client certificate for every kind of request', async t => {
	const ended = await issue(
		{commonName: 'ada', usage: 'client', notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-02-01T00:00:00Z')},
		await authority(),
	);
	const server = await serve(t, refuse(401, 'Unauthorized', 'Unauthorized'), {
		upgrade: (_, socket) => refuseUpgrade(socket, {status: 401, body: JSON.stringify(statusObject(401, 'Unauthorized', 'Unauthorized'))}),
		requestCert: true,
		rejectUnauthorized: false,
	});
	const data = (pem: string) => Buffer.from(pem).toString('base64');
	const user = {'client-certificate-data': data(ended.certificate), 'client-key-data': data(ended.key)};
	const cluster = await server.cluster({user});
	const pod = {namespace: 'demo', uid: null, node: null, container: 'web'};
	const target: ResolvedTarget = {...pod, asked: 'web', kind: 'Pod', name: 'web', chosenFrom: 1};
	const told = {
		code: 'ERR_CREDENTIALS',
		message: 'the apiserver does not accept your credentials: Unauthorized; your client certificate expired at 2026-02-01T00:00:00Z',
	} as const;
	await t.throwsAsync(cluster.json({path: '/api/v1/namespaces/demo/pods/web'}), told);
	await t.throwsAsync(listAll(cluster, {path: '/api/v1/pods'}), told);
	await t.throwsAsync(openTunnel(cluster, target), told);
	await t.throwsAsync(openLog(cluster, {...pod, pod: 'web'}, {}, {target}), told);
	await t.throwsAsync(openRemoteCommand(cluster, {feature: 'exec', target, command: ['true'], stdin: false, tty: false}), told);

	// The server may have rejected the token.
	const both = await server.cluster({user: {...user, token: 'secret-token'}});
	await t.throwsAsync(both.json({path: '/'}), {message: 'the apiserver does not accept your credentials: Unauthorized'});
});
