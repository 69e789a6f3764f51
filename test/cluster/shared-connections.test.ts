import {once} from 'node:events';
import type {Http2ServerResponse, ServerHttp2Session} from 'node:http2';
import {writeFile} from 'node:fs/promises';
import {createServer, type AddressInfo, type Socket} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {wasNotProcessed} from '../../source/cluster/transport/response-body.ts';
import {type ByHand, serve} from '../support/api-server.ts';
import {issue} from '../support/certificates.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {startTcpCutter} from '../support/tcp-cutter.ts';
import {until} from '../support/until.ts';

const overHttp2 = async (t: ExecutionContext, answer?: ByHand) => serve(t, answer, {http2: true});
const shared = async (cluster: ClusterClient) => cluster.connect({canShare: true});
const http2 = (response: unknown) => response as Http2ServerResponse;
const allShared = async (cluster: ClusterClient, count: number) => Promise.all(Array.from({length: count}, async () => shared(cluster)));

function* flood() {
	for (;;) {
		yield Buffer.alloc(64 * 1024);
	}
}

/** Resolves to `end` if the body ended, otherwise to the message of its error. */
async function endOf(body: Readable): Promise<string> {
	const ended = Promise.race([
		once(body, 'end').then(() => 'end'),
		once(body, 'close').then(() => body.errored?.message ?? 'closed'),
	]).catch((error: unknown) => (error as Error).message);
	body.resume();
	return ended;
}

test('fifty clients share one connection, and each receives its own response', async t => {
	const server = await overHttp2(t, (request, response) =>
		setTimeout(() => response.end(`${request.method} ${request.url} ${request.headers.authorization}`), Math.random() * 20),
	);
	const connections = await allShared(await server.cluster(), 50);
	const texts = await Promise.all(connections.map(async (one, index) => text((await one.request({path: `/${index}`})).body)));
	t.deepEqual(
		texts,
		connections.map((_, index) => `GET /${index} Bearer secret-token`),
	);
	t.is(server.connections(), 1);
	t.is(new Set(connections.map(({id}) => id)).size, 50);
	t.is(new Set(connections.map(({facts}) => facts.tls?.peer)).size, 1);
	t.true(connections[49]!.facts.tls?.verified);
});

test('the fifty-first client gets a second connection', async t => {
	const server = await overHttp2(t);
	await allShared(await server.cluster(), 51);
	t.is(server.connections(), 2);
});

test('no more clients share a connection than the server allows streams', async t => {
	const server = await serve(t, (_, response) => response.end('x'), {http2: true, settings: {maxConcurrentStreams: 2}});
	const connections = await allShared(await server.cluster(), 5);
	await Promise.all(connections.map(async one => text((await one.request({path: '/'})).body)));
	t.is(server.connections(), 3);
});

for (const [why, carrier, environment] of [
	['the server speaks only HTTP/1.1', {}, {}],
	['the server allows no streams', {http2: true, settings: {maxConcurrentStreams: 0}}, {}],
	['DISABLE_HTTP2 is set', {http2: true}, {DISABLE_HTTP2: 'x'}],
] as const) {
	test(`connections are not shared if ${why}`, async t => {
		const ports: unknown[] = [];
		const server = await serve(
			t,
			(request, response) => {
				ports.push(`${request.httpVersion} ${request.socket.remotePort}`);
				response.end('own');
			},
			carrier,
		);
		const cluster = await server.cluster({environment});
		const [first, second] = [await shared(cluster), await shared(cluster)];
		t.is(await text((await first.request({path: '/'})).body), 'own');
		t.is(await text((await second.request({path: '/'})).body), 'own');
		t.is(new Set(ports).size, 2);
		t.true(ports.every(port => String(port).startsWith('1.1 ')));
	});
}

test('the connection closes with its last client', async t => {
	const server = await overHttp2(t, (_, response) => response.end('x'));
	const [first, second] = await allShared(await server.cluster(), 2);
	await text((await first!.request({path: '/'})).body);
	first!.release();
	t.false(first!.usable);
	t.is(await text((await second!.request({path: '/'})).body), 'x');
	t.is(server.sockets.size, 1);
	second!.close();
	await until(() => server.sockets.size === 0);
});

test('a reader that pauses does not delay the others', async t => {
	const server = await overHttp2(t, (request, response) => {
		if (request.url === '/flood') {
			Readable.from(flood()).pipe(response);
		} else {
			response.end('x');
		}
	});
	const connections = await allShared(await server.cluster(), 50);
	const floods = connections.slice(0, 49);
	const bodies = await Promise.all(floods.map(async one => (await one.request({path: '/flood'})).body));
	await until(() => bodies.every(({readableLength}) => readableLength > 0));
	t.is(await text((await connections[49]!.request({path: '/'})).body), 'x');
	t.is(server.connections(), 1);
});

