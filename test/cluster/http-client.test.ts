import {PassThrough, Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {setImmediate as turn, setTimeout as delay} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import type {Connection} from '../../source/cluster/cluster-client.ts';
import {type ByHand, type Scripted, serve, toBytes, upgraded} from '../support/api-server.ts';
import {collected} from '../support/duplex-sides.ts';
import {until} from '../support/until.ts';

const connected = async (t: ExecutionContext, answer: ByHand, upgrade?: Scripted['upgrade']) =>
	(await serve(t, answer, {upgrade})).cluster().then(async cluster => cluster.connect());

const answerOf = (body: string, head = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${head}\r\n${body}`;

test('sends all requests before the first response, with the user’s credentials', async t => {
	const connection = await toBytes(t, (all, socket) => {
		// Waits for the third request, so a client that waits for responses fails.
		if (all.includes('GET /c ')) {
			socket.write(['a', 'b', 'c'].map(name => answerOf(name)).join(''));
		}
	});
	const answers = await Promise.all(['/a', '/b', '/c'].map(async path => connection.pipelined({path, timeoutMs: 10_000})));
	t.deepEqual(await Promise.all(answers.map(async ({body}) => text(body))), ['a', 'b', 'c']);
	t.true(connection.usable);
	t.is(answers[2]!.connection.id, connection.id);
});

test('pipelines over TLS in order on one socket, then upgrades', async t => {
	const seen: string[] = [];
	const connection = await connected(
		t,
		async (request, response) => {
			seen.push(`${request.url} ${request.headers.authorization} ${request.headers['user-agent']?.split('/', 1)[0]}`);
			await delay(request.url === '/slow' ? 50 : 0);
			response.statusCode = request.url === '/none' ? 404 : 200;
			response.end('x'.repeat(request.url === '/large' ? 300_000 : 3));
		},
		(request, socket) => {
			seen.push(`${request.method} ${request.url}`);
			socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
		},
	);
	const asked = ['/slow', '/large', '/none'].map(async path => {
		const {status, body} = await connection.pipelined({path});
		return [status, (await text(body)).length];
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
	const connection = await connected(t, (request, response) => response.end(request.url));
	const first = connection.request({path: '/first'});
	const asked = connection.pipelined({path: '/asked'});
	t.is(await text((await first).body), '/first');
	t.is(await text((await asked).body), '/asked');
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
	t.deepEqual(await Promise.all(both.map(async ({body}) => text(body))), ['a', 'b']);

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
	const connection = await connected(t, async (_, response) => {
		for (let turns = 0; turns < 4; turns++) {
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
			await turn();
		}

		response.end('late');
	});
	const {body} = await connection.pipelined({path: '/a', timeoutMs: 200});
	t.is(await text(body), 'late');
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
	t.is(await text((await closing.pipelined({path: '/a'})).body), 'a');
	t.false(closing.usable);
	await t.throwsAsync(closing.pipelined({path: '/b'}), {code: 'ERR_APISERVER_UNREACHABLE'});
	const untilEnd = await toBytes(t, (_, socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nto the end'));
	t.is(await text((await untilEnd.pipelined({path: '/a'})).body), 'to the end');
});

test('closes the connection when the server sends an extra response', async t => {
	for (const more of ['HTTP/1.1 200', answerOf('b')]) {
		const connection = await toBytes(t, (_, socket) => socket.write(answerOf('a') + more));
		t.is(await text((await connection.pipelined({path: '/a'})).body), 'a');
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
	const connection = await connected(t, (request, response) => {
		seen.push(request.rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]!.toLowerCase() === 'accept'));
		response.setHeader('Content-Encoding', 'gzip');
		response.end(gzipSync('{"a":1}'));
	});
	t.is(await text((await connection.pipelined({path: '/', headers: {accept: 'x/y'}})).body), '{"a":1}');
	t.deepEqual(seen, [['x/y']]);
	connection.close();
});

test('pipelines again after another request has ended', async t => {
	const connection = await toBytes(t, (all, socket) => {
		// Waits for the third request, so a client that waits for responses fails.
		if (all.includes('GET /c ')) {
			socket.write(['b', 'c'].map(name => answerOf(name)).join(''));
		} else if (!all.includes('GET /b ')) {
			socket.write(answerOf('a'));
		}
	});
	t.is(await text((await connection.request({path: '/a'})).body), 'a');
	const answers = await Promise.all(['/b', '/c'].map(async path => connection.pipelined({path, timeoutMs: 10_000})));
	t.deepEqual(await Promise.all(answers.map(async ({body}) => text(body))), ['b', 'c']);
});

test('a request behind pipelined ones is not sent before their responses', async t => {
	let seen = '';
	const connection = await toBytes(t, (all, socket) => {
		seen = all;
		if (all.includes('POST /b ')) {
			socket.write(answerOf('b'));
		} else {
			setTimeout(() => socket.write(answerOf('a')), 50);
		}
	});
	const first = connection.pipelined({path: '/a'}).then(() => seen);
	// Its own time begins after the pipelined response.
	const second = connection.request({method: 'POST', path: '/b', body: 'x', timeoutMs: 5000});
	t.notRegex(await first, /POST/);
	t.is(await text((await second).body), 'b');
});

test('a response has no body when it answers HEAD', async t => {
	const connection = await toBytes(t, (all, socket) =>
		socket.write(all.includes('GET') ? answerOf('b') : 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'),
	);
	const {headers, body} = await connection.request({method: 'HEAD', path: '/a'});
	t.is(headers['content-length'], '5');
	t.is(await text(body), '');
	t.is(await text((await connection.request({path: '/b'})).body), 'b');
});

test('fails when the server switches protocols without an upgrade request', async t => {
	for (const send of [
		async (connection: Connection) => connection.request({path: '/'}),
		async (connection: Connection) => connection.pipelined({path: '/'}),
		async (connection: Connection) => connection.request({method: 'POST', path: '/', body: 'x'}),
	]) {
		const connection = await toBytes(t, (_, socket) =>
			socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
		);
		await t.throwsAsync(send(connection), {code: 'ERR_PROTOCOL', message: /without an upgrade request/});
		t.false(connection.usable);
	}
});

test('bytes after a 101 belong to the new protocol, wherever they are split', async t => {
	const answer =
		'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nfirst';
	for (let cut = 0; cut < answer.length; cut++) {
		const connection = await toBytes(t, async (all, socket) => {
			if (all.endsWith('\r\n\r\n')) {
				socket.write(answer.slice(0, cut));
				await turn();
				socket.end(answer.slice(cut));
			}
		});
		const {socket} = await upgraded(connection.upgrade({method: 'POST', path: '/', upgrade: 'SPDY/3.1', protocols: []}));
		t.is(await text(socket), 'first', `cut at ${cut}`);
	}
});

test('an upgraded socket is paused, and its next reader gets everything', async t => {
	for (const over of ['TCP', 'TLS'] as const) {
		const connection = await toBytes(
			t,
			(_, socket) => {
				socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
				setTimeout(() => socket.write('later'), 20);
			},
			over,
		);
		const {socket} = await upgraded(connection.upgrade({method: 'POST', path: '/', upgrade: 'SPDY/3.1', protocols: []}));
		await delay(100);
		t.true(socket.isPaused());
		const read = collected(socket.resume());
		await until(() => String(read()) === 'later', read);
		socket.destroy();
	}
});

test('closes an idle connection when the server sends a response without a request', async t => {
	const connection = await toBytes(t, (_, socket) => {
		socket.write(answerOf('a'));
		setTimeout(() => socket.write(answerOf('b')), 20);
	});
	t.is(await text((await connection.request({path: '/a'})).body), 'a');
	await until(() => !connection.usable);
	t.false(connection.usable);
});

test('frames each kind of body', async t => {
	const bodyOf = async (options: Parameters<Connection['request']>[0]) => {
		let seen = '';
		const connection = await toBytes(t, (all, socket) => {
			seen = all;
			if (all.endsWith('\r\n\r\n') || all.endsWith('end')) {
				socket.write(answerOf('a'));
			}
		});
		await text((await connection.request(options)).body);
		connection.close();
		const [head = '', ...body] = seen.split('\r\n\r\n');
		return [/^(content-length|transfer-encoding): .*$/im.exec(head)?.[0], body.join('\r\n\r\n')];
	};

	t.deepEqual(await bodyOf({path: '/'}), [undefined, '']);
	t.deepEqual(await bodyOf({method: 'POST', path: '/'}), ['Content-Length: 0', '']);
	t.deepEqual(await bodyOf({method: 'DELETE', path: '/', body: 'the end'}), ['Content-Length: 7', 'the end']);
	t.deepEqual(await bodyOf({method: 'PUT', path: '/', body: Readable.from([Buffer.from('ab'), Buffer.alloc(0), Buffer.alloc(17, 'c')])}), [
		'Transfer-Encoding: chunked',
		`2\r\nab\r\n11\r\n${'c'.repeat(17)}\r\n0\r\n\r\n`,
	]);
	const known = {'content-length': '7'};
	t.deepEqual(await bodyOf({method: 'PUT', path: '/', headers: known, body: Readable.from([Buffer.from('the '), Buffer.from('end')])}), [
		'content-length: 7',
		'the end',
	]);
});

test('sends a large upload as fast as the server reads it', async t => {
	const piece = Buffer.alloc(1 << 20, 'x');
	let pulled = 0;
	let read: (() => void) | undefined;
	const connection = await connected(t, (request, response) => {
		read = () => void text(request).then(sent => response.end(String(sent.length)));
	});
	const body = new Readable({
		read() {
			pulled++;
			this.push(pulled > 64 ? null : piece);
		},
	});
	const answer = connection.request({method: 'POST', path: '/', body});
	let before = -1;
	await until(async () => {
		before = pulled;
		await delay(300);
		return read !== undefined && pulled === before;
	});
	t.true(pulled < 64, `${pulled} MiB were taken`);
	read!();
	t.is(await text((await answer).body), String(64 << 20));
});

test('a response can end before its request does, and then closes the connection', async t => {
	const connection = await toBytes(t, (_, socket) => socket.write(answerOf('no')));
	const body = new PassThrough();
	body.write('begun');
	const answer = await connection.request({method: 'POST', path: '/', body});
	t.is(await text(answer.body), 'no');
	t.false(connection.usable);
	t.false(body.destroyed);
});

test('a body that fails before its first byte is not sent', async t => {
	const seen: string[] = [];
	const connection = await toBytes(t, all => seen.push(all));
	const body = new Readable({
		read() {
			this.destroy(new Error('no such file'));
		},
	});
	await t.throwsAsync(connection.request({method: 'POST', path: '/', body}), {message: /no such file/});
	t.false(connection.usable);
	t.deepEqual(seen, []);
});
