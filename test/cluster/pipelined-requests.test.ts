import {setImmediate as turn, setTimeout as delay} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import type {Connection} from '../../source/cluster/connection.ts';
import {startServer, textOf, type Scripted} from '../support/api-server.ts';
import {toBytes} from '../support/byte-server.ts';

async function connected(t: ExecutionContext, scripted: Scripted): Promise<Connection> {
	const server = await startServer(scripted);
	t.teardown(async () => server.close());
	return (await server.cluster()).connect();
}

const answerOf = (body: string, head = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${head}\r\n${body}`;

test('sends all requests before the first response, with the user’s credentials', async t => {
	const connection = await toBytes(t, (all, socket) => {
		// Waits for the third request, so a client that waits for responses fails.
		if (all.includes('GET /c ')) {
			socket.write(['a', 'b', 'c'].map(name => answerOf(name)).join(''));
		}
	});
	const answers = await Promise.all(['/a', '/b', '/c'].map(async path => connection.pipelined({path, timeoutMs: 10_000})));
	t.deepEqual(await Promise.all(answers.map(async ({body}) => textOf(body))), ['a', 'b', 'c']);
	t.true(connection.usable);
	t.is(answers[2]!.connection.id, connection.id);
});

test('pipelines over TLS in order on one socket, then upgrades', async t => {
	const seen: string[] = [];
	const connection = await connected(t, {
		async request(request, response) {
			seen.push(`${request.url} ${request.headers.authorization} ${request.headers['user-agent']?.split('/', 1)[0]}`);
			await delay(request.url === '/slow' ? 50 : 0);
			response.statusCode = request.url === '/none' ? 404 : 200;
			response.end('x'.repeat(request.url === '/large' ? 300_000 : 3));
		},
		upgrade(request, socket) {
			seen.push(`${request.method} ${request.url}`);
			socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
		},
	});
	const asked = ['/slow', '/large', '/none'].map(async path => {
		const {status, body} = await connection.pipelined({path});
		const text = await textOf(body);
		return [status, text.length];
	});
	const outcome = connection.upgrade({method: 'POST', path: '/up', upgrade: 'SPDY/3.1', protocols: []});
	t.deepEqual(await Promise.all(asked), [
		[200, 3],
		[200, 300_000],
		[404, 3],
	]);
	t.true((await outcome).upgraded);
	t.deepEqual(seen, ['/slow Bearer secret-token spoke', '/large Bearer secret-token spoke', '/none Bearer secret-token spoke', 'POST /up']);
});

test('queues after another request, and still gets a response', async t => {
	const connection = await connected(t, {request: (request, response) => response.end(request.url)});
	const first = connection.request({path: '/first'});
	const asked = connection.pipelined({path: '/asked'});
	t.is(await textOf((await first).body), '/first');
	t.is(await textOf((await asked).body), '/asked');
	t.true(connection.usable);
});

test('a timeout counts from the previous response, and closes the connection', async t => {
	const connection = await toBytes(t, (all, socket) => {
		if (all.includes('GET /b ')) {
			setTimeout(() => socket.write(answerOf('a')), 400);
		}
	});
	const [first, second] = await Promise.allSettled([
		connection.pipelined({path: '/a', timeoutMs: 0}),
		connection.pipelined({path: '/b', timeoutMs: 200}),
	]);
	t.is(first.status, 'fulfilled');
	t.like(second, {status: 'rejected', reason: {code: 'ERR_APISERVER_TIMEOUT'}});
	t.false(connection.usable);
});

test('the time for a whole response counts from the previous one, and limits a slow body', async t => {
	const late = await toBytes(t, (all, socket) => {
		if (all.includes('GET /b ')) {
			setTimeout(() => socket.write(answerOf('a') + answerOf('b')), 600);
		}
	});
	const both = await Promise.all([late.pipelined({path: '/a'}), late.pipelined({path: '/b', wholeTimeoutMs: 200})]);
	t.deepEqual(await Promise.all(both.map(async ({body}) => textOf(body))), ['a', 'b']);

	const slow = await toBytes(t, (_, socket) => {
		socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
		const drip = setInterval(() => socket.write('x'), 20);
		socket.once('close', () => {
			clearInterval(drip);
		});
	});
	await t.throwsAsync(slow.pipelined({path: '/a', wholeTimeoutMs: 200}), {code: 'ERR_APISERVER_TIMEOUT'});
	t.false(slow.usable);
});

test('a busy process does not time out a response that takes a few turns of its event loop', async t => {
	const connection = await connected(t, {
		async request(_, response) {
			for (let turns = 0; turns < 4; turns++) {
				Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
				await turn();
			}

			response.end('late');
		},
	});
	const {body} = await connection.pipelined({path: '/a', timeoutMs: 200});
	t.is(await textOf(body), 'late');
});

test('an abort, an interruption or invalid data fails every pending request', async t => {
	const aborted = await toBytes(t, () => undefined);
	const abort = new AbortController();
	const both = Promise.allSettled([aborted.pipelined({path: '/a'}), aborted.pipelined({path: '/b', signal: abort.signal})]);
	await delay(20);
	abort.abort(new Error('enough'));
	const [bystander, itself] = await both;
	t.like(bystander, {status: 'rejected', reason: {code: 'ERR_APISERVER_UNREACHABLE'}});
	t.like(itself, {status: 'rejected', reason: {message: 'enough'}});

	const late = await toBytes(t, () => undefined);
	const [other, own] = await Promise.allSettled([
		late.pipelined({path: '/a'}),
		late.pipelined({path: '/b', signal: AbortSignal.timeout(20)}),
	]);
	t.like(other, {status: 'rejected', reason: {code: 'ERR_APISERVER_UNREACHABLE'}});
	t.like(own, {status: 'rejected', reason: {name: 'TimeoutError'}});

	const cut = await toBytes(t, (_, socket) => socket.destroy());
	await t.throwsAsync(cut.pipelined({path: '/a'}), {
		code: 'ERR_APISERVER_UNREACHABLE',
		message: /was lost: (EOF|connection reset by peer)/,
	});
	const rubbish = await toBytes(t, (_, socket) => socket.write('SSH-2.0-OpenSSH\r\n\r\n'));
	await t.throwsAsync(rubbish.pipelined({path: '/a'}), {code: 'ERR_PROTOCOL'});
	t.false(rubbish.usable);
});

test('a response that closes the connection is complete, and the next request fails', async t => {
	const closing = await toBytes(t, (_, socket) => socket.end(answerOf('a', 'Connection: close\r\n')));
	t.is(await textOf((await closing.pipelined({path: '/a'})).body), 'a');
	t.false(closing.usable);
	await t.throwsAsync(closing.pipelined({path: '/b'}), {code: 'ERR_APISERVER_UNREACHABLE'});
	const untilEnd = await toBytes(t, (_, socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nto the end'));
	t.is(await textOf((await untilEnd.pipelined({path: '/a'})).body), 'to the end');
});

test('closes the connection when the server sends an extra response', async t => {
	for (const more of ['HTTP/1.1 200', answerOf('b')]) {
		const connection = await toBytes(t, (_, socket) => socket.write(answerOf('a') + more));
		t.is(await textOf((await connection.pipelined({path: '/a'})).body), 'a');
		await t.throwsAsync(connection.request({path: '/b', timeoutMs: 5000}), {code: 'ERR_APISERVER_UNREACHABLE'});
	}
});

test('rejects a path or header that would split the request', async t => {
	const connection = await toBytes(t, () => undefined);
	await t.throwsAsync(connection.pipelined({path: '/a b'}), {instanceOf: TypeError});
	await t.throwsAsync(connection.pipelined({path: '/a', headers: {Accept: 'x\r\nY: z'}}), {instanceOf: TypeError});
	connection.close();
});

test('sends a repeated header once with its last value, and decompresses gzip', async t => {
	const seen: string[][] = [];
	const connection = await connected(t, {
		request(request, response) {
			seen.push(request.rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]!.toLowerCase() === 'accept'));
			response.setHeader('Content-Encoding', 'gzip');
			response.end(gzipSync('{"a":1}'));
		},
	});
	t.is(await textOf((await connection.pipelined({path: '/', headers: {accept: 'x/y'}})).body), '{"a":1}');
	t.deepEqual(seen, [['x/y']]);
	connection.close();
});