test('an abort ends one response, and the next client gets another connection', async t => {
	const responses: Http2ServerResponse[] = [];
	const server = await overHttp2(t, (_, response) => {
		responses.push(http2(response));
		response.write('first');
	});
	const cluster = await server.cluster();
	const [aborted, other] = await allShared(cluster, 2);
	const controller = new AbortController();
	const first = await aborted!.request({path: '/', signal: controller.signal});
	const second = await other!.request({path: '/'});
	controller.abort(new Error('enough'));
	t.is(await endOf(first.body), 'enough');
	t.false(aborted!.usable);
	await until(() => responses[0]!.stream.destroyed);
	t.is(responses[0]!.stream.rstCode, 8);
	responses[1]!.end(' and last');
	t.is(await text(second.body), 'first and last');
	await shared(cluster);
	t.is(server.connections(), 2);
});

test('a timeout fails only the client that sent the request', async t => {
	const server = await overHttp2(t, (request, response) => {
		if (request.url === '/') {
			response.end('x');
		}
	});
	const [slow, other] = await allShared(await server.cluster(), 2);
	await t.throwsAsync(slow!.request({path: '/silent', timeoutMs: 50}), {code: 'ERR_APISERVER_TIMEOUT', message: /within 0\.05 s$/});
	t.false(slow!.usable);
	t.is(await text((await other!.request({path: '/'})).body), 'x');
});

for (const [how, interrupt] of [
	['its socket is closed', (_: Http2ServerResponse, [socket]: readonly Socket[]) => socket!.destroy()],
	['the server ends the connection', ({stream}: Http2ServerResponse) => stream.session!.destroy()],
	['the server resets the stream', ({stream}: Http2ServerResponse) => stream.close(2)],
	['the server cancels the stream', ({stream}: Http2ServerResponse) => stream.close(8)],
	['the server resets the stream without an error', ({stream}: Http2ServerResponse) => stream.close(0)],
	['the server ends the connection with an error', ({stream}: Http2ServerResponse) => stream.session!.destroy(undefined, 2)],
] as const) {
	test(`a body fails instead of ending when ${how}`, async t => {
		const responses: Http2ServerResponse[] = [];
		const server = await overHttp2(t, (_, response) => {
			responses.push(http2(response));
			response.write('half a li');
		});
		const connection = await shared(await server.cluster());
		const {body, endsByClose} = await connection.request({path: '/'});
		t.false(endsByClose);
		await until(() => body.readableLength > 0);
		const end = endOf(body);
		interrupt(responses[0]!, [...server.sockets]);
		t.not(await end, 'end');
	});
}

test('a request fails as unreachable when the connection closes before its response', async t => {
	const server = await overHttp2(t, (_, response) => http2(response).stream.session!.destroy());
	const connection = await shared(await server.cluster());
	await t.throwsAsync(connection.request({path: '/'}), {code: 'ERR_APISERVER_UNREACHABLE'});
	t.false(connection.usable);
});

test('after GOAWAY a response continues, and the next client gets another connection', async t => {
	const sessions: ServerHttp2Session[] = [];
	const responses: Http2ServerResponse[] = [];
	const server = await serve(
		t,
		(_, response) => {
			responses.push(http2(response));
			response.write('before');
		},
		{http2: true, session: one => sessions.push(one)},
	);
	const cluster = await server.cluster();
	const connection = await shared(cluster);
	const {body} = await connection.request({path: '/'});
	sessions[0]!.goaway(0);
	await until(() => !connection.usable);
	await shared(cluster);
	t.is(sessions.length, 2);
	responses[0]!.end(' and after');
	t.is(await text(body), 'before and after');
});

test('sends every value of a repeated header, and no Host header', async t => {
	const server = await overHttp2(t, (request, response) =>
		response.end(JSON.stringify([request.rawHeaders.filter(name => /host|group/i.test(name)), request.headers])),
	);
	const cluster = await server.cluster({flags: ['--as', 'jane', '--as-group', 'a', '--as-group', 'b']});
	const connection = await shared(cluster);
	const [names, headers] = JSON.parse(await text((await connection.request({path: '/'})).body)) as [string[], Record<string, string>];
	t.deepEqual(names, ['impersonate-group', 'impersonate-group']);
	t.is(headers['impersonate-group'], 'a, b');
	t.is(headers['impersonate-user'], 'jane');
	t.is(headers[':authority'], server.url.slice('https://'.length));
});

test('a shared connection rejects malformed requests and upgrades', async t => {
	const server = await overHttp2(t, (_, response) => response.end('x'));
	const connection = await shared(await server.cluster());
	await t.throwsAsync(connection.request({path: '/a b'}), {instanceOf: TypeError});
	await t.throwsAsync(connection.request({path: '/', headers: {Accept: 'a\r\nX: b'}}), {instanceOf: TypeError});
	await t.throwsAsync(connection.upgrade({method: 'GET', path: '/', upgrade: 'websocket', protocols: ['a']}), {instanceOf: TypeError});
	t.is(await text((await connection.request({path: '/'})).body), 'x');
});

test('a server that the CA did not sign is refused before a request', async t => {
	let requests = 0;
	const other = await serve(t);
	const server = await overHttp2(t, () => requests++);
	const cluster = await server.cluster({cluster: {'certificate-authority-data': Buffer.from(other.ca).toString('base64')}});
	await t.throwsAsync(shared(cluster), {code: 'ERR_APISERVER_TLS'});
	t.is(requests, 0);
});

test('a plugin whose certificate is always new gets a connection of its own', async t => {
	const server = await overHttp2(t, (_, response) => response.end('own'));
	const {certificate, key} = await issue({commonName: 'jane', usage: 'client'});
	const credential = {
		apiVersion: 'client.authentication.k8s.io/v1',
		kind: 'ExecCredential',
		status: {clientCertificateData: certificate, clientKeyData: key, expirationTimestamp: '2020-01-01T00:00:00Z'},
	};
	const plugin = join(server.folder, 'plugin');
	await writeFile(plugin, `#!/bin/sh\ncat <<'END'\n${JSON.stringify(credential)}\nEND\n`, {mode: 0o755});
	const exec = {apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never'};
	const connection = await shared(await server.cluster({user: {exec}}));
	t.is(await text((await connection.request({path: '/'})).body), 'own');
	t.true(server.connections() <= 2);
});

test('an abort of all that wait ends the opening at once', async t => {
	const sockets: Socket[] = [];
	const silent = createServer(socket => sockets.push(socket.on('error', () => {}).resume()));
	await listenOnLoopback(silent);
	const server = await overHttp2(t);
	t.teardown(() => silent.close());
	const {port} = silent.address() as AddressInfo;
	const cluster = await server.cluster({cluster: {server: `https://127.0.0.1:${port}`}});
	const controller = new AbortController();
	const connecting = Array.from({length: 2}, async () => cluster.connect({canShare: true, signal: controller.signal}));
	await until(() => sockets.length === 1);
	controller.abort(new Error('enough'));
	for (const one of connecting) {
		await t.throwsAsync(one, {message: 'enough'});
	}

	await until(() => sockets[0]!.destroyed);
});

test('a connection that does not respond gets no new client', async t => {
	const server = await overHttp2(t, (_, response) => response.write('x'));
	const cutter = await startTcpCutter(`127.0.0.1:${server.port}`);
	t.teardown(async () => cutter.stop());
	const cluster = await server.cluster({cluster: {server: `https://${cutter.address}`}});
	await (await shared(cluster)).request({path: '/'});
	cutter.swallow(true);
	await delay(2500);
	const connecting = shared(cluster);
	// After the timeout of the ping.
	await delay(3100);
	cutter.swallow(false);
	await connecting;
	t.is(server.connections(), 2);
});

test('a request that the server refused without processing it is marked', async t => {
	const server = await overHttp2(t, (_, response) => http2(response).stream.close(7));
	const connection = await shared(await server.cluster());
	t.true(wasNotProcessed(await t.throwsAsync(connection.request({path: '/'}), {code: 'ERR_APISERVER_UNREACHABLE'})));
});

test.serial('closing does not wait for a server that no longer responds', async t => {
	const server = await overHttp2(t, (_, response) => response.write('x'));
	const cutter = await startTcpCutter(`127.0.0.1:${server.port}`);
	t.teardown(async () => cutter.stop());
	const cluster = await server.cluster({cluster: {server: `https://${cutter.address}`}});
	const connection = await shared(cluster);
	await connection.request({path: '/'});
	cutter.swallow(true);
	const before = openSockets();
	connection.close();
	await until(() => openSockets() < before);
	t.pass();
});

/** Of this process, which serves as well. */
function openSockets(): number {
	return process.getActiveResourcesInfo().filter(one => one === 'TCPSocketWrap').length;
}

test('lines in quick succession are read together', async t => {
	const lines = 200;
	const server = await overHttp2(t, async (_, opened) => {
		const response = http2(opened);
		response.write('begin\n');
		// No pause begins within 1 s of a request.
		await delay(1100);
		for (let line = 0; line < lines; line++) {
			response.write(`${line}\n`);
			await delay(1);
		}

		response.end();
	});
	const {body} = await (await shared(await server.cluster())).request({path: '/'});
	let text = '';
	let turns = 0;
	let isNewTurn = true;
	body.on('data', (chunk: Buffer) => {
		text += String(chunk);
		turns += isNewTurn ? 1 : 0;
		isNewTurn = false;
		setImmediate(() => {
			isNewTurn = true;
		});
	});
	await once(body, 'end');
	t.is(text, ['begin', ...Array.from({length: lines}, (_, line) => line), ''].join('\n'));
	t.true(turns < lines / 2, `${turns} event loop turns`);
});
